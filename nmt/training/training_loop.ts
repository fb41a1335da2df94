/** The training loop: batches, validation, checkpoints, and the choice among the best of them. */
import { isFile } from "../../base/stat.ts";
import { batchOrder, makeBatch } from "../text/subwords/batches.ts";
import type { Tokens } from "../text/subwords/tokens.ts";
import type { Role } from "../random.ts";
import {
  loadModel,
  loadState,
  saveModel,
  saveState,
  type Validation,
} from "../transformer/checkpoint.ts";
import type { Weights } from "../transformer/parameters.ts";
import type { TeacherSignals } from "../states/states.ts";
import {
  bestSteps,
  isPatienceOver,
  select,
  type Selected,
} from "./selection.ts";
import { trainedShapes } from "./training_step.ts";
import { type ValidationJob, validator } from "./validation.ts";
import { compileStep, type StepLosses } from "./compiled_step.ts";

export interface TrainingJob extends ValidationJob {
  readonly role: Role;
  readonly seed: number;
  readonly train: Tokens;
  /** The teacher's signals of the batches of `train`. */
  readonly teacher?: Pick<TeacherSignals, "constants" | "read">;
  /** Initial values of some parameters. */
  readonly initial?: Weights;
  /** Folder for checkpoints; an interrupted training resumes from the last one here. */
  readonly folder: string;
  /** Once it is aborted, training saves a checkpoint after its step and throws its reason. */
  readonly signal?: AbortSignal;
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

export interface Trained extends Selected {
  /** Every validation, in order; training ended with the last. */
  readonly validations: readonly Validation[];
}

/** Trains a task. Equal jobs give equal weights, bit for bit, also when they are interrupted and resumed. */
export async function train(job: TrainingJob): Promise<Trained> {
  const { task, folder, role, seed } = job;
  const { steps, batchTokens, validateEvery, average, patience } =
    task.training;
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
    role,
    seed,
    threads: job.threads,
    constants: job.teacher?.constants,
    initial: job.initial,
    from: resumed,
  });
  const validate = await validator(job);
  let { step, epoch, batch, validations, lossSum, stepsSummed } = resumed ??
    {
      ...{ step: 0, epoch: 0, batch: 0, validations: [] },
      ...{ lossSum: 0, stepsSummed: 0 },
    };
  const save = (state: Awaited<ReturnType<typeof compiled.state>>) =>
    saveState(statePath, shapes, {
      ...state,
      ...{ step, epoch, batch, validations, lossSum, stepsSummed },
    });
  const orderOf = (epoch: number) =>
    batchOrder(job.train, batchTokens, seed, epoch, role);
  let order = orderOf(epoch);
  while (step < steps && !isPatienceOver(validations, patience)) {
    if (batch === order.length) {
      epoch++;
      batch = 0;
      order = orderOf(epoch);
    }
    const data = makeBatch(job.train, order[batch]);
    const signals = await job.teacher?.read(data);
    const losses = await compiled.run(data, step, signals);
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
        ...await validate(state.weights),
      };
      validations = [...validations, validation];
      [lossSum, stepsSummed] = [0, 0];
      keep(job, state.weights, validations, step);
      save(state);
      discardAllBut(folder, bestSteps(validations, average));
    }
    job.report({ step, losses, targetTokens: data.targetTokens, validation });
    if (job.signal?.aborted) {
      if (validation === undefined) save(await compiled.state());
      throw job.signal.reason;
    }
  }
  const load = (step: number) =>
    loadModel(checkpoint(folder, step), `checkpoint ${step}`).weights;
  // The memory of a step goes first.
  await compiled.dispose();
  const selected = await select(validations, average, load, validate);
  return { ...selected, validations };
}

const checkpoint = (folder: string, step: number) =>
  `${folder}/step-${step}.safetensors`;

/** Writes the weights of a step that is among the best so far. */
function keep(
  { task, folder }: TrainingJob,
  weights: Weights,
  validations: readonly Validation[],
  step: number,
): void {
  if (!bestSteps(validations, task.training.average).includes(step)) return;
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
