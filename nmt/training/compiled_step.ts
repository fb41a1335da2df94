/** Holds a task's parameters and moments in memory and runs its compiled step on one batch after the other. */
import type { Batch } from "../text/subwords/batches.ts";
import {
  elements,
  type HostTensor,
  type HostTensors,
  type PlacedTensors,
  type Runtime,
} from "../tensor/program.ts";
import { noam, stepSizes } from "./optimizer.ts";
import { masks } from "./dropout_masks.ts";
import { type Packing, packing } from "./parameter_packing.ts";
import { initialWeights, type Weights } from "../transformer/parameters.ts";
import { batchTensors, NEXT, slots } from "./step_inputs.ts";
import {
  LOSSES,
  type Losses,
  stepProgram,
  type Task,
  trainedShapes,
} from "./training_step.ts";
import { dropoutInputs } from "../transformer/transformer.ts";

/** Losses of a step, each a mean a target token (layers: a position). */
export type StepLosses = Readonly<{ [Name in keyof Losses]: number }>;

export interface TrainerState {
  readonly weights: Weights;
  readonly first: Weights;
  readonly second: Weights;
}

export interface Trainer {
  /** Runs the step after `step` finished ones. The teacher's part of the inputs comes beside the batch. */
  run(batch: Batch, step: number, teacher?: HostTensors): Promise<StepLosses>;
  /** The parameters and moments as they are; valid until the next run. */
  state(): Promise<TrainerState>;
  dispose(): Promise<void>;
}

export interface TrainerOptions {
  readonly seed: number;
  readonly threads?: number;
  /** Inputs that are the same in every step. */
  readonly constants?: HostTensors;
  /** What some parameters start from; the rest have random values. */
  readonly initial?: Weights;
  /** Where to go on; initial weights and no moments unless given. */
  readonly from?: TrainerState;
}

/** Compiles the step of a task. Weights are double buffered, moments are overwritten in place. */
export async function createTrainer(
  runtime: Runtime,
  task: Task,
  options: TrainerOptions,
): Promise<Trainer> {
  const shapes = trainedShapes(task);
  const executable = await runtime.compile(stepProgram(task), {
    constants: options.constants,
    threads: options.threads,
  });
  const packed = packing(shapes);
  const { from, seed } = options;
  const placed = (prefix: string, numbers?: Weights) =>
    each(slot(packed, prefix, numbers), runtime.place);
  const initial = from?.weights ??
    { ...initialWeights(shapes, seed), ...options.initial };
  const weights = [
    await placed(slots.weight, packed.packNumbers(initial)),
    await placed(slots.weight),
  ];
  let current = 0;
  const moments = {
    ...await placed(slots.first, from && packed.packNumbers(from.first)),
    ...await placed(slots.second, from && packed.packNumbers(from.second)),
  };
  const successors = (tensors: PlacedTensors): PlacedTensors =>
    Object.fromEntries(
      Object.entries({ ...tensors, ...moments }).map((
        [name, tensor],
      ) => [NEXT + name, tensor]),
    );
  const losses = Object.fromEntries(
    LOSSES.map((name) => [name, scalar(0)]),
  );
  const into = weights.map((_, i) => ({
    ...successors(weights[1 - i]),
    ...losses,
  }));
  const dropout = masks(
    dropoutInputs(task.model),
    task.model.dropout,
    seed,
  );
  const pick = (from: HostTensors, slot: string): Weights =>
    packed.unpackNumbers(Object.fromEntries(
      Object.keys(packed.shapes).map((
        name,
      ) => [name, from[slot + name].data as Float32Array<ArrayBuffer>]),
    ));
  return {
    run: async (batch, done, teacher = {}) => {
      const step = done + 1;
      const sizes = {
        batch: batch.rows,
        source: batch.sourceLength,
        target: batch.targetLength,
      };
      const { rate, epsilon } = stepSizes(
        task.training,
        noam(task.training, task.model.width, step),
        step,
      );
      const results = await executable.run({
        ...batchTensors(batch),
        ...dropout.draw(step, sizes),
        ...teacher,
        ...weights[current],
        ...moments,
        rate: scalar(rate),
        epsilon: scalar(epsilon),
      }, into[current]);
      current = 1 - current;
      const loss = (name: string) => results[name]?.data[0];
      if (!Number.isFinite(loss("loss"))) {
        throw new Error(
          `Training diverged at step ${step}: the loss is ${
            loss("loss")
          }; try a lower training.factor, a longer ` +
            "training.warmup, or training.clipNorm",
        );
      }
      return {
        loss: loss("loss"),
        nll: loss("nll"),
        softTargets: loss("softTargets"),
        layers: loss("layers"),
        attention: loss("attention"),
      };
    },
    state: async () => {
      const latest = await each(weights[current], runtime.read);
      const read = await each(moments, runtime.read);
      return {
        weights: pick(latest, slots.weight),
        first: pick(read, slots.first),
        second: pick(read, slots.second),
      };
    },
    dispose: () => executable.dispose(),
  };
}

const scalar = (value: number): HostTensor => ({
  shape: [],
  data: Float32Array.of(value),
});

/** The packed parameters as the inputs of a slot; zeros for those that have no numbers. */
function slot(
  { shapes }: Packing,
  prefix: string,
  numbers: Weights = {},
): Record<string, HostTensor> {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const data = numbers[name] ?? new Float32Array(elements(shape));
      return [prefix + name, { shape, data }];
    }),
  );
}

/** What becomes of each tensor, one after the other. */
async function each<From, To>(
  tensors: Readonly<Record<string, From>>,
  act: (tensor: From) => Promise<To>,
): Promise<Record<string, To>> {
  const results: Record<string, To> = {};
  for (const [name, tensor] of Object.entries(tensors)) {
    results[name] = await act(tensor);
  }
  return results;
}
