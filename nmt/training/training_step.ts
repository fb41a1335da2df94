/** One training step as a program: forward pass, loss, backward pass, Adam. */
import type { Model, Training } from "../../schemas/experiment/model.ts";
import { PAD } from "../../schemas/experiment/vocabulary.ts";
import { gradients } from "../tensor/gradient.ts";
import type { Program, Spec, Tensor, Tensors } from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";
import { adam, type Moments } from "./optimizer.ts";
import { fromSlot, NEXT, slots, slotSpecs } from "./step_inputs.ts";
import { noDropout } from "../transformer/layers.ts";
import {
  negativeLogLikelihood,
  outputLoss,
  positionWeights,
} from "../distillation/output_loss.ts";
import { batchInputs, labelInputs } from "../transformer/batch_inputs.ts";
import { parameterPacking } from "./parameter_packing.ts";
import { parameterShapes, type Shapes } from "../transformer/parameters.ts";
import {
  decode,
  type Decoded,
  dropoutInputs,
  encode,
  type Encoded,
  type Logits,
  logitsOf,
  maskedDropout,
} from "../transformer/transformer.ts";

/** A model to train and the loss that it minimises. */
export interface Task {
  readonly model: Model;
  readonly vocabulary: number;
  readonly training: Training;
  /** L_NLL, the label-smoothed cross entropy of the references, unless given. */
  readonly objective?: Objective;
}

/** A loss, and what it needs in addition to the model and the batch. */
export interface Objective {
  /** Parameters that are trained with the model and are not part of it. */
  readonly shapes: Shapes;
  readonly inputs: Readonly<Record<string, Spec>>;
  losses(
    forward: Forward,
    parameters: Tensors,
    inputs: Tensors,
  ): Omit<Losses, "nll">;
}

/** The forward pass of a batch, and its labels. */
export interface Forward {
  readonly encoded: Encoded;
  readonly decoded: Decoded;
  readonly logits: Logits;
  /** The reference id of each row of the decoder's output, [target rows]. */
  readonly labels: Tensor;
  readonly smoothing: number;
  /** Weight of each target position, 0 for padding, [target rows]. */
  readonly weights: Tensor;
}

/** A loss and its terms, each a scalar. */
export interface Losses {
  readonly loss: Tensor;
  /** -log p(label) a target token, what perplexity is computed from. */
  readonly nll: Tensor;
  /** L_KD. */
  readonly softTargets?: Tensor;
  /** L_enc + L_dec. */
  readonly layers?: Tensor;
  /** L_att. */
  readonly attention?: Tensor;
}

/** Names of the scalar outputs of a step; an objective may lack some. */
export const LOSSES = [
  "loss",
  "nll",
  "softTargets",
  "layers",
  "attention",
] as const satisfies readonly (keyof Losses)[];

/** Shapes of the parameters of a task: those of the model and of its objective. */
export function trainedShapes(task: Task): Shapes {
  return {
    ...parameterShapes(task.model, task.vocabulary),
    ...task.objective?.shapes,
  };
}

/** The losses of a batch, over the inputs of a step. */
export function losses(
  task: Task,
  parameters: Tensors,
  inputs: Tensors,
): Losses {
  const { model, training, objective } = task;
  const dropout = maskedDropout(model, inputs);
  const encoded = encode(model, parameters, inputs, dropout);
  const decoded = decode(model, parameters, inputs, encoded, dropout);
  const { labels } = inputs;
  const weights = positionWeights(labels, PAD);
  const logits = logitsOf(model, parameters, decoded.output);
  const nll = negativeLogLikelihood(logits, labels, weights);
  const smoothing = training.labelSmoothing;
  const minimised = objective === undefined
    ? outputLoss(logits, {
      weights,
      L_NLL: { labels, smoothing, weight: 1 },
    })
    : objective.losses(
      { encoded, decoded, logits, labels, smoothing, weights },
      parameters,
      inputs,
    );
  return { ...minimised, nll };
}

/** Inputs of a step other than parameters and their moments. */
export function lossInputs(task: Task): Record<string, Spec> {
  return {
    ...batchInputs(task.model),
    ...labelInputs,
    ...dropoutInputs(task.model),
    ...task.objective?.inputs,
  };
}

/** Losses and the gradient of every parameter, named `gradient NAME`; for tests. */
export function gradientProgram(task: Task): Program {
  const shapes = trainedShapes(task);
  return {
    name: "gradients",
    inputs: { ...lossInputs(task), ...slotSpecs(shapes, slots.weight) },
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
 * One step: packed parameters and moments under the names of `slots` in, their successors (`NEXT`) and the losses out. A
 * moment is read only by what computes its successor, so a run may overwrite it in place; a weight is not.
 */
export function stepProgram(task: Task): Program {
  const packed = parameterPacking(trainedShapes(task));
  const { shapes } = packed;
  return {
    name: "step",
    inputs: {
      ...lossInputs(task),
      rate: { shape: [], dtype: "float32" },
      epsilon: { shape: [], dtype: "float32" },
      ...slotSpecs(shapes, slots.weight),
      ...slotSpecs(shapes, slots.first),
      ...slotSpecs(shapes, slots.second),
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
      return { ...outputs, ...recordedLast(parts) };
    },
  };
}

/**
 * The same scalars, of operations that are recorded now. ONNX Runtime begins with what the last node needs: the losses
 * are computed before the backward pass, and do not keep the logits until its end.
 */
function recordedLast(scalars: Tensors): Tensors {
  return Object.fromEntries(
    Object.entries(scalars).map((
      [name, scalar],
    ) => [name, tf.sum(tf.reshape(scalar, [1]))]),
  );
}

/** Validation: the mean of -log p over the target tokens of a batch, without dropout. */
export function validationProgram({ model, vocabulary }: Task): Program {
  const shapes = parameterShapes(model, vocabulary);
  return {
    name: "validation",
    inputs: {
      ...batchInputs(model),
      ...labelInputs,
      ...slotSpecs(shapes, slots.weight),
    },
    build: (inputs) => {
      const parameters = fromSlot(shapes, slots.weight, inputs);
      const encoded = encode(model, parameters, inputs, noDropout);
      const { output } = decode(
        model,
        parameters,
        inputs,
        encoded,
        noDropout,
      );
      return {
        nll: negativeLogLikelihood(
          logitsOf(model, parameters, output),
          inputs.labels,
          positionWeights(inputs.labels, PAD),
        ),
      };
    },
  };
}

/** Forward and backward pass; the terms are kept, as the gradient's scope would free them. */
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
