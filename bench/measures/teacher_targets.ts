/** The paper's students, trained on states that are recorded first. */
import { distillationObjective } from "../../nmt/distillation/loss.ts";
import {
  openTeacherSignals,
  recordStates,
  type TeacherSignals,
} from "../../nmt/states/states.ts";
import type { SavedModel } from "../../nmt/transformer/checkpoint.ts";
import {
  type CompiledStep,
  compileStep,
} from "../../nmt/training/compiled_step.ts";
import {
  Distillation,
  type LayerMap,
  Signals,
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

/** All of the teacher's encoder layers, which are what the paper's maps combine, and its final state. */
const SIGNALS = Signals.parse({ final: true, encoder: [1, 2, 3, 4, 5, 6] });

/** Records the teacher's encoder layers and final state of some pairs; `report` gets the number of pairs done. */
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
    signals: SIGNALS,
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

export interface CompiledStudent extends CompiledStep {
  /** What is read of the teacher for each batch; nothing for a student without one. */
  readonly signals: TeacherSignals | undefined;
}

/** Trains a 2 + 2 layer student of the teacher's width on what was recorded. */
export async function compileStudent(
  runtime: Runtime,
  recorded: Recorded,
  system: System,
  threads: number,
): Promise<CompiledStudent> {
  const { teacher, folder, tokens } = recorded;
  const { width, feedForward, heads, dropout } = teacher.model;
  const model = StudentModel.parse({ width, feedForward, heads, dropout });
  const distillation = Distillation.parse(system);
  const signals = system.alpha + system.beta > 0
    ? openTeacherSignals(teacher, () => folder, tokens, distillation)
    : undefined;
  const compiled = await compileStep(runtime, {
    model,
    vocabulary: teacher.vocabulary,
    training,
    objective: signals &&
      distillationObjective(width, { ...teacher, distillation }),
  }, { role: "student", seed: 1, threads, constants: signals?.constants });
  return { ...compiled, signals };
}
