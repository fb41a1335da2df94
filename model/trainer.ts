/** Holds a task's parameters and moments in memory and runs its compiled step on one batch after the other. */
import type { Batch } from "../text/batches.ts";
import {
  elements,
  type HostTensor,
  type HostTensors,
  type Runtime,
} from "../tensor/program.ts";
import { noam, stepSizes } from "./adam.ts";
import { masks } from "./masks.ts";
import { packing } from "./packing.ts";
import { initialWeights, type Weights } from "./parameters.ts";
import {
  batchTensors,
  NEXT,
  slots,
  stepProgram,
  type Task,
  trainedShapes,
} from "./step.ts";
import { dropoutInputs } from "./transformer.ts";

/** Losses of a step, each a mean a target token (layers: a position). */
export interface StepLosses {
  readonly loss: number;
  readonly nll: number;
  readonly softTargets?: number;
  readonly layers?: number;
}

export interface Trainer {
  /** Runs the step after `step` finished ones. The teacher's part of the inputs comes beside the batch. */
  run(batch: Batch, step: number, teacher?: HostTensors): Promise<StepLosses>;
  /** The parameters and moments as they are; valid until the next run. */
  state(): {
    readonly weights: Weights;
    readonly first: Weights;
    readonly second: Weights;
  };
  dispose(): Promise<void>;
}

export interface TrainerOptions {
  readonly seed: number;
  readonly threads?: number;
  /** Inputs that are the same in every step. */
  readonly constants?: HostTensors;
  /** Where to go on; initial weights and no moments unless given. */
  readonly from?: {
    readonly weights: Weights;
    readonly first: Weights;
    readonly second: Weights;
  };
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
  const initial = options.from?.weights ?? initialWeights(shapes, options.seed);
  const packed = packing(shapes);
  const zeros = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      new Float32Array(elements(shape)),
    ]),
  );
  const tensors = (
    slot: string,
    values: Weights = zeros,
  ): Record<string, HostTensor> =>
    Object.fromEntries(
      Object.entries(packed.packNumbers(values)).map(([name, data]) => [
        slot + name,
        { shape: packed.shapes[name], data },
      ]),
    );
  let current = tensors(slots.weight, initial);
  let next = tensors(slots.weight);
  const moments = {
    ...tensors(slots.first, options.from?.first),
    ...tensors(slots.second, options.from?.second),
  };
  const successors = (tensors: HostTensors): HostTensors =>
    Object.fromEntries(
      Object.entries({ ...tensors, ...moments }).map((
        [name, tensor],
      ) => [NEXT + name, tensor]),
    );
  const into = [successors(next), successors(current)];
  let parity = 0;
  const dropout = masks(
    dropoutInputs(task.model),
    task.model.dropout,
    options.seed,
  );
  const scalar = (value: number): HostTensor => ({
    shape: [],
    data: Float32Array.of(value),
  });
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
        ...current,
        ...moments,
        rate: scalar(rate),
        epsilon: scalar(epsilon),
      }, into[parity]);
      parity = 1 - parity;
      [current, next] = [next, current];
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
      };
    },
    state: () => ({
      weights: pick(current, slots.weight),
      first: pick(moments, slots.first),
      second: pick(moments, slots.second),
    }),
    dispose: () => executable.dispose(),
  };
}
