/** One experiment: data, teacher, students and their evaluation, with every default. */
import { z } from "zod";
import { mismatches } from "./agreement.ts";
import { Corpus, Data, Languages } from "./data.ts";
import { Evaluation } from "./evaluation.ts";

import { Distillation, Student, usesTeacher } from "./distillation.ts";
import {
  Model,
  ModelOverride,
  StudentModel,
  Training,
  TrainingOverride,
} from "./model.ts";
import { Runtime } from "./runtime.ts";
import { Vocabulary } from "./vocabulary.ts";

const seed = z.int().min(0).max(2 ** 31 - 1);

const Seeds = z.array(seed).min(1, "expected at least one seed")
  .superRefine((seeds, context) => {
    const twice = seeds.find((seed, i) => seeds.indexOf(seed) < i);
    if (twice === undefined) return;
    context.addIssue({
      code: "custom",
      message: `expected distinct seeds, found ${twice} twice`,
    });
  });

const System = z.strictObject({
  ...Distillation.shape,
  /** Other seeds than the experiment's. */
  seeds: Seeds.optional(),
  /** What this system changes of the shared student. */
  model: ModelOverride.prefault({}),
  training: TrainingOverride.prefault({}),
});

const systemName = z.string().regex(
  /^[a-z0-9][a-z0-9-]*$/,
  "expected a system name of lower-case letters, digits and dashes",
).refine(
  (name) => name !== "teacher",
  'expected another name than "teacher", which has its own place',
);

/** An experiment as it is written. */
export const Given = z.strictObject({
  seed: seed.default(1),
  /** Students are trained once for each of these; all that they share is made once with `seed`, their default too. */
  seeds: Seeds.optional(),
  languages: Languages,
  data: Data,
  corpus: Corpus.prefault({}),
  vocabulary: Vocabulary.prefault({}),
  teacher: z.strictObject({
    model: Model.prefault({}),
    training: Training.prefault({}),
  }).prefault({}),
  /** Model and training of every student, where the student itself says nothing else. */
  student: z.strictObject({
    model: StudentModel.prefault({}),
    training: Training.prefault({}),
  }).prefault({}),
  students: z.record(systemName, System).default({}),
  evaluation: Evaluation.prefault({}),
  runtime: Runtime.prefault({}),
});

export const Experiment = Given.transform((experiment, context) => {
  const { student: _shared, seeds: sharedSeeds, ...rest } = experiment;
  const students: Record<string, TrainedStudent> = {};
  for (const [name, system] of Object.entries(experiment.students)) {
    const {
      model: modelOverride,
      training: trainingOverride,
      seeds = sharedSeeds ?? [experiment.seed],
      ...distillation
    } = system;
    const model = StudentModel.safeParse({
      ...experiment.student.model,
      ...modelOverride,
    });
    const training = Training.safeParse({
      ...experiment.student.training,
      ...trainingOverride,
    });
    for (const [part, result] of Object.entries({ model, training })) {
      for (const issue of result.error?.issues ?? []) {
        context.addIssue({
          code: "custom",
          path: ["students", name, part, ...issue.path],
          message: issue.message,
        });
      }
    }
    if (model.data === undefined || training.data === undefined) return z.NEVER;
    for (
      const { path, message } of mismatches(
        distillation,
        model.data,
        experiment.teacher.model,
      )
    ) {
      context.addIssue({
        code: "custom",
        path: ["students", name, ...path],
        message,
      });
    }
    students[name] = {
      model: model.data,
      training: training.data,
      distillation,
      seeds,
    };
  }
  return { ...rest, students };
});
export type Experiment = z.output<typeof Experiment>;

/** A student, and the seeds that it is trained with. */
interface TrainedStudent extends Student {
  readonly seeds: readonly number[];
}

/** The teacher's layers that some student combines, ascending: what the states stage has to record. */
export function combinedLayers(
  experiment: Experiment,
  side: "encoder" | "decoder",
): number[] {
  const maps = Object.values(experiment.students).map((student) =>
    student.distillation[side]
  );
  return [...new Set(maps.flat(2))].sort((a, b) => a - b);
}

/** Whether some student learns from the teacher at all. */
export function needsStates(experiment: Experiment): boolean {
  return Object.values(experiment.students).some((student) =>
    usesTeacher(student.distillation)
  );
}
