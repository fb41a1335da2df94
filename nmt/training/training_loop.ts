/** The training loop: batches, validation, checkpoints, and the average of the best of them. */
import { isFile } from "../../base/stat.ts";
import { batchOrder, makeBatch } from "../text/subwords/batches.ts";
import type { Tokens } from "../text/subwords/tokens.ts";
import type { Runtime } from "../tensor/program.ts";
import {
  averageWeights,
  loadModel,
  loadState,
  saveModel,
  saveState,
  type Validation,
} from "../transformer/checkpoint.ts";
import { parameterShapes, type Weights } from "../transformer/parameters.ts";
import type { TeacherSignals } from "../states/states.ts";
import { batchTensors, slots, slotTensors } from "./step_inputs.ts";
import {
  isLarge,
  type Task,
  trainedShapes,
  validationProgram,
} from "./training_step.ts";
import { compileStep, type StepLosses } from "./compiled_step.ts";

export interface TrainingJob {
  readonly task: Task;
  readonly seed: number;
  readonly runtime: Runtime;
  readonly threads?: number;
  readonly train: Tokens;
  readonly validation: Tokens;
  /** The teacher's signals of the batches of `train`. */
  readonly teacher?: Pick<TeacherSignals, "constants" | "read">;
  /** Initial values of some parameters. */
  readonly initial?: Weights;
  /** Folder for checkpoints; an interrupted training resumes from the last one here. */
  readonly folder: string;
  report(report: TrainingReport): void;
}

export interface TrainingReport {
  /** Steps done. */
  readonly step: number;
  readonly losses: StepLosses;
  /** Non-padding target tokens trained on since the last report. */
  readonly targetTokens: number;
  readonly validation?: Validation;
}

export interface Trained {
  readonly weights: Weights;
  /** -log p a target token of the validation pairs, of the averaged weights. */
  readonly nll: number;
  /** Every validation, in order. */
  readonly validations: readonly Validation[];
  /** Steps whose checkpoints were averaged. */
  readonly averaged: readonly number[];
}

/** Trains a task. Equal jobs give equal weights, bit for bit, also when they are interrupted and resumed. */
export async function train(job: TrainingJob): Promise<Trained> {
  const { task, folder } = job;
  const { steps, validateEvery, average } = task.training;
  const shapes = trainedShapes(task);
  const statePath = `${folder}/state.safetensors`;
  const resumed = isFile(statePath)
    ? loadState(
      statePath,
      shapes,
      `the checkpoint "${statePath}" (delete it to train from the start)`,
    )
    : undefined;
  const compiled = await compileStep(job.runtime, task, {
    seed: job.seed,
    threads: job.threads,
    constants: job.teacher?.constants,
    initial: job.initial,
    from: resumed,
  });
  const validate = await validator(job);
  let { step, epoch, batch, validations } = resumed ??
    { step: 0, epoch: 0, batch: 0, validations: [] };
  let order = batchOrder(job.train, task.training.batchTokens, job.seed, epoch);
  let lossSum = 0, stepsSummed = 0;
  while (step < steps) {
    if (batch === order.length) {
      epoch++;
      batch = 0;
      order = batchOrder(job.train, task.training.batchTokens, job.seed, epoch);
    }
    const data = makeBatch(job.train, order[batch]);
    const losses = await compiled.run(data, step, job.teacher?.read(data));
    step++;
    batch++;
    lossSum += losses.loss;
    stepsSummed++;
    let validation: Validation | undefined;
    if (step % validateEvery === 0 || step === steps) {
      const state = await compiled.state();
      validation = {
        step,
        trainingLoss: lossSum / stepsSummed,
        nll: await validate(state.weights),
      };
      validations = [...validations, validation];
      [lossSum, stepsSummed] = [0, 0];
      keep(job, state.weights, validations, step);
      saveState(statePath, shapes, {
        ...state,
        step,
        epoch,
        batch,
        validations,
      });
      discardAllBut(folder, best(validations, average));
    }
    job.report({ step, losses, targetTokens: data.targetTokens, validation });
  }
  const averaged = best(validations, average);
  const weights = averageWeights(
    averaged.map((step) =>
      loadModel(checkpoint(folder, step), `checkpoint ${step}`).weights
    ),
  );
  const nll = await validate(weights);
  await compiled.dispose();
  return { weights, nll, validations, averaged };
}

const checkpoint = (folder: string, step: number) =>
  `${folder}/step-${step}.safetensors`;

/** The steps of the best validations, ascending. */
function best(validations: readonly Validation[], count: number): number[] {
  return validations.toSorted((a, b) => a.nll - b.nll || a.step - b.step)
    .slice(0, count).map(({ step }) => step).sort((a, b) => a - b);
}

/** Writes the weights of a step that is among the best so far. */
function keep(
  { task, folder }: TrainingJob,
  weights: Weights,
  validations: readonly Validation[],
  step: number,
): void {
  if (!best(validations, task.training.average).includes(step)) return;
  const { model, vocabulary } = task;
  saveModel(checkpoint(folder, step), {
    model,
    vocabulary,
    weights,
  });
}

function discardAllBut(folder: string, steps: readonly number[]): void {
  for (const { name } of Deno.readDirSync(folder)) {
    const step = /^step-(\d+)\.safetensors$/.exec(name)?.[1];
    if (step !== undefined && !steps.includes(Number(step))) {
      Deno.removeSync(`${folder}/${name}`);
    }
  }
}

/** A function from weights to the mean -log p of a validation token. */
async function validator({ task, runtime, threads, validation }: TrainingJob) {
  const executable = await runtime.compile(validationProgram(task), {
    threads,
    freesMemory: isLarge(task),
  });
  const shapes = parameterShapes(task.model, task.vocabulary);
  const batches = batchOrder(
    validation,
    Math.max(task.training.batchTokens, 4096),
    0,
    0,
  )
    .map((pairs) => makeBatch(validation, pairs));
  return async (weights: Weights): Promise<number> => {
    const parameters = slotTensors(shapes, slots.weight, weights);
    let sum = 0, tokens = 0;
    for (const batch of batches) {
      const { nll } = await executable.run({
        ...batchTensors(batch),
        ...parameters,
      });
      sum += nll.data[0] * batch.targetTokens;
      tokens += batch.targetTokens;
    }
    return sum / tokens;
  };
}
