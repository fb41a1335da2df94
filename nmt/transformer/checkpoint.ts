/** Model files and training checkpoints: written atomically, checked when read. */
import { z } from "zod";
import { inputError, parse } from "../../base/input_error.ts";
import { Model } from "../../schemas/experiment/model.ts";
import {
  readSafetensors,
  type StoredTensor,
  writeSafetensors,
} from "../tensor/safetensors.ts";
import { parameterShapes, type Shapes, type Weights } from "./parameters.ts";
import { slots, slotTensors } from "../training/step_inputs.ts";

export interface SavedModel {
  readonly model: Model;
  readonly vocabulary: number;
  readonly weights: Weights;
}

/** Writes a model; equal models give equal bytes. */
export function saveModel(
  path: string,
  { model, vocabulary, weights }: SavedModel,
): void {
  const shapes = parameterShapes(model, vocabulary);
  writeSafetensors(path, slotTensors(shapes, "", weights), {
    config: JSON.stringify(model),
    vocabulary: String(vocabulary),
  });
}

/**
 * Reads a model; `what` is its name for the user.
 *
 * @throws An input error where the file is missing, damaged or not a model.
 */
export function loadModel(path: string, what: string): SavedModel {
  const { tensors, metadata } = readSafetensors(path, what);
  const model = parse(
    Model,
    json(metadata.config, what),
    `the config in ${what}`,
  );
  const vocabulary = Number(metadata.vocabulary);
  if (!Number.isInteger(vocabulary) || vocabulary < 1) {
    throw inputError(
      `Cannot use ${what}: expected the size of its vocabulary, found ${metadata.vocabulary}.`,
    );
  }
  return {
    model,
    vocabulary,
    weights: collect(tensors, parameterShapes(model, vocabulary), "", what),
  };
}

/** A validated checkpoint among the best. */
export interface Validation {
  readonly step: number;
  /** Mean loss of the training steps since the validation before. */
  readonly trainingLoss: number;
  /** -log p a target token. */
  readonly nll: number;
  /** BLEU of greedy translations, where checkpoints are chosen by it. */
  readonly bleu?: number;
}

/** The state of a training, from which it resumes bit for bit. */
export interface TrainingState {
  readonly weights: Weights;
  readonly first: Weights;
  readonly second: Weights;
  /** Steps done. */
  readonly step: number;
  /** Position in the data: the batch after the last one, in the order of this epoch. */
  readonly epoch: number;
  readonly batch: number;
  readonly validations: readonly Validation[];
  /** Sum of the losses of the steps since the last validation, and their number. */
  readonly lossSum: number;
  readonly stepsSummed: number;
}

export function saveState(
  path: string,
  shapes: Shapes,
  state: TrainingState,
): void {
  const tensors = {
    ...slotTensors(shapes, slots.weight, state.weights),
    ...slotTensors(shapes, slots.first, state.first),
    ...slotTensors(shapes, slots.second, state.second),
  };
  const { step, epoch, batch, validations, lossSum, stepsSummed } = state;
  const position = { step, epoch, batch, validations, lossSum, stepsSummed };
  writeSafetensors(path, tensors, { position: JSON.stringify(position) });
}

const count = z.int().min(0);
const Position = z.object({
  step: count,
  epoch: count,
  batch: count,
  validations: z.array(
    z.object({
      step: count,
      trainingLoss: z.number(),
      nll: z.number(),
      bleu: z.number().optional(),
    }),
  ),
  // Those of older versions were saved at validations only.
  lossSum: z.number().default(0),
  stepsSummed: count.default(0),
});

export function loadState(
  path: string,
  shapes: Shapes,
  what: string,
): TrainingState {
  const { tensors, metadata } = readSafetensors(path, what);
  const position = parse(
    Position,
    json(metadata.position, what),
    `the position in ${what}`,
  );
  return {
    ...position,
    weights: collect(tensors, shapes, slots.weight, what),
    first: collect(tensors, shapes, slots.first, what),
    second: collect(tensors, shapes, slots.second, what),
  };
}

/** The mean of several sets of weights, accumulated in double precision. */
export function averageWeights(sets: readonly Weights[]): Weights {
  return Object.fromEntries(
    Object.entries(sets[0]).map(([name, first]) => {
      const sum = Float64Array.from(first);
      for (const other of sets.slice(1)) {
        const values = other[name];
        for (let i = 0; i < sum.length; i++) sum[i] += values[i];
      }
      return [name, Float32Array.from(sum, (value) => value / sets.length)];
    }),
  );
}

/** A share of some weights, and the rest of others of the same names and shapes. */
export function interpolatedWeights(
  weights: Weights,
  others: Weights,
  share: number,
): Weights {
  return Object.fromEntries(
    Object.entries(weights).map(([name, values]) => [
      name,
      values.map((value, i) => share * value + (1 - share) * others[name][i]),
    ]),
  );
}

function json(text: string | undefined, what: string): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    throw inputError(
      `Cannot use ${what}: expected JSON in its metadata, found ${
        text ?? "nothing"
      }.`,
    );
  }
}

function collect(
  tensors: Readonly<Record<string, StoredTensor>>,
  shapes: Shapes,
  prefix: string,
  what: string,
): Record<string, Float32Array<ArrayBuffer>> {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const tensor = tensors[prefix + name];
      const fail = (found: string) =>
        inputError(
          `Cannot use ${what}: expected tensor "${
            prefix + name
          }" of shape [${shape}], found ${found}.`,
        );
      if (tensor === undefined) throw fail("none");
      const { data } = tensor;
      if (
        !(data instanceof Float32Array) || tensor.shape.join() !== shape.join()
      ) {
        throw fail(`${data.constructor.name} [${tensor.shape}]`);
      }
      return [name, data as Float32Array<ArrayBuffer>];
    }),
  );
}
