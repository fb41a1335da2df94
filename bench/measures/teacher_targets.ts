/** The paper's students and the trainers of them, on states that are recorded first. */
import { distilled } from "../../nmt/distillation/loss.ts";
import {
  type Lessons,
  lessonsOf,
  recordStates,
} from "../../nmt/states/states.ts";
import type { SavedModel } from "../../nmt/transformer/checkpoint.ts";
import {
  createTrainer,
  type Trainer,
} from "../../nmt/training/compiled_step.ts";
import {
  Distillation,
  type LayerMap,
} from "../../schemas/experiment/distillation.ts";
import { StudentModel } from "../../schemas/experiment/model.ts";
import type { Runtime } from "../../nmt/tensor/program.ts";
import type { Tokens } from "../../nmt/text/subwords/tokens.ts";
import { training } from "../figures.ts";

/** Where the states of some pairs lie, and whose they are. */
export interface Recorded {
  readonly teacher: SavedModel;
  readonly tokens: Tokens;
  readonly folder: string;
}

/** All of the teacher's encoder layers, which are what the paper's maps combine. */
const ENCODER_LAYERS = [1, 2, 3, 4, 5, 6];

/** Records the teacher's encoder layers and final state of some pairs; `report` is told the pairs done. */
export async function record(
  runtime: Runtime,
  { teacher, tokens, folder }: Recorded,
  threads: number,
  report: (pairs: number) => void = () => {},
): Promise<void> {
  await recordStates({
    runtime,
    threads,
    teacher,
    tokens,
    layers: { encoder: ENCODER_LAYERS, decoder: [] },
    folder,
    report: ({ pairs }) => report(pairs),
  });
}

/** alpha and beta of a system, and its layer map. */
export interface System {
  readonly alpha: number;
  readonly beta: number;
  readonly encoder: LayerMap;
}

export const ckd = (encoder: LayerMap): System => ({
  alpha: 0.6,
  beta: 0.2,
  encoder,
});

export const CKD_REGULAR = ckd([[1, 2, 3], [4, 5, 6]]);

export interface StudentTrainer extends Trainer {
  /** What is read of the teacher for each batch; nothing for a student without one. */
  readonly lessons: Lessons | undefined;
}

/** Trains a 2 + 2 layer student of the teacher's width on what was recorded. */
export async function studentTrainer(
  runtime: Runtime,
  recorded: Recorded,
  system: System,
  threads: number,
): Promise<StudentTrainer> {
  const { teacher, folder, tokens } = recorded;
  const { width, feedForward, heads, dropout } = teacher.model;
  const model = StudentModel.parse({ width, feedForward, heads, dropout });
  const distillation = Distillation.parse(system);
  const lessons = system.alpha + system.beta > 0
    ? lessonsOf(teacher, folder, tokens, distillation)
    : undefined;
  const trainer = await createTrainer(runtime, {
    model,
    vocabulary: teacher.vocabulary,
    training,
    objective: lessons && distilled(width, { ...teacher, distillation }),
  }, { seed: 1, threads, constants: lessons?.constants });
  return { ...trainer, lessons };
}
