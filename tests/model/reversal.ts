/**
 * A toy language whose translation is the reversed sentence: trains a teacher on it and distills a student, in a
 * folder, the way the stages do. Run as a program with the folder as its argument, so that a test can kill it.
 */
import { isThere, loadModel } from "../../model/checkpoint.ts";
import { distilled } from "../../model/distillation.ts";
import { fit } from "../../model/fit.ts";
import { lessonsOf, recordStates } from "../../model/states.ts";
import { Distillation } from "../../schemas/distillation.ts";
import { type Model, StudentModel, Training } from "../../schemas/model.ts";
import { random } from "../../schemas/random.ts";
import { loadRuntime } from "../../tensor/runtime.ts";
import {
  packSide,
  readTokens,
  type Tokens,
  writeTokens,
} from "../../text/tokens.ts";

const SYMBOLS = 6;
const LONGEST = 5;
export const VOCABULARY = 3 + SYMBOLS;

const shape = { width: 48, feedForward: 96, heads: 4, dropout: 0 };
const teacherModel: Model = { ...shape, encoderLayers: 3, decoderLayers: 2 };
const studentModel = StudentModel.parse({
  ...shape,
  encoderLayers: 2,
  decoderLayers: 1,
});
const distillation = Distillation.parse({
  alpha: 0.3,
  beta: 0.3,
  encoder: [[1, 2], [2, 3]],
});
const training = Training.parse({
  steps: 900,
  batchTokens: 768,
  factor: 0.5,
  warmup: 100,
  beta2: 0.98,
  validateEvery: 50,
  labelSmoothing: 0.1,
});

/** Random sentences and their reversals. */
export function sentences(seed: number, pairs: number): Tokens {
  const next = random("reversal", seed);
  const source = Array.from({ length: pairs }, () =>
    Int32Array.from(
      { length: 1 + Math.floor(next() * LONGEST) },
      () => 3 + Math.floor(next() * SYMBOLS),
    ));
  return {
    source: packSide(source),
    target: packSide(source.map((sentence) => sentence.toReversed())),
    pairs,
  };
}

export interface ToyFiles {
  readonly teacher: string;
  readonly student: string;
}

export const toyFiles = (folder: string): ToyFiles => ({
  teacher: `${folder}/teacher.safetensors`,
  student: `${folder}/student.safetensors`,
});

/** Trains both models in `folder`; goes on where a run before was stopped. */
export async function trainToy(
  folder: string,
  progress: (stage: string, done: number) => void = () => {},
  seed = 3,
): Promise<void> {
  const runtime = await loadRuntime();
  const files = toyFiles(folder);
  const path = (name: string) => `${folder}/${name}`;
  for (const name of ["teacher", "states", "student"]) {
    Deno.mkdirSync(path(name), { recursive: true });
  }
  writeTokens(path("train"), sentences(1, 12000));
  writeTokens(path("validation"), sentences(2, 100));
  const common = {
    runtime,
    train: path("train"),
    validation: path("validation"),
    log: () => {},
  };
  if (!isThere(files.teacher)) {
    await fit({
      ...common,
      task: { model: teacherModel, vocabulary: VOCABULARY, training },
      seed,
      model: files.teacher,
      curve: path("teacher.json"),
      work: path("teacher"),
      progress: ({ done }) => progress("teacher", done),
    });
  }
  const teacher = loadModel(files.teacher, "the toy teacher");
  await recordStates({
    runtime,
    teacher,
    tokens: readTokens(path("train")),
    layers: { encoder: [1, 2, 3], decoder: [] },
    folder: path("states"),
    report: ({ pairs }) => progress("states", pairs),
  });
  await fit({
    ...common,
    task: {
      model: studentModel,
      vocabulary: VOCABULARY,
      training,
      objective: distilled(studentModel.width, { ...teacher, distillation }),
    },
    seed: seed + 1,
    model: files.student,
    curve: path("student.json"),
    work: path("student"),
    teacher: (tokens) =>
      lessonsOf(teacher, path("states"), tokens, distillation),
    progress: ({ done }) => progress("student", done),
  });
}

if (import.meta.main) {
  await trainToy(Deno.args[0], (stage, done) => console.log(stage, done));
}
