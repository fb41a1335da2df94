/** What is recorded of a teacher: the tensors by name, and how they enter a student's step. */
import {
  type Distillation,
  type RecordedLayers,
  recordedLayers,
} from "../../schemas/experiment/distillation.ts";
import type { Spec, Tensor } from "../tensor/program.ts";
import type { Decoded, Encoded } from "../transformer/transformer.ts";

/** Whose positions a tensor has rows or columns for. */
export type SideName = "source" | "target";

/** A tensor that is recorded: for each pair, a matrix with a row for each position of a side. */
export interface Recorded {
  /** Its name in a shard, and among the outputs of the program that computes it. */
  readonly name: string;
  readonly dtype: "float16" | "float32";
  readonly rows: SideName;
  /** Features of a position, or the side whose positions a row says how much it looks at. */
  readonly columns: number | SideName;
}

/** Name of a layer's output, [positions, d]. */
export const stateName = (stack: "encoder" | "decoder", layer: number) =>
  `${stack}.${layer}`;

/** One of a Transformer's kinds of attention: whose positions look at whose. */
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
export const mapName = ({ stack, kind }: Attention, layer: number) =>
  `${stateName(stack, layer)}.${kind}`;

/** Name of the final decoder state, [target positions, d]. */
export const FINAL = "final";

/**
 * The tensors that these layers of a teacher of width d are recorded as. States and maps are float16, since they are
 * only compared; the final state is float32, so that soft targets are exactly the teacher's.
 */
export function recorded(
  { encoder, decoder, attention }: RecordedLayers,
  width: number,
): Recorded[] {
  const state = (
    name: string,
    rows: SideName,
    dtype: Recorded["dtype"] = "float16",
  ): Recorded => ({ name, dtype, rows, columns: width });
  return [
    ...encoder.map((layer) => state(stateName("encoder", layer), "source")),
    ...decoder.map((layer) => state(stateName("decoder", layer), "target")),
    ...ATTENTIONS.flatMap((each) =>
      (attention?.[each.stack] ?? []).map((layer): Recorded => ({
        name: mapName(each, layer),
        dtype: "float16",
        rows: each.rows,
        columns: each.columns,
      }))
    ),
    state(FINAL, "target", "float32"),
  ];
}

/** Which of the tensors that can be recorded of a teacher of this width a distillation reads at every step. */
export function readBy(distillation: Distillation, width: number): Recorded[] {
  return recorded(recordedLayers([distillation]), width)
    .filter(({ name }) => name !== FINAL || distillation.alpha > 0);
}

/** The input of a student's step that takes a recorded tensor. */
export const inputOf = (name: string) => `teacher ${name}`;

/** A recorded tensor of a batch, padded with zeros. */
export const specOf = ({ rows, columns, dtype }: Recorded): Spec => ({
  shape: ["batch", rows, columns],
  dtype,
});
