/** One training step as a program: forward, the loss of training or distillation, backward, Adam. */
import {
  Distillation,
  type Model,
  type Training,
  usesTeacher,
} from "../schemas/model.ts";
import { PAD } from "../schemas/vocabulary.ts";
import { gradients } from "../tensor/gradient.ts";
import type {
  HostTensors,
  Program,
  Spec,
  Tensor,
  Tensors,
} from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";
import type { Batch } from "../text/batches.ts";
import { adam, type Moments } from "./adam.ts";
import { noDropout, product } from "./layers.ts";
import {
  combinedLayers,
  negativeLogLikelihood,
  outputLoss,
  positionWeights,
  projectionShapes,
  type Side,
} from "./losses.ts";
import { packing } from "./packing.ts";
import { parameterShapes, type Shapes } from "./parameters.ts";
import { decode, dropoutInputs, encode, maskedDropout } from "./transformer.ts";

/** What is trained: the model and, in a distillation, what it learns from. */
export interface Task {
  readonly model: Model;
  readonly vocabulary: number;
  readonly training: Training;
  readonly teacher?: {
    readonly model: Model;
    readonly distillation: Distillation;
  };
}

/** Source and target ids of a batch: `target` begins with the begin id, `labels` end with the end id. */
export const batchInputs: Readonly<Record<string, Spec>> = {
  source: { shape: ["batch", "source"], dtype: "int32" },
  target: { shape: ["batch", "target"], dtype: "int32" },
  labels: { shape: ["batch", "target"], dtype: "int32" },
};

/** A batch as the inputs of `batchInputs`. */
export function batchTensors(batch: Batch): HostTensors {
  const { rows, sourceLength, targetLength } = batch;
  return {
    source: {
      shape: [rows, sourceLength],
      data: batch.source as Int32Array<ArrayBuffer>,
    },
    target: {
      shape: [rows, targetLength],
      data: batch.target as Int32Array<ArrayBuffer>,
    },
    labels: {
      shape: [rows, targetLength],
      data: batch.labels as Int32Array<ArrayBuffer>,
    },
  };
}

/** Names under which a program takes and gives a parameter and its moments. */
export const slots = {
  weight: "weight ",
  first: "first ",
  second: "second ",
} as const;

/** What the name of a parameter or moment that a step gives begins with: it takes the rest of the name. */
export const NEXT = "next ";

/** Shapes of all that a task trains: the model, and the projections of its combined layers. */
export function trainedShapes(task: Task): Shapes {
  const own = parameterShapes(task.model, task.vocabulary);
  const { teacher } = task;
  if (teacher === undefined || teacher.distillation.beta === 0) return own;
  const widths = { student: task.model.width, teacher: teacher.model.width };
  return { ...own, ...projectionShapes(teacher.distillation, widths) };
}

/**
 * What the teacher says of a batch: hidden states of the combined layers as stored, its final decoder state, and its
 * embedding, from which the soft targets are recomputed.
 */
