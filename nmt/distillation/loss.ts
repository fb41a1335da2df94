/** The loss of a distillation: labels, the teacher's soft targets, its layers and attention maps, each by its weight. */
import type { Distillation } from "../../schemas/experiment/distillation.ts";
import type { Model } from "../../schemas/experiment/model.ts";
import { PAD } from "../../schemas/experiment/vocabulary.ts";
import type { Spec, Tensor, Tensors } from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";
import { attentionMap } from "./attention_loss.ts";
import { combinedLayers, projectionShapes, type Side } from "./layer_loss.ts";
import { product } from "../transformer/layers.ts";
import { outputLoss, positionWeights } from "./output_loss.ts";
import {
  ATTENTIONS,
  FINAL,
  inputOf,
  mapName,
  readBy,
  specOf,
  stateName,
} from "../states/teacher_signals.ts";
import type { Forward, Objective } from "../training/training_step.ts";

/** Who teaches, and what a student is to learn of it. */
export interface Teacher {
  readonly model: Model;
  readonly vocabulary: number;
  readonly distillation: Distillation;
}

/**
 * What a student of this width minimises:
 * alpha * L_KD + (1 - alpha - beta) * L_NLL + beta * (L_encoder + L_decoder + L_attention).
 */
export function distilled(width: number, teacher: Teacher): Objective {
  const { distillation, model } = teacher;
  return {
    shapes: distillation.beta === 0 ? {} : projectionShapes(distillation, {
      student: width,
      teacher: model.width,
    }),
    inputs: teacherInputs(teacher),
    losses: (forward, parameters, inputs) => {
      const { alpha, beta, temperature } = distillation;
      const { labels, smoothing, weights, decoded } = forward;
      const hard = alpha + beta === 1
        ? undefined
        : { labels, smoothing, share: 1 - alpha - beta };
      const soft = alpha === 0
        ? undefined
        : { logits: teacherLogits(inputs), temperature, share: alpha };
      const output = hard || soft
        ? outputLoss(decoded.output, parameters.embedding, {
          weights,
          hard,
          soft,
        })
        : undefined;
      const layers = beta === 0
        ? undefined
        : layerLoss(distillation, forward, parameters, inputs);
      const attention = beta === 0
        ? undefined
        : attentionLoss(distillation, forward, inputs);
      const terms = [
        ...output ? [output.loss] : [],
        ...layers ? [tf.mul(layers, beta)] : [],
        ...attention ? [tf.mul(attention, beta)] : [],
      ];
      return {
        loss: terms.reduce((sum, term) => tf.add(sum, term)),
        softTargets: output?.softTargets,
        layers,
        attention,
      };
    },
  };
}

/** L_encoder + L_decoder, of the sides that have a layer map. */
function layerLoss(
  distillation: Distillation,
  { encoded, decoded, weights }: Forward,
  parameters: Tensors,
  inputs: Tensors,
): Tensor | undefined {
  const flat = (state: Tensor) => tf.reshape(state, [-1, state.shape[2] ?? 0]);
  const side = (
    side: "encoder" | "decoder",
    student: readonly Tensor[],
    weights: Tensor,
  ): Side => ({
    side,
    map: distillation[side],
    student,
    teacher: (layer) => flat(inputs[inputOf(stateName(side, layer))]),
    weights,
  });
  return total(
    [
      side("encoder", encoded.layers, positionWeights(inputs.source, PAD)),
      side("decoder", decoded.layers, weights),
    ].filter(({ map }) => map.length > 0)
      .map((each) => combinedLayers(parameters, each, distillation)),
  );
}

/** L_attention: of every layer that has a map to match, its self-attention and, in the decoder, that on the source. */
function attentionLoss(
  { attention }: Distillation,
  { encoded, decoded, weights }: Forward,
  inputs: Tensors,
): Tensor | undefined {
  return total(
    ATTENTIONS.flatMap((each) =>
      attention[each.stack].map((layer, j) =>
        attentionMap({
          student: each.maps(encoded, decoded)[j],
          teacher: inputs[inputOf(mapName(each, layer))],
          weights: each.rows === "source"
            ? positionWeights(inputs.source, PAD)
            : weights,
        })
      )
    ),
  );
}

const total = (terms: readonly Tensor[]): Tensor | undefined =>
  terms.length === 0
    ? undefined
    : terms.reduce((sum, term) => tf.add(sum, term));

/** What the teacher says of a batch, as recorded, and its embedding, from which the soft targets are recomputed. */
function teacherInputs(
  { model, vocabulary, distillation }: Teacher,
): Record<string, Spec> {
  const inputs: Record<string, Spec> = Object.fromEntries(
    readBy(distillation, model.width)
      .map((each) => [inputOf(each.name), specOf(each)]),
  );
  if (distillation.alpha > 0) {
    inputs[TEACHER_EMBEDDING] = {
      shape: [vocabulary, model.width],
      dtype: "float32",
    };
  }
  return inputs;
}

export const TEACHER_EMBEDDING = "teacher embedding";

/** The teacher's logits [batch * target, V] from its final state and its embedding. */
function teacherLogits(inputs: Tensors): Tensor {
  const state = inputs[inputOf(FINAL)];
  return product(
    tf.reshape(state, [-1, state.shape[2] ?? 0]),
    inputs[TEACHER_EMBEDDING],
    false,
    true,
  );
}
