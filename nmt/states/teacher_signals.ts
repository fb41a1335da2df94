/** The teacher's signals: names and shapes of the recorded tensors, and of the inputs of a student's step. */
import {
  type Distillation,
  type SignalKind,
  type Signals,
  signalsOf,
} from "../../schemas/experiment/distillation.ts";
import type { Spec, Tensor } from "../tensor/program.ts";
import { rowsSymbol, type SideName } from "../transformer/batch_inputs.ts";
import type { Decoded, Encoded } from "../transformer/transformer.ts";

/** A recorded tensor: for each pair, a matrix with a row for each position of a side. */
export interface Signal {
  /** Its name in a shard, and among the outputs of the program that computes it. */
  readonly name: string;
  readonly kind: SignalKind;
  readonly dtype: "float16" | "float32";
  readonly rows: SideName;
  /** Features of a position, or, for an attention map, the side of the keys. */
  readonly columns: number | SideName;
}

/** Name of a layer's output, [positions, d]. */
export const stateName = (stack: "encoder" | "decoder", layer: number) =>
  `${stack}.${layer}`;

/** One of a Transformer's kinds of attention, with the sides of its queries (rows) and keys (columns). */
export interface Attention {
  readonly stack: "encoder" | "decoder";
  readonly kind: "self" | "cross";
  readonly rows: SideName;
  readonly columns: SideName;
  /** Its maps in each layer, [batch, heads, rows, columns]. */
  readonly maps: (encoded: Encoded, decoded: Decoded) => readonly Tensor[];
}

export const ATTENTIONS: readonly Attention[] = [
  {
    stack: "encoder",
    kind: "self",
    rows: "source",
    columns: "source",
    maps: (encoded) => encoded.selfAttention,
  },
  {
    stack: "decoder",
    kind: "self",
    rows: "target",
    columns: "target",
    maps: (_, decoded) => decoded.selfAttention,
  },
  {
    stack: "decoder",
    kind: "cross",
    rows: "target",
    columns: "source",
    maps: (_, decoded) => decoded.crossAttention,
  },
];

/** Name of a layer's attention map, [queries, keys]. */
export const mapName = (
  { stack, kind }: Pick<Attention, "stack" | "kind">,
  layer: number,
) => `${stateName(stack, layer)}.${kind}`;

/** Name of the final decoder state, [target positions, d]. */
export const FINAL = "final";

/**
 * Some signals of a teacher of width d. States and attention maps are float16, as they are only compared;
 * the final state is float32, so that soft targets are exactly the teacher's.
 */
export function teacherSignals(
  { final, ...signals }: Signals,
  width: number,
): Signal[] {
  const state = (kind: "encoder" | "decoder", rows: SideName) =>
    signals[kind].map((layer): Signal => {
      const name = stateName(kind, layer);
      return { name, kind, dtype: "float16", rows, columns: width };
    });
  const maps = ATTENTIONS.flatMap(({ rows, columns, ...each }) => {
    const kind = `${each.stack}Attention` as const;
    return signals[kind].map((layer): Signal => {
      const name = mapName(each, layer);
      return { name, kind, dtype: "float16", rows, columns };
    });
  });
  const all: Signal[] = [
    ...state("encoder", "source"),
    ...state("decoder", "target"),
    ...maps,
  ];
  if (final) {
    const [name, kind, rows] = [FINAL, "final", "target"] as const;
    all.push({ name, kind, dtype: "float32", rows, columns: width });
  }
  return all;
}

/** The signals that a distillation reads at every step, of a teacher of this width. */
export function signalsRead(
  distillation: Distillation,
  width: number,
): Signal[] {
  return teacherSignals(signalsOf(distillation), width);
}

/** Name of the input of a student's step that takes a signal. */
export const signalInput = (name: string) => `teacher ${name}`;

/** The input: the signal of a batch, 0 at padding. */
export const signalSpec = ({ rows, columns, dtype }: Signal): Spec => ({
  shape: typeof columns === "number"
    ? [rowsSymbol(rows), columns]
    : ["batch", rows, columns],
  dtype,
});
