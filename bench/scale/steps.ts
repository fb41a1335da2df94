/** Measures how the time of a training step grows with its sizes and with threads. */
import type { Command } from "../rows/commands.ts";
import type { Options } from "../rows/entrants.ts";
import { measure, type Result } from "../rows/measure.ts";
import type { Row } from "../rows/rows.ts";

/** The sizes of a step: 6 + 6 layers, `rows` sentences of `length` + `length` tokens. */
interface Sizes {
  readonly rows: number;
  readonly length: number;
  readonly width: number;
  readonly layers: number;
  readonly vocabulary: number;
}

const BASE: Sizes = {
  rows: 32,
  length: 32,
  width: 256,
  layers: 6,
  vocabulary: 8000,
};

/** What grows, and from which size to which; feed-forward is four times the width, heads have 32 features. */
const AXES: Readonly<Record<string, readonly Partial<Sizes>[]>> = {
  tokens: [8, 16, 32, 64].map((rows) => ({ rows })),
  d: [128, 256, 512].map((width) => ({ width })),
  // Of as many tokens.
  length: [8, 16, 32, 64, 128].map((length) => ({
    length,
    rows: BASE.rows * BASE.length / length,
  })),
  layers: [1, 2, 4, 6].map((layers) => ({ layers })),
  vocabulary: [2000, 8000, 30_000].map((vocabulary) => ({ vocabulary })),
};

export interface Growth {
  readonly axis: string;
  readonly size: number;
  readonly ms: number;
  /** Billions of operations of the matrix products of a step. */
  readonly gigaflops: number;
  /** d log(ms) / d log(size) from the size before, and the same of the operations. */
  readonly slope?: number;
  readonly arithmetic?: number;
}

export interface Scaling {
  readonly threads: number;
  readonly ours: Result;
}

/**
 * Operations of the matrix products of a training step, two for each multiplication: forward, and twice that backward.
 * Attention is counted in full, as it is computed.
 */
export function operations(
  { rows, length, width, layers, vocabulary }: Sizes,
): number {
  const tokens = rows * length;
  const map = (from: number, to: number) => 2 * tokens * from * to;
  const inner = 4 * width;
  const feedForward = map(width, inner) + map(inner, width);
  // Scores and mixtures, [length, width / heads] by [width / heads, length] a head.
  const attended = 2 * map(width, length);
  const attention = 4 * map(width, width) + attended;
  const encoder = layers * (attention + feedForward);
  const decoder = layers * (2 * attention + feedForward);
  return 3 * (encoder + decoder + map(width, vocabulary));
}

/** Times the step along each axis. */
export async function measureGrowth(options: Options): Promise<Growth[]> {
  const grown: Growth[] = [];
  for (const [axis, steps] of Object.entries(AXES)) {
    let before: { size: number; ms: number; gigaflops: number } | undefined;
    for (const step of steps) {
      const sizes = { ...BASE, ...step };
      const size = axis === "tokens"
        ? sizes.rows * sizes.length * 2
        : Object.values(step)[0];
      const [{ ours }] = await measure(
        [rowOf(`${axis} ${size}`, argumentsOf(sizes))],
        options,
      );
      if (ours === null) throw new Error(`No step time of ${axis} ${size}`);
      const now = { size, ms: ours, gigaflops: operations(sizes) / 1e9 };
      const slope = (of: "ms" | "gigaflops") =>
        before && Math.log(now[of] / before[of]) / Math.log(size / before.size);
      grown.push({
        axis,
        ...now,
        slope: slope("ms"),
        arithmetic: slope("gigaflops"),
      });
      before = now;
    }
  }
  return grown;
}

/** Times the step of the middle sizes on 1, 2 and all threads, ours and PyTorch's in turns. */
export async function measureThreads(options: Options): Promise<Scaling[]> {
  const counts = new Set([1, 2, navigator.hardwareConcurrency]);
  const scaled: Scaling[] = [];
  for (const threads of [...counts].sort((a, b) => a - b)) {
    const args = argumentsOf(BASE);
    const row: Row = {
      ...rowOf(`${threads} threads`, args),
      peer: { ...command(args), package: "torch" },
    };
    const [ours] = await measure([row], { ...options, threads });
    scaled.push({ threads, ours });
  }
  return scaled;
}

function argumentsOf(sizes: Sizes): string[] {
  return [
    ...Object.entries(sizes).map(([name, value]) => `--${name}=${value}`),
    `--feed-forward=${4 * sizes.width}`,
    `--heads=${sizes.width / 32}`,
  ];
}

const command = (args: readonly string[]): Command => ({
  program: "step",
  arguments: args,
  counts: "steps",
  needsText: false,
});

const rowOf = (row: string, args: readonly string[]): Row => ({
  row,
  unit: "ms a step",
  figure: "step_ms",
  better: "lower",
  ours: command(args),
  bar: null,
  aim: null,
});
