/** The measuring processes of the rows as data. */

/** A measuring process: `bench/measures/PROGRAM.ts` is ours, `bench/reference/PROGRAM.py` a peer's; both print one JSON line. */
export interface Command {
  readonly program: string;
  readonly arguments: readonly string[];
  /** What `--steps` means to it: steps to time in a run, or turns of its own two sides, of which one run is enough. */
  readonly counts?: "steps" | "turns";
  /** Whether it reads real text; `{prepared}` in its arguments is the folder that bench/text/prepared.ts fills. */
  readonly needsText: boolean;
}

export interface PeerCommand extends Command {
  /** What it needs of Python. */
  readonly package: "torch" | "ctranslate2" | "tokenizers" | "pymarian";
  /** Figures of its first run that are its arguments in the next ones: what it found to be fastest, found once. */
  readonly keeps?: readonly string[];
  /** The measuring process of ours that starts the script, and reports of it: what is timed from outside. */
  readonly by?: string;
}

export interface Pair {
  readonly ours: Command;
  readonly peer: PeerCommand;
}

export function pair(
  program: string,
  packageName: PeerCommand["package"],
  { args, peerArgs = [], counts, needsText = true }: {
    readonly args: readonly string[];
    /** Further ones of the peer. */
    readonly peerArgs?: readonly string[];
    readonly counts?: "steps";
    readonly needsText?: boolean;
  },
): Pair {
  const ours = { program, arguments: args, counts, needsText };
  const all = [...args, ...peerArgs];
  return { ours, peer: { ...ours, arguments: all, package: packageName } };
}

/** 12 layers, 8 heads, dropout 0.1, one batch of 32 sentences of 32 + 32 tokens. */
export const SIZES = {
  d256: ["--width=256", "--feed-forward=1024", "--vocabulary=8000"],
  d512: ["--width=512", "--feed-forward=2048", "--vocabulary=15000"],
};

export const step = (
  args: readonly string[],
  peerArgs: readonly string[] = [],
): Pair =>
  pair("step", "torch", { args, peerArgs, counts: "steps", needsText: false });

/** The step while others want the cores too; the peer's script is that of its own step. */
export function shared(args: readonly string[]): Pair {
  const program = "sharing/shared";
  const { ours, peer } = pair(program, "torch", {
    args: [...args, ...SIZES.d256],
    counts: "steps",
    needsText: false,
  });
  return { ours, peer: { ...peer, program: "step", by: program } };
}

export const TEXT = "--prepared={prepared}";
const STUDENT = "--model={prepared}/student.safetensors";

/** Training on real batches, beside PyTorch or Marian's own trainer. */
export function training(
  peerName: "torch" | "pymarian",
  peerArgs: readonly string[] = [],
): Pair {
  const { ours, peer } = pair("training", peerName, {
    args: [...SIZES.d256, TEXT],
    peerArgs,
    counts: "steps",
  });
  return peerName === "torch" ? { ours, peer } : {
    ours,
    peer: { ...peer, program: "trainer", keeps: ["workers", "sync"] },
  };
}

/** Recording a teacher's states. */
export function states(): Pair {
  const { ours, peer } = pair("states", "torch", { args: [TEXT] });
  return { ours, peer: { ...peer, keeps: ["batch_tokens"] } };
}

/** The same beside the same peer, ours by OpenVINO. */
export function openvino(
  { ours, peer }: Pair,
  precision: "float32" | "bfloat16" = "float32",
): Pair {
  const flags = ["--runtime=openvino", `--products=${precision}`];
  return { ours: { ...ours, arguments: [...ours.arguments, ...flags] }, peer };
}

/** Beam search of the student by the project's own search; in 8 bits also by the exported graph, as its users run it. */
export function decode(
  precision: "float32" | "int8",
  part: "batch" | "single",
  isExported = false,
): Pair {
  const { ours, peer } = pair("decode", "ctranslate2", {
    args: [
      STUDENT,
      "--tokenizer={prepared}/tokenizer.json",
      "--source={prepared}/test.source",
      `--part=${part}`,
      `--precision=${precision}`,
    ],
  });
  const exported = "--model={prepared}/student-int8.onnx";
  return {
    ours: {
      ...ours,
      arguments: ours.arguments.map((text) =>
        isExported && text === STUDENT ? exported : text
      ),
    },
    peer: {
      ...peer,
      keeps: part === "single" ? undefined : ["batch", "inter"],
    },
  };
}

/** From the command to the first translation. */
export function starting(args: readonly string[]): Pair {
  const { ours, peer } = pair("starting", "ctranslate2", {
    args: [TEXT, ...args],
  });
  return { ours, peer: { ...peer, by: "starting" } };
}

export const roofline = (args: readonly string[]): Command => ({
  program: "roofline",
  arguments: args,
  counts: "turns",
  needsText: false,
});
