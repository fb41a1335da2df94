/** Norms of the teacher's layers: whether one drowns the others that it is combined with. */
import {
  type Distillation,
  type LayerMap,
  signalsOf,
} from "../../schemas/experiment/distillation.ts";
import type { HostTensor } from "../tensor/program.ts";
import { signalInput, stateName } from "../states/teacher_signals.ts";
import type { TeacherSignals } from "../states/states.ts";
import { makeBatch } from "../text/subwords/batches.ts";
import type { Tokens } from "../text/subwords/tokens.ts";

/** The norms of a stack's layers, over the non-padding positions of some pairs. */
export interface LayerNorms {
  readonly stack: "encoder" | "decoder";
  /** Mean of ||h_T,i|| for each layer i that is read. */
  readonly norms: ReadonlyMap<number, number>;
  /** M, and for each of its layers the mean of ||h_T,i||^2 / ||C_j||^2, where C_j is their concatenation as recorded. */
  readonly M: LayerMap;
  readonly shares: readonly (readonly number[])[];
}

/** Pairs whose states are read. */
const PAIRS = 64;

/** The norms of each stack that has a layer map, of pairs at equal distances. */
export async function layerNorms(
  distillation: Distillation,
  tokens: Tokens,
  signals: Pick<TeacherSignals, "read">,
): Promise<LayerNorms[]> {
  const count = Math.min(PAIRS, tokens.pairs);
  const batch = makeBatch(
    tokens,
    Int32Array.from(
      { length: count },
      (_, i) => Math.floor(i * tokens.pairs / count),
    ),
  );
  const recorded = signalsOf(distillation);
  const stacks = (["encoder", "decoder"] as const)
    .filter((stack) => recorded[stack].length > 0);
  if (stacks.length === 0) return [];
  const read = await signals.read(batch);
  return stacks.map((stack) => {
    const tokens = stack === "encoder"
      ? batch.sourceTokens
      : batch.targetTokens;
    const norms = new Map(
      recorded[stack].map((layer) => {
        const rows = rowNorms(read[signalInput(stateName(stack, layer))]);
        return [layer, rows.slice(0, tokens)] as const;
      }),
    );
    const M = distillation[stack];
    return {
      stack,
      norms: new Map([...norms].map(([layer, each]) => [layer, mean(each)])),
      M,
      shares: M.map((M_j) =>
        meanShares(M_j.map((layer) => norms.get(layer) ?? []))
      ),
    };
  });
}

/** The norm of each row of a tensor [rows, d]. */
function rowNorms({ shape, data }: HostTensor): number[] {
  const d = shape[shape.length - 1];
  const values = Float64Array.from<number>(data);
  return Array.from(
    { length: values.length / d },
    (_, row) => Math.hypot(...values.subarray(row * d, (row + 1) * d)),
  );
}

/** Of the norms of some layers at each position: the mean share of each layer in the sum of their squares. */
function meanShares(layers: readonly (readonly number[])[]): number[] {
  return layers.map((norms) =>
    mean(
      norms.map((norm, at) =>
        (norm / Math.hypot(...layers.map((each) => each[at]))) ** 2
      ),
    )
  );
}

const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * A line of a log for each stack.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { layerNormLines } from "./layer_norms.ts";
 *
 * const norms = new Map([[1, 3], [2, 4]]);
 * assertEquals(
 *   layerNormLines([{ stack: "encoder", norms, M: [[1, 2]], shares: [[0.36, 0.64]] }]),
 *   ["norms of the teacher's encoder layers: 1 3.00, 2 4.00; shares of |C_j|²: [1,2] 36 % 64 %"],
 * );
 * ```
 */
export function layerNormLines(stacks: readonly LayerNorms[]): string[] {
  return stacks.map(({ stack, norms, M, shares }) => {
    const each = [...norms].map(([layer, norm]) =>
      `${layer} ${norm.toFixed(2)}`
    );
    const combined = M.flatMap((M_j, j) =>
      M_j.length === 1 ? [] : [[
        JSON.stringify(M_j),
        ...shares[j].map((share) => `${Math.round(100 * share)} %`),
      ].join(" ")]
    );
    return [
      `norms of the teacher's ${stack} layers: ${each.join(", ")}`,
      ...combined.length === 0
        ? []
        : [`shares of |C_j|²: ${combined.join(", ")}`],
    ].join("; ");
  });
}
