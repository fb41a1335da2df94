/** The loss of a distillation: labels, the teacher's soft targets and its combined layers, each by its weight. */
import type { Distillation } from "../schemas/distillation.ts";
import type { Model } from "../schemas/model.ts";
import { PAD } from "../schemas/vocabulary.ts";
import type { Spec, Tensor, Tensors } from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";
import { combinedLayers, projectionShapes, type Side } from "./layer_loss.ts";
import { product } from "./layers.ts";
import { outputLoss, positionWeights } from "./output_loss.ts";
import type { Forward, Objective } from "./step.ts";

/** Who teaches, and what a student is to learn of it. */
export interface Teacher {
  readonly model: Model;
  readonly vocabulary: number;
  readonly distillation: Distillation;
}

/** What a student of this width minimises: alpha * L_KD + (1 - alpha - beta) * L_NLL + beta * (L_encoder + L_decoder). */
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
      const terms = [
        ...output ? [output.loss] : [],
        ...layers ? [tf.mul(layers, beta)] : [],
      ];
      return {
        loss: terms.reduce((sum, term) => tf.add(sum, term)),
        softTargets: output?.softTargets,
        layers,
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
): Tensor {
  const flat = (state: Tensor) => tf.reshape(state, [-1, state.shape[2] ?? 0]);
  const side = (
    side: "encoder" | "decoder",
    student: readonly Tensor[],
    weights: Tensor,
  ): Side => ({
    side,
    map: distillation[side],
    student,
    teacher: (layer) => flat(inputs[stateInput(side, layer)]),
    weights,
  });
  return [
    side("encoder", encoded.layers, positionWeights(inputs.source, PAD)),
    side("decoder", decoded.layers, weights),
  ].filter(({ map }) => map.length > 0)
    .map((each) => combinedLayers(parameters, each, distillation.project))
    .reduce((sum, term) => tf.add(sum, term));
}

/**
 * What the teacher says of a batch: hidden states of the combined layers as stored, its final decoder state, and its
 * embedding, from which the soft targets are recomputed.
 */
function teacherInputs(
  { model, vocabulary, distillation }: Teacher,
): Record<string, Spec> {
  const inputs: Record<string, Spec> = {};
  if (distillation.beta > 0) {
    for (
      const [side, time] of [["encoder", "source"], [
        "decoder",
        "target",
      ]] as const
    ) {
      for (const layer of new Set(distillation[side].flat())) {
        inputs[stateInput(side, layer)] = {
          shape: ["batch", time, model.width],
          dtype: "float16",
        };
      }
    }
  }
  if (distillation.alpha > 0) {
    inputs[FINAL_STATE] = {
      shape: ["batch", "target", model.width],
      dtype: "float32",
    };
    inputs[TEACHER_EMBEDDING] = {
      shape: [vocabulary, model.width],
      dtype: "float32",
    };
  }
  return inputs;
}

export const stateInput = (side: "encoder" | "decoder", layer: number) =>
  `teacher ${side}.${layer}`;
export const FINAL_STATE = "teacher final";
export const TEACHER_EMBEDDING = "teacher embedding";

/** The teacher's logits [batch * target, V] from its final state and its embedding. */
function teacherLogits(inputs: Tensors): Tensor {
  const state = inputs[FINAL_STATE];
  return product(
    tf.reshape(state, [-1, state.shape[2] ?? 0]),
    inputs[TEACHER_EMBEDDING],
    false,
    true,
  );
}
