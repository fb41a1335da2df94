/** The rows of `deno task bench` as data: what is measured, beside which peer, and the ratio to reach. */

/** A measuring process: `bench/measures/PROGRAM.ts` is ours, `bench/reference/PROGRAM.py` a peer's; both print one JSON line. */
export interface Command {
  readonly program: string;
  readonly arguments: readonly string[];
  /** What `--steps` means to it: steps to time in a run, or turns of its own two sides, of which one run is enough. */
  readonly counts?: "steps" | "turns";
  /** Whether it reads real text; `{prepared}` in its arguments is the folder that bench/measures/prepared.ts fills. */
  readonly needsText: boolean;
}

export interface Row {
  readonly row: string;
  readonly unit: string;
  /** Its name among the figures of the process, or `peak_mb`. */
  readonly figure: string;
  readonly better: "lower" | "higher";
  readonly ours: Command;
  readonly peer?: Command & {
    /** What it needs of Python. */
    readonly package: "torch" | "ctranslate2" | "tokenizers";
    /** Figures of its first run that are its arguments in the next ones: what it found to be fastest, found once. */
    readonly keeps?: readonly string[];
  };
  /**
   * The ratio to reach, ours / peer with lower better (turned round where more is better), or the figure itself where
   * there is no peer; null where none is set.
   */
  readonly bar: number | null;
  readonly aim: number | null;
}

interface Pair {
  readonly ours: Command;
  readonly peer: NonNullable<Row["peer"]>;
}

function pair(
  program: string,
  packageName: "torch" | "ctranslate2" | "tokenizers",
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
const SIZES = {
  d256: ["--width=256", "--feed-forward=1024", "--vocabulary=8000"],
  d512: ["--width=512", "--feed-forward=2048", "--vocabulary=15000"],
};
const step = (args: readonly string[], peerArgs: readonly string[] = []) =>
  pair("step", "torch", { args, peerArgs, counts: "steps", needsText: false });

const TEXT = "--prepared={prepared}";
const STUDENT = "--model={prepared}/student.safetensors";

/** Ours is the project's own search in single precision, in 8 bits the exported graph, which is what is shipped. */
function decode(precision: "float32" | "int8", part: "batch" | "single"): Pair {
  const args = [
    "--tokenizer={prepared}/tokenizer.json",
    "--source={prepared}/test.de",
    `--part=${part}`,
  ];
  const { ours, peer } = pair("decode", "ctranslate2", { args });
  const model = precision === "int8"
    ? "--model={prepared}/student-int8.onnx"
    : STUDENT;
  return {
    ours: { ...ours, arguments: [model, ...args] },
    peer: {
      ...peer,
      arguments: [STUDENT, ...args, `--precision=${precision}`],
      keeps: part === "single" ? undefined : ["batch", "inter"],
    },
  };
}

const MS_A_STEP = {
  unit: "ms a step",
  figure: "step_ms",
  better: "lower",
} as const;
const MEGABYTES = { unit: "MB", figure: "peak_mb", better: "lower" } as const;
const SHARE = {
  unit: "% of the step",
  figure: "products_percent",
  better: "higher",
} as const;

const roofline = (args: readonly string[]): Command => ({
  program: "roofline",
  arguments: args,
  counts: "turns",
  needsText: false,
});

export const ROWS: readonly Row[] = [
  { row: "step-d256", ...MS_A_STEP, ...step(SIZES.d256), bar: 0.95, aim: 0.8 },
  { row: "step-d512", ...MS_A_STEP, ...step(SIZES.d512), bar: 1.2, aim: 0.95 },
  {
    row: "step-d256-bf16",
    ...MS_A_STEP,
    ...step(SIZES.d256, ["--bf16=1"]),
    bar: null,
    aim: null,
  },
  {
    row: "step-d512-bf16",
    ...MS_A_STEP,
    ...step(SIZES.d512, ["--bf16=1"]),
    bar: null,
    aim: null,
  },
  {
    row: "training",
    unit: "target tokens/s",
    figure: "tokens_per_s",
    better: "higher",
    ...pair("training", "torch", {
      args: [...SIZES.d256, TEXT],
      counts: "steps",
    }),
    bar: 0.9,
    aim: 0.75,
  },
  {
    row: "distillation",
    ...MS_A_STEP,
    ...pair("distillation", "torch", { args: [TEXT], counts: "steps" }),
    bar: 0.5,
    aim: 0.4,
  },
  {
    row: "states",
    unit: "sentences/s",
    figure: "sentences_per_s",
    better: "higher",
    ...pair("states", "torch", { args: [TEXT] }),
    bar: 1,
    aim: 0.8,
  },
  {
    row: "protocol",
    unit: "minutes",
    figure: "minutes",
    better: "lower",
    ...pair("protocol", "torch", { args: [TEXT] }),
    bar: 0.6,
    aim: 0.45,
  },
  {
    row: "beam5",
    unit: "ms, 1,000 sentences",
    figure: "beam_ms",
    better: "lower",
    ...decode("float32", "batch"),
    bar: 1,
    aim: 0.8,
  },
  {
    row: "beam5-int8",
    unit: "ms, 1,000 sentences",
    figure: "beam_ms",
    better: "lower",
    ...decode("int8", "batch"),
    bar: 1.2,
    aim: 1,
  },
  {
    row: "latency-p50",
    unit: "ms a sentence",
    figure: "latency_p50_ms",
    better: "lower",
    ...decode("float32", "single"),
    bar: 1.2,
    aim: 1,
  },
  {
    row: "latency-p95",
    unit: "ms a sentence",
    figure: "latency_p95_ms",
    better: "lower",
    ...decode("float32", "single"),
    bar: 1.2,
    aim: 1,
  },
  {
    row: "tokenizing",
    unit: "pairs/s",
    figure: "pairs_per_s",
    better: "higher",
    ...pair("tokenizing", "tokenizers", { args: [TEXT] }),
    bar: 1.1,
    aim: null,
  },
  {
    row: "ready-d256",
    unit: "s to trace, optimise, load",
    figure: "compile_s",
    better: "lower",
    ours: step(SIZES.d256).ours,
    bar: 2,
    aim: null,
  },
  { row: "memory-d256", ...MEGABYTES, ...step(SIZES.d256), bar: 1.2, aim: 0.8 },
  { row: "memory-d512", ...MEGABYTES, ...step(SIZES.d512), bar: 1.4, aim: 1 },
  {
    row: "size-int8",
    unit: "bytes",
    figure: "bytes",
    better: "lower",
    ...decode("int8", "batch"),
    bar: 1.05,
    aim: null,
  },
  {
    row: "roofline-d256",
    ...SHARE,
    ours: roofline(SIZES.d256),
    bar: null,
    aim: 85,
  },
  {
    row: "roofline-d512",
    ...SHARE,
    ours: roofline(SIZES.d512),
    bar: null,
    aim: 85,
  },
];
