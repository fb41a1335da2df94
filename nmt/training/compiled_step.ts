/** A compiled training step, with the parameters and moments of its task. */
import type { Batch } from "../text/subwords/batches.ts";
import type {
  HostTensor,
  HostTensors,
  PlacedTensors,
  Runtime,
} from "../tensor/program.ts";
import type { Role } from "../random.ts";
import { diverged, rateOf, stepSizes } from "./optimizer.ts";
import { dropoutMasks } from "./dropout_masks.ts";
import { batchTensors, rowsSymbol } from "../transformer/batch_inputs.ts";
import { parameterPacking } from "./parameter_packing.ts";
import { initialWeights, type Weights } from "../transformer/parameters.ts";
import { fromSlot, NEXT, slots, slotTensors } from "./step_inputs.ts";
import {
  LOSSES,
  type Losses,
  stepProgram,
  type Task,
  trainedShapes,
} from "./training_step.ts";
import { dropoutInputs } from "../transformer/transformer.ts";

/** Losses of a step: means over target tokens, and over positions for layers. */
export type StepLosses = Readonly<{ [Name in keyof Losses]: number }>;

export interface StepState {
  readonly weights: Weights;
  readonly first: Weights;
  readonly second: Weights;
}

export interface CompiledStep {
  /**
   * Trains on a batch, after `step` finished steps; `teacher` has the inputs of the objective.
   *
   * @throws An input error where the loss is not a finite number.
   */
  run(batch: Batch, step: number, teacher?: HostTensors): Promise<StepLosses>;
  /** The parameters and moments; valid until the next run. */
  state(): Promise<StepState>;
  dispose(): Promise<void>;
}

export interface StepOptions {
  readonly role: Role;
  readonly seed: number;
  readonly threads?: number;
  /** Inputs that are equal in every step. */
  readonly constants?: HostTensors;
  /** Initial values of some parameters; the others are random. */
  readonly initial?: Weights;
  /** The state to resume from; initial weights and zero moments unless given. */
  readonly from?: StepState;
}

/** Compiles the step of a task. Weights are double buffered, moments are overwritten in place. */
export async function compileStep(
  runtime: Runtime,
  task: Task,
  options: StepOptions,
): Promise<CompiledStep> {
  const shapes = trainedShapes(task);
  const executable = await runtime.compile(stepProgram(task), {
    constants: options.constants,
    threads: options.threads,
  });
  const packed = parameterPacking(shapes);
  const { from, role, seed } = options;
  const placed = (slot: string, values?: Weights) =>
    each(slotTensors(packed.shapes, slot, values), runtime.place);
  const initial = from?.weights ??
    { ...initialWeights(shapes, seed, role), ...options.initial };
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
  const dropout = dropoutMasks(
    dropoutInputs(task.model),
    task.model.dropout,
    seed,
    role,
  );
  const unpacked = (read: HostTensors, slot: string): Weights =>
    packed.unpackNumbers(Object.fromEntries(
      Object.entries(fromSlot(packed.shapes, slot, read)).map((
        [name, { data }],
      ) => [name, data as Float32Array<ArrayBuffer>]),
    ));
  return {
    run: async (batch, done, teacher = {}) => {
      const step = done + 1;
      const tensors = batchTensors(batch, task.model);
      const sizes = {
        [rowsSymbol("source")]: tensors.source.data.length,
        [rowsSymbol("target")]: tensors.target.data.length,
      };
      const { rate, epsilon } = stepSizes(
        task.training,
        rateOf(task.training, task.model.width, step),
        step,
      );
      const results = await executable.run({
        ...tensors,
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
        throw diverged(task.training, `step ${step}`);
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
        weights: unpacked(latest, slots.weight),
        first: unpacked(read, slots.first),
        second: unpacked(read, slots.second),
      };
    },
    dispose: () => executable.dispose(),
  };
}

const scalar = (value: number): HostTensor => ({
  shape: [],
  data: Float32Array.of(value),
});

/** Applies a function to each tensor, one after the other. */
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