export function teacherInputs(task: Task): Record<string, Spec> {
  const { teacher, vocabulary } = task;
  if (teacher === undefined || !usesTeacher(teacher.distillation)) return {};
  const { distillation, model } = teacher;
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

/** The parts of a loss, each a scalar, and the loss itself. */
export interface Losses {
  readonly loss: Tensor;
  /** -log p(label) a target token, what perplexity is computed from. */
  readonly nll: Tensor;
  readonly softTargets?: Tensor;
  readonly layers?: Tensor;
}

/** What a student learns from a teacher that it does not have. */
const ALONE = Distillation.parse({});

/** L = alpha * L_KD + (1 - alpha - beta) * L_NLL + beta * (L_encoder + L_decoder), over the inputs of a step. */
export function losses(
  task: Task,
  parameters: Tensors,
  inputs: Tensors,
): Losses {
  const { model, training, teacher } = task;
  const dropout = maskedDropout(model, inputs);
  const encoded = encode(model, parameters, inputs.source, dropout);
  const decoded = decode(model, parameters, inputs.target, encoded, dropout);
  const x = decoded.output;
  const labels = tf.reshape(inputs.labels, [x.shape[0] ?? 0]);
  const weights = positionWeights(inputs.labels, PAD);
  const { embedding } = parameters;
  const nll = negativeLogLikelihood(x, embedding, labels, weights);
  const { alpha, beta, temperature, encoder, decoder, project } =
    teacher?.distillation ?? ALONE;
  const smoothing = training.labelSmoothing;
  const hard = alpha + beta === 1
    ? undefined
    : { labels, smoothing, share: 1 - alpha - beta };
  const soft = alpha === 0
    ? undefined
    : { logits: teacherLogits(inputs), temperature, share: alpha };
  const output = hard || soft
    ? outputLoss(x, embedding, { weights, hard, soft })
    : undefined;
  const flat = (state: Tensor) => tf.reshape(state, [-1, state.shape[2] ?? 0]);
  const side = (
    side: "encoder" | "decoder",
    student: readonly Tensor[],
    weights: Tensor,
  ): Side => ({
    side,
    map: side === "encoder" ? encoder : decoder,
    student,
    teacher: (layer) => flat(inputs[stateInput(side, layer)]),
    weights,
  });
  const sides = beta === 0 ? [] : [
    side("encoder", encoded.layers, positionWeights(inputs.source, PAD)),
    side("decoder", decoded.layers, weights),
  ].filter(({ map }) => map.length > 0);
  const layers = sides.map((each) => combinedLayers(parameters, each, project))
    .reduce<Tensor | undefined>(
      (sum, term) => sum === undefined ? term : tf.add(sum, term),
      undefined,
    );
  const terms = [
    ...output ? [output.loss] : [],
    ...layers ? [tf.mul(layers, beta)] : [],
  ];
  return {
    loss: terms.reduce((sum, term) => tf.add(sum, term)),
    nll,
    softTargets: output?.softTargets,
    layers,
  };
}

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

const weightInputs = (shapes: Shapes, slot: string): Record<string, Spec> =>
  Object.fromEntries(
    Object.entries(shapes).map((
      [name, shape],
    ) => [slot + name, { shape, dtype: "float32" } as const]),
  );

const fromSlot = (
  shapes: Shapes,
  slot: string,
  inputs: Tensors,
): Record<string, Tensor> =>
  Object.fromEntries(
    Object.keys(shapes).map((name) => [name, inputs[slot + name]]),
  );

/** Inputs of a step but for parameters and their moments. */
export function lossInputs(task: Task): Record<string, Spec> {
  return {
    ...batchInputs,
    ...dropoutInputs(task.model),
    ...teacherInputs(task),
  };
}

/** Losses and the gradient of every parameter, the latter named `gradient NAME`: what the tests compare. */
export function gradientProgram(task: Task): Program {
  const shapes = trainedShapes(task);
  return {
    name: "gradients",
    inputs: { ...lossInputs(task), ...weightInputs(shapes, slots.weight) },
    build: (inputs) => {
      const { parts, gradient } = backward(
        task,
        fromSlot(shapes, slots.weight, inputs),
        inputs,
      );
      const named = Object.entries(gradient).map(([name, tensor]) =>
        [`gradient ${name}`, tensor] as const
      );
      return { ...parts, ...Object.fromEntries(named) };
    },
  };
}

/**
 * One step: takes packed parameters and moments under the names of `slots`, gives their successors and the losses. A
 * moment is read just by what computes its own successor, so a run may write it over itself; a weight may not.
 */
export function stepProgram(task: Task): Program {
  const packed = packing(trainedShapes(task));
  const { shapes } = packed;
  return {
    name: "step",
    inputs: {
      ...lossInputs(task),
      rate: { shape: [], dtype: "float32" },
      epsilon: { shape: [], dtype: "float32" },
      ...weightInputs(shapes, slots.weight),
      ...weightInputs(shapes, slots.first),
      ...weightInputs(shapes, slots.second),
    },
    build: (inputs) => {
      const weights = fromSlot(shapes, slots.weight, inputs);
      const { parts, gradient } = backward(
        task,
        packed.unpack(weights),
        inputs,
      );
      const state = Object.fromEntries(
        Object.keys(shapes).map((name): [string, Moments] => [name, {
          weight: weights[name],
          first: inputs[slots.first + name],
          second: inputs[slots.second + name],
        }]),
      );
      const next = adam(
        task.training,
        state,
        packed.pack(gradient),
        inputs.rate,
        inputs.epsilon,
      );
      const outputs: Record<string, Tensor> = {};
      for (const [name, { weight, first, second }] of Object.entries(next)) {
        outputs[NEXT + slots.weight + name] = weight;
        outputs[NEXT + slots.first + name] = first;
        outputs[NEXT + slots.second + name] = second;
      }
      return { ...outputs, ...parts };
    },
  };
}

/** Validation: the sum over the batch's target tokens of -log p, without dropout, and their number. */
export function validationProgram({ model, vocabulary }: Task): Program {
  const shapes = parameterShapes(model, vocabulary);
  return {
    name: "validation",
    inputs: { ...batchInputs, ...weightInputs(shapes, slots.weight) },
    build: (inputs) => {
      const parameters = fromSlot(shapes, slots.weight, inputs);
      const encoded = encode(model, parameters, inputs.source, noDropout);
      const { output } = decode(
        model,
        parameters,
        inputs.target,
        encoded,
        noDropout,
      );
      const labels = tf.reshape(inputs.labels, [output.shape[0] ?? 0]);
      const weights = positionWeights(inputs.labels, PAD);
      return {
        nll: negativeLogLikelihood(
          output,
          parameters.embedding,
          labels,
          weights,
        ),
      };
    },
  };
}

/** Forward and backward; the parts of the loss are kept although they are computed inside of the gradient's scope. */
function backward(task: Task, parameters: Tensors, inputs: Tensors) {
  const parts: Record<string, Tensor> = {};
  const { loss, gradients: gradient } = gradients(() => {
    const { loss, ...rest } = losses(task, parameters, inputs);
    for (const [name, tensor] of Object.entries(rest)) {
      if (tensor !== undefined) parts[name] = tf.keep(tensor);
    }
    return loss;
  }, parameters);
  return { parts: { loss, ...parts }, gradient };
}
