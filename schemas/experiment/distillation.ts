/** Configuration of a distillation, with its defaults and limits. */
import { z } from "zod";
import { type Model, StudentModel, Training } from "./model.ts";

/** The number of a layer, from 1. */
const layer = z.int().min(1);

/** The teacher's layers that are combined for one student layer. */
const Combination = z.array(layer).min(
  1,
  "expected at least one teacher layer for each student layer",
).superRefine((layers, context) => {
  const twice = layers.find((layer, i) => layers.indexOf(layer) < i);
  if (twice === undefined) return;
  context.addIssue({
    code: "custom",
    message:
      `expected each teacher layer once for a student layer, found layer ${twice} twice`,
  });
});

/**
 * M: for each student layer, the teacher layers that are combined for it; empty: no layer loss. Several student layers
 * may have the same ones.
 */
export const LayerMap = z.array(Combination);
export type LayerMap = z.infer<typeof LayerMap>;

/** For each student layer of a stack, one of the teacher's; empty: none. */
export const LayerChoice = z.strictObject({
  encoder: z.array(layer).default([]),
  decoder: z.array(layer).default([]),
});
export type LayerChoice = z.infer<typeof LayerChoice>;

/** What a student begins as: layers of the teacher, and otherwise at random. */
const Start = LayerChoice.extend({
  /**
   * A control: what is random is drawn as for a teacher of this seed, so that a student of its width has the values with
   * which the teacher's first layers began. By default students and teachers draw from different streams.
   */
  seed: z.int().min(0).optional(),
});

/** A choice of which a config leaves out the default: a student without it has the key of one trained before there was one. */
const optional = <Default extends string, Other extends string>(
  byDefault: Default,
  other: Other,
) =>
  z.enum([byDefault, other])
    .transform((chosen) => chosen === other ? other : undefined).optional();

/**
 * How a student is distilled: the loss L = alpha L_KD + (1 - alpha - beta) L_NLL + beta (L_enc + L_dec + L_att), and its
 * initialization.
 */
export const Distillation = z.strictObject({
  /** Weight of the teacher's soft targets. */
  alpha: z.number().min(0).max(1).default(0),
  /** Weight of layers and attention maps. */
  beta: z.number().min(0).max(1).default(0),
  /** tau of the soft targets. */
  temperature: z.number().positive().default(1),
  encoder: LayerMap.default([]),
  decoder: LayerMap.default([]),
  /** C_j: layers concatenated (CKD), or their mean by attention of the student's state (ALP-KD, Passban et al. 2021). */
  combine: z.enum(["concatenation", "attention"]).default("concatenation"),
  /** What is normalised: C_j alone, or before it each of its layers at each position, so that none drowns the others. */
  normalize: optional("combination", "layers"),
  /**
   * Which end carries the linear map: the student is lifted to the width of C_j, C_j fused down to d, or neither. A fusion
   * learns with the student, and the two may agree on one direction for all positions: their loss is low then.
   */
  project: z.enum(["student", "teacher", "none"]).default("student"),
  /**
   * L_enc + L_dec, and L_att: sums over student layers (the paper's), or means, so that beta weighs as much whatever
   * number of layers is mapped, in both stacks together.
   */
  layerLoss: optional("sum", "mean"),
  /** The teacher layers whose attention maps are matched: self-attention, and the decoder's on the source. */
  attention: LayerChoice.prefault({}),
  /**
   * Initialization: the teacher layers that the student's are copies of (Sanh et al. 2019), with the embedding. Where the
   * student's feed-forward blocks are narrower, they have the neurons that matter most.
   */
  start: Start.prefault({}),
  /**
   * Whether the teacher's states of the training pairs are recorded once for all students, or computed again in every step
   * of this one, which takes no disk.
   */
  states: optional("recorded", "streamed"),
});
export type Distillation = z.infer<typeof Distillation>;

/** Whether a distillation reads the teacher's signals of the training pairs. */
export function usesStates({ alpha, beta }: Distillation): boolean {
  return alpha > 0 || beta > 0;
}

/** Whether it reads them of a recording. */
export function usesRecording(distillation: Distillation): boolean {
  return usesStates(distillation) && !isStreamed(distillation);
}

/** Whether they are computed in each step. */
export function isStreamed(distillation: Distillation): boolean {
  return usesStates(distillation) && distillation.states === "streamed";
}

/** Whether a student begins as layers of its teacher. */
export function hasStart({ start }: Distillation): boolean {
  return start.encoder.length + start.decoder.length > 0;
}

/** Whether a distillation needs its teacher: false for a student that is trained without one. */
export function usesTeacher(distillation: Distillation): boolean {
  return usesStates(distillation) || hasStart(distillation);
}

const layers = z.array(layer).default([]);

/** Which signals of a teacher are recorded, or read; those of a kind are recorded together. */
export const Signals = z.strictObject({
  /** The final decoder state, of which soft targets are made. */
  final: z.boolean().default(false),
  /** The layers whose outputs are, and those whose attention maps are. */
  encoder: layers,
  decoder: layers,
  encoderAttention: layers,
  decoderAttention: layers,
});
export type Signals = z.infer<typeof Signals>;
export type SignalKind = keyof Signals;

/**
 * The teacher's signals that a distillation reads at every step, each layer once, ascending.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Distillation, signalsOf } from "./distillation.ts";
 *
 * const ckd = Distillation.parse({ beta: 0.7, encoder: [[1, 3], [4, 6]] });
 * const { final, encoder } = signalsOf(ckd);
 * assertEquals({ final, encoder }, { final: false, encoder: [1, 3, 4, 6] });
 * ```
 */
export function signalsOf(
  { alpha, beta, encoder, decoder, attention }: Distillation,
): Signals {
  const each = (layers: readonly number[]) =>
    beta > 0 ? [...new Set(layers)].sort((a, b) => a - b) : [];
  return {
    final: alpha > 0,
    encoder: each(encoder.flat()),
    decoder: each(decoder.flat()),
    encoderAttention: each(attention.encoder),
    decoderAttention: each(attention.decoder),
  };
}

/** The kinds of signals that a distillation reads of recordings. */
export function recordedKinds(distillation: Distillation): SignalKind[] {
  if (!usesRecording(distillation)) return [];
  const signals = signalsOf(distillation);
  return (Object.keys(signals) as SignalKind[]).filter((kind) =>
    kind === "final" ? signals.final : signals[kind].length > 0
  );
}

/** All signals of a kind that a teacher has. They are recorded whatever systems there are, so that none changes what others read. */
export function allSignals(
  kind: SignalKind,
  { encoderLayers, decoderLayers }: Model,
): Signals {
  if (kind === "final") return Signals.parse({ final: true });
  const count = kind.startsWith("encoder") ? encoderLayers : decoderLayers;
  const all = Array.from({ length: count }, (_, layer) => layer + 1);
  return Signals.parse({ [kind]: all });
}

/** A student as its stage gets it: nothing left to be looked up. */
export const Student = z.strictObject({
  model: StudentModel,
  training: Training,
  distillation: Distillation,
});
export type Student = z.infer<typeof Student>;
