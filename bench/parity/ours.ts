/** Trains a teacher and its student and writes what PyTorch needs to do the same. */
import { join } from "@std/path";
import {
  type SavedModel,
  saveModel,
} from "../../nmt/transformer/checkpoint.ts";
import { distillationObjective } from "../../nmt/distillation/loss.ts";
import {
  initialWeights,
  type Weights,
} from "../../nmt/transformer/parameters.ts";
import {
  openTeacherSignals,
  recordStates,
  type TeacherSignals,
} from "../../nmt/states/states.ts";
import { type Task, trainedShapes } from "../../nmt/training/training_step.ts";
import { compileStep } from "../../nmt/training/compiled_step.ts";
import {
  type Distillation,
  Signals,
} from "../../schemas/experiment/distillation.ts";
import type { Model, Training } from "../../schemas/experiment/model.ts";
import {
  type StoredTensor,
  writeSafetensors,
} from "../../nmt/tensor/safetensors.ts";
import type { Role } from "../../nmt/random.ts";
import type { Runtime } from "../../nmt/tensor/program.ts";
import { loadRuntime } from "../../nmt/tensor/runtime.ts";
import {
  type Batch,
  batchOrder,
  makeBatch,
} from "../../nmt/text/subwords/batches.ts";
import type { Tokens } from "../../nmt/text/subwords/tokens.ts";
import { type Ordered, touched } from "../measures/pairs.ts";

/** A teacher and a student that are trained alike, without dropout. */
export interface Compared {
  readonly tokens: Tokens;
  readonly vocabulary: number;
  readonly teacher: Model;
  readonly student: Model;
  /** Of both. */
  readonly training: Training;
  readonly distillation: Distillation;
  readonly seed: number;
  readonly threads: number;
}

/** The loss of each step. */
export interface Curves {
  readonly teacher: readonly number[];
  readonly student: readonly number[];
}

/**
 * Trains both and writes into `folder` what they were trained on and from: `batches.safetensors`, `task.json`, the models
 * `teacher-initial`, `teacher` (trained) and `student-initial`, and the initial `projections`. `report` gets the number of steps done.
 */
export async function ourCurves(
  compared: Compared,
  folder: string,
  report: (steps: number) => void = () => {},
): Promise<Curves> {
  const { training, distillation, vocabulary, seed, threads } = compared;
  const { tokens, order } = ordered(compared);
  const batches = order.map((pairs) => makeBatch(tokens, pairs));
  writeBatches(join(folder, "batches.safetensors"), batches);
  await Deno.writeTextFile(
    join(folder, "task.json"),
    JSON.stringify({ training, ...distillation }),
  );
  const runtime = await loadRuntime();
  let steps = 0;
  const descended = async (
    task: Task,
    role: Role,
    signals?: TeacherSignals,
  ): Promise<{ losses: number[]; weights: Weights }> => {
    const initial = initialWeights(trainedShapes(task), seed, role);
    const path = join(folder, `${role}-initial.safetensors`);
    saveModel(path, { ...task, weights: initial });
    if (signals !== undefined) writeProjections(folder, task, initial);
    const compiled = await compileStep(runtime, task, {
      role,
      seed,
      threads,
      initial,
      constants: signals?.constants,
    });
    const losses: number[] = [];
    for (const [step, batch] of batches.entries()) {
      const { loss } = await compiled.run(
        batch,
        step,
        await signals?.read(batch),
      );
      losses.push(loss);
      report(++steps);
    }
    const { weights } = await compiled.state();
    await compiled.dispose();
    return { losses, weights };
  };

  const model = compared.teacher;
  const trained = await descended({ model, vocabulary, training }, "teacher");
  const teacher = { model, vocabulary, weights: trained.weights };
  saveModel(join(folder, "teacher.safetensors"), teacher);
  const states = await record(runtime, teacher, tokens, compared, folder);
  const signals = openTeacherSignals(
    teacher,
    () => states,
    tokens,
    distillation,
  );
  const student = await descended(
    {
      model: compared.student,
      vocabulary,
      training,
      objective: distillationObjective(compared.student.width, {
        model,
        vocabulary,
        distillation,
      }),
    },
    "student",
    signals,
  );
  signals.close();
  return { teacher: trained.losses, student: student.losses };
}

/** The batches of all steps, over as many epochs as they take, and the pairs that are in them. */
function ordered({ tokens, training, seed }: Compared): Ordered {
  const order: Int32Array[] = [];
  for (let epoch = 0; order.length < training.steps; epoch++) {
    order.push(...batchOrder(tokens, training.batchTokens, seed, epoch));
  }
  return touched({ tokens, order: order.slice(0, training.steps) });
}

function writeBatches(path: string, batches: readonly Batch[]): void {
  const tensors: Record<string, StoredTensor> = {};
  batches.forEach((batch, i) => {
    const { rows, sourceLength, targetLength } = batch;
    const { source, target, labels } = batch;
    tensors[`${i}.source`] = { shape: [rows, sourceLength], data: source };
    tensors[`${i}.target`] = { shape: [rows, targetLength], data: target };
    tensors[`${i}.labels`] = { shape: [rows, targetLength], data: labels };
  });
  writeSafetensors(path, tensors);
}

/** The maps that are trained with a student and are no part of it. */
function writeProjections(
  folder: string,
  { objective }: Task,
  initial: Weights,
): void {
  const tensors = Object.entries(objective?.shapes ?? {}).map((
    [name, shape],
  ) => [name, { shape, data: initial[name] }]);
  writeSafetensors(
    join(folder, "projections.safetensors"),
    Object.fromEntries(tensors),
  );
}

/** Records what the teacher says of the pairs; the folder of it. */
async function record(
  runtime: Runtime,
  teacher: SavedModel,
  tokens: Tokens,
  { distillation: { encoder, decoder }, threads }: Compared,
  parent: string,
): Promise<string> {
  const folder = join(parent, "states");
  await Deno.mkdir(folder);
  const signals = Signals.parse({
    final: true,
    encoder: [...new Set(encoder.flat())],
    decoder: [...new Set(decoder.flat())],
  });
  const report = () => {};
  const job = { runtime, threads, teacher, tokens, signals, folder, report };
  await recordStates(job);
  return folder;
}
