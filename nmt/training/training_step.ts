/** One training step as a program: forward, the loss, backward, Adam. */
import type { Model, Training } from "../../schemas/experiment/model.ts";
import { PAD } from "../../schemas/experiment/vocabulary.ts";
import { gradients } from "../tensor/gradient.ts";
import type { Program, Spec, Tensor, Tensors } from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";
import { adam, type Moments } from "./optimizer.ts";
import {
  batchInputs,
  fromSlot,
  NEXT,
  slots,
  weightInputs,
} from "./step_inputs.ts";
import { noDropout } from "../transformer/layers.ts";
import {
  negativeLogLikelihood,
  outputLoss,
  positionWeights,
} from "../distillation/output_loss.ts";
import { packing } from "./parameter_packing.ts";
import { parameterShapes, type Shapes } from "../transformer/parameters.ts";
import {
  decode,
  type Decoded,
  dropoutInputs,
  encode,
  type Encoded,
  maskedDropout,
} from "../transformer/transformer.ts";

/** What is trained, and what for. */
export interface Task {
  readonly model: Model;
  readonly vocabulary: number;
  readonly training: Training;
  /** The label-smoothed cross entropy of the references unless given. */
  readonly objective?: Objective;
}

/** What a task minimises, and what that takes beside the model and the batch. */
export interface Objective {
  /** Parameters that are trained with the model and are no part of it. */
  readonly shapes: Shapes;
  readonly inputs: Readonly<Record<string, Spec>>;
  losses(
    forward: Forward,
    parameters: Tensors,
    inputs: Tensors,
  ): Omit<Losses, "nll">;
}

/** What a model makes of a batch, and what it should. */
export interface Forward {
  readonly encoded: Encoded;
  readonly decoded: Decoded;
  /** The id that each row of the decoder's output is to say, [batch * target]. */
  readonly labels: Tensor;
  readonly smoothing: number;
  /** Weight of each target position, 0 for padding, [batch * target]. */
  readonly weights: Tensor;
}

/** The parts of a loss, each a scalar, and the loss itself. */
export interface Losses {
  readonly loss: Tensor;
  /** -log p(label) a target token, what perplexity is computed from. */
  readonly nll: Tensor;
  readonly softTargets?: Tensor;
  readonly layers?: Tensor;
  readonly attention?: Tensor;
}

/** Names of the scalars that a step gives, as far as its objective has them. */
export const LOSSES = [
  "loss",
  "nll",
  "softTargets",
  "layers",
  "attention",
] as const satisfies readonly (keyof Losses)[];

/** Shapes of all that a task trains: the model, and what its objective needs. */
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
  const encoded = encode(model, parameters, inputs.source, dropout);
  const decoded = decode(model, parameters, inputs.target, encoded, dropout);
  const x = decoded.output;
  const labels = tf.reshape(inputs.labels, [x.shape[0] ?? 0]);
  const weights = positionWeights(inputs.labels, PAD);
  const { embedding } = parameters;
  const nll = negativeLogLikelihood(x, embedding, labels, weights);
  const smoothing = training.labelSmoothing;
  const minimised = objective === undefined
    ? outputLoss(x, embedding, {
      weights,
      hard: { labels, smoothing, share: 1 },
    })
    : objective.losses(
      { encoded, decoded, labels, smoothing, weights },
      parameters,
      inputs,
    );
  return { ...minimised, nll };
}

/** Inputs of a step but for parameters and their moments. */
export function lossInputs(task: Task): Record<string, Spec> {
  return {
    ...batchInputs,
    ...dropoutInputs(task.model),
    ...task.objective?.inputs,
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
