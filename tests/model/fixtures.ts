/** Small tasks and random batches for the tests of models: every code path, in milliseconds. */
import { BOS, EOS, PAD } from "../../schemas/vocabulary.ts";
import { Distillation } from "../../schemas/distillation.ts";
import { Model, Training } from "../../schemas/model.ts";
import { random } from "../../schemas/random.ts";
import { masks } from "../../model/masks.ts";
import { initialWeights } from "../../model/parameters.ts";
import { distilled } from "../../model/distillation.ts";
import { slots } from "../../model/inputs.ts";
import { type Task, trainedShapes } from "../../model/step.ts";
import { dropoutInputs } from "../../model/transformer.ts";
import type { HostTensor, HostTensors } from "../../tensor/program.ts";

export const VOCABULARY = 51;

export const studentModel = Model.parse({
  encoderLayers: 2,
  decoderLayers: 2,
  width: 16,
  feedForward: 24,
  heads: 2,
  dropout: 0.1,
});

export const teacherModel = Model.parse({
  encoderLayers: 4,
  decoderLayers: 3,
  width: 20,
  feedForward: 24,
  heads: 4,
  dropout: 0,
});

/** A task; with a distillation, its teacher is deeper and wider than the student. */
export function task(
  distillation?: Partial<Distillation>,
  training: Partial<Training> = {},
): Task {
  if (distillation !== undefined) {
    return distillationTask(studentModel, teacherModel, distillation, training);
  }
  return {
    model: studentModel,
    vocabulary: VOCABULARY,
    training: Training.parse(training),
  };
}

/** The task of a student of any shape, distilled from a teacher of any shape. */
export function distillationTask(
  student: Model,
  teacher: Model,
  distillation: Partial<Distillation>,
  training: Partial<Training> = {},
): Task {
  return {
    model: student,
    vocabulary: VOCABULARY,
    training: Training.parse(training),
    objective: distilled(student.width, {
      model: teacher,
      vocabulary: VOCABULARY,
      distillation: Distillation.parse(distillation),
    }),
  };
}

export interface Lengths {
  readonly batch: number;
  readonly source: number;
  readonly target: number;
}

const tensor = (shape: number[], next: () => number): HostTensor => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, next),
});

/** A batch of random sentences of random lengths up to the given ones, with the teacher's part and dropout masks. */
export function batch(
  task: Task,
  { batch, source, target }: Lengths,
  seed: number,
): Record<string, HostTensor> {
  const next = random("batch", seed, batch, source, target);
  const token = () => 3 + Math.floor(next() * (task.vocabulary - 3));
  const inputs = {
    source: {
      shape: [batch, source],
      data: new Int32Array(batch * source).fill(PAD),
    },
    target: {
      shape: [batch, target],
      data: new Int32Array(batch * target).fill(PAD),
    },
    labels: {
      shape: [batch, target],
      data: new Int32Array(batch * target).fill(PAD),
    },
  };
  for (let row = 0; row < batch; row++) {
    const sourceLength = row === 0 ? source : 1 + Math.floor(next() * source);
    const targetLength = row === 0 ? target : 1 + Math.floor(next() * target);
    for (let i = 0; i < sourceLength; i++) {
      inputs.source.data[row * source + i] = i + 1 < sourceLength
        ? token()
        : EOS;
    }
    for (let i = 0; i < targetLength; i++) {
      const label = i + 1 < targetLength ? token() : EOS;
      inputs.labels.data[row * target + i] = label;
      inputs.target.data[row * target + i] = i === 0
        ? BOS
        : inputs.labels.data[row * target + i - 1];
    }
  }
  const drawn = masks(dropoutInputs(task.model), task.model.dropout, seed).draw(
    1,
    { batch, source, target },
  );
  return {
    ...inputs,
    ...drawn,
    ...teacherSays(task, { batch, source, target }, () => next() * 2 - 1),
  };
}

/** Random values for what the objective takes beside the batch. */
function teacherSays(
  { objective }: Task,
  lengths: Lengths,
  next: () => number,
): HostTensors {
  const sizes: Readonly<Record<string, number>> = { ...lengths };
  return Object.fromEntries(
    Object.entries(objective?.inputs ?? {}).map(([name, { shape, dtype }]) => {
      const real = shape.map((dim) =>
        typeof dim === "number" ? dim : sizes[dim]
      );
      const drawn = tensor(real, next);
      const data = dtype === "float16"
        ? Float16Array.from(drawn.data)
        : drawn.data;
      return [name, { shape: real, data }];
    }),
  );
}

/** Initial weights with random biases and gains, so that every gradient is exercised. */
export function weights(task: Task, seed: number): Record<string, HostTensor> {
  const shapes = trainedShapes(task);
  const next = random("perturbation", seed);
  return Object.fromEntries(
    Object.entries(initialWeights(shapes, seed)).map(([name, values]) => [
      slots.weight + name,
      {
        shape: shapes[name],
        data: values.map((value) => value + 0.2 * (next() - 0.5)),
      },
    ]),
  );
}
