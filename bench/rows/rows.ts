/** The rows of `deno task bench` as data: what is measured, beside which peer, and the ratio to reach. */
import {
  type Command,
  decode,
  openvino,
  type Pair,
  pair,
  type PeerCommand,
  roofline,
  shared,
  SIZES,
  starting,
  states,
  step,
  TEXT,
  training,
} from "./commands.ts";

export interface Row {
  readonly row: string;
  readonly unit: string;
  /** Its name among the figures of the process, or `peak_mb`. */
  readonly figure: string;
  readonly better: "lower" | "higher";
  /** Further figures that are reported beside it, where a process has them. */
  readonly also?: readonly string[];
  /** By which figure the peer's fastest setting is chosen, lower being better; its own unless given. */
  readonly settledBy?: string;
  readonly ours: Command;
  readonly peer?: PeerCommand;
  /**
   * The ratio to reach, ours / peer with lower better (turned round where more is better), or the figure itself where
   * there is no peer or `judges` says so; null where none is set.
   */
  readonly bar: number | null;
  readonly aim: number | null;
  /** What bar and aim are of; the ratio unless given, where there is a peer. */
  readonly judges?: "figure";
}

const MS_A_STEP = {
  unit: "ms a step",
  figure: "step_ms",
  better: "lower",
} as const;
const TOKENS = {
  unit: "target tokens/s",
  figure: "tokens_per_s",
  better: "higher",
} as const;
const BEAM = {
  unit: "ms, 1,000 sentences",
  figure: "beam_ms",
  better: "lower",
} as const;
const LATENCY = { unit: "ms a sentence", better: "lower" } as const;
const SHARED = {
  unit: "times its own step alone",
  figure: "times",
  better: "lower",
  judges: "figure",
  settledBy: "shared_ms",
} as const;
const START = {
  unit: "ms",
  figure: "start_ms",
  better: "lower",
  also: ["bergamot_ms"],
} as const;
const MEMORY = { unit: "MiB", figure: "peak_mb", better: "lower" } as const;
const SHARE = {
  unit: "% of the step",
  figure: "products_percent",
  better: "higher",
} as const;
const NONE = { bar: null, aim: null } as const;

/** A row beside PyTorch, and the same with ours by OpenVINO. */
function withOpenvino(row: Row & Pair): readonly Row[] {
  return [row, { ...row, row: `${row.row}-openvino`, ...openvino(row) }];
}

export const ROWS: readonly Row[] = [
  ...withOpenvino({
    row: "step-d256",
    ...MS_A_STEP,
    ...step(SIZES.d256),
    bar: 0.8,
    aim: 0.7,
  }),
  ...withOpenvino({
    row: "step-d512",
    ...MS_A_STEP,
    ...step(SIZES.d512),
    bar: 0.97,
    aim: 0.88,
  }),
  {
    row: "step-d256-bf16",
    ...MS_A_STEP,
    ...openvino(step(SIZES.d256, ["--bf16=1"]), "bfloat16"),
    ...NONE,
  },
  {
    row: "step-d512-bf16",
    ...MS_A_STEP,
    ...openvino(step(SIZES.d512, ["--bf16=1"]), "bfloat16"),
    ...NONE,
  },
  ...withOpenvino({
    row: "training",
    ...TOKENS,
    ...training("torch"),
    bar: 0.8,
    aim: 0.7,
  }),
  {
    row: "training-bf16",
    ...TOKENS,
    ...openvino(training("torch", ["--bf16=1"]), "bfloat16"),
    ...NONE,
  },
  { row: "trainer", ...TOKENS, ...training("pymarian"), ...NONE },
  ...withOpenvino({
    row: "distillation",
    ...MS_A_STEP,
    ...pair("distillation", "torch", { args: [TEXT], counts: "steps" }),
    bar: 0.42,
    aim: 0.35,
  }),
  ...withOpenvino({
    row: "states",
    unit: "sentences/s",
    figure: "sentences_per_s",
    better: "higher",
    ...states(),
    bar: 0.7,
    aim: 0.6,
  }),
  ...withOpenvino({
    row: "protocol",
    unit: "minutes",
    figure: "minutes",
    better: "lower",
    ...pair("protocol", "torch", { args: [TEXT] }),
    bar: 0.5,
    aim: 0.4,
  }),
  {
    row: "beam5",
    ...BEAM,
    ...decode("float32", "batch"),
    bar: 0.95,
    aim: 0.8,
  },
  {
    row: "beam5-int8",
    ...BEAM,
    ...decode("int8", "batch"),
    bar: 0.95,
    aim: 0.75,
  },
  {
    row: "beam5-exported",
    ...BEAM,
    ...decode("int8", "batch", true),
    ...NONE,
  },
  {
    row: "latency-p50",
    ...LATENCY,
    figure: "latency_p50_ms",
    ...decode("float32", "single"),
    bar: 0.95,
    aim: 0.75,
  },
  {
    row: "latency-p95",
    ...LATENCY,
    figure: "latency_p95_ms",
    ...decode("float32", "single"),
    bar: 1.2,
    aim: 1,
  },
  {
    row: "latency-int8-p50",
    ...LATENCY,
    figure: "latency_p50_ms",
    ...decode("int8", "single"),
    ...NONE,
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
    row: "shared-1",
    ...SHARED,
    ...shared(["--others=1"]),
    also: ["other_times"],
    bar: 1.7,
    aim: 1.5,
  },
  {
    row: "shared-2",
    ...SHARED,
    ...shared(["--others=2"]),
    also: ["other_times"],
    bar: 2.3,
    aim: 2,
  },
  {
    row: "shared-twins",
    ...SHARED,
    ...shared(["--twins=1"]),
    bar: 2.3,
    aim: 2,
  },
  {
    row: "start-cold",
    ...START,
    ...starting(["--cold=1", "--starts=1"]),
    bar: null,
    aim: 1,
  },
  { row: "start-warm", ...START, ...starting([]), bar: null, aim: 1 },
  {
    row: "ready-d256",
    unit: "s to trace, optimise, load",
    figure: "compile_s",
    better: "lower",
    ours: step(SIZES.d256).ours,
    bar: 2,
    aim: null,
  },
  { row: "memory-d256", ...MEMORY, ...step(SIZES.d256), bar: 1.2, aim: 0.8 },
  { row: "memory-d512", ...MEMORY, ...step(SIZES.d512), bar: 1.4, aim: 1 },
  {
    row: "size-int8",
    unit: "bytes",
    figure: "bytes",
    better: "lower",
    ...decode("int8", "batch", true),
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
