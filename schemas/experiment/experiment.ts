/** Configuration of an experiment: data, teacher, students and evaluation, with every default. */
import { z } from "zod";
import { mismatches, unweighedMap } from "./agreement.ts";
import {
  Corpus,
  CorpusWithMonolingual,
  Data,
  Languages,
  type Learner,
} from "./data.ts";
import { Evaluation, planMismatches } from "./evaluation.ts";

import { Distillation, type Student } from "./distillation.ts";
import {
  AdaptationTraining,
  cooldownMismatch,
  Model,
  ModelOverride,
  StudentModel,
  Training,
  TrainingOverride,
} from "./model.ts";
import { Runtime } from "./runtime.ts";
import { Grid, type Trial, trialsOf } from "./tuning.ts";
import { Shortlist, Vocabulary } from "./vocabulary.ts";
import { Language } from "../language.ts";

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
  /** What the student is trained on: the references, or the teacher's translations of the same sentences. */
  targets: z.enum(["references", "teacher"]).default("references"),
  /** Values to try on the validation pairs; the best stand in for those above, and for the model's dropout. */
  grid: Grid.optional(),
  /** Other seeds than the experiment's. */
  seeds: Seeds.optional(),
  /** What this system changes of the shared student. */
  model: ModelOverride.prefault({}),
  training: TrainingOverride.prefault({}),
});

/** How an imported model is tuned, so that it learns the training pairs and forgets little. */
export const Adaptation = z.strictObject({
  /** So many characters of the training text that its vocabulary lacks are added to it, the most frequent ones. */
  characters: z.int().min(0).max(10_000).default(0),
  training: AdaptationTraining.prefault({})
    .transform((training) => Training.parse(training)),
  /** The model is this much of the tuned weights and the rest of the old ones (WiSE-FT, Wortsman et al. 2022). */
  interpolation: z.number().gt(0).max(1).default(1),
});

/** A further test set: the held-out part of some data. In another domain, it shows what an adapted model forgets. */
const TestSet = z.strictObject({
  data: Data.optional(),
  corpus: Corpus.optional(),
  /** In place of data, the experiment's own validation pairs: for what is explored, while the test set stays unseen. */
  part: z.literal("validation").optional(),
}).refine(
  ({ data, part }) => (data === undefined) !== (part === undefined),
  'expected either "data" or "part": "validation"',
).refine(({ corpus, part }) => corpus === undefined || part === undefined, {
  path: ["corpus"],
  error:
    'expected none beside "part": "validation", whose pairs the experiment\'s own "corpus" cleans and chooses; leave it out',
}).transform(({ corpus = Corpus.parse({}), ...set }) => ({ ...set, corpus }));

/** A name that can be part of a node's. */
const nameOf = (what: string) =>
  z.string().regex(
    /^[a-z0-9][a-z0-9-]*$/,
    `expected a ${what} of lower-case letters, digits and dashes`,
  );

const testSetName = nameOf("name of a test set");

const systemName = nameOf("system name").refine(
  (name) => name !== "teacher" && name !== "imported",
  'expected another name than "teacher" and "imported", which have their own places',
);

/** An experiment as it is written. */
export const Given = z.strictObject({
  seed: seed.default(1),
  /** Students are trained once for each of these; all that they share is made once with `seed`, their default too. */
  seeds: Seeds.optional(),
  languages: Languages,
  /**
   * Further source languages by code, each with its data and cleaning, by default those of the first where they say a
   * language: one model translates from all of them, and a token before each sentence says from which.
   */
  sourceLanguages: z.record(
    Language,
    z.strictObject({ data: Data.optional(), corpus: Corpus.optional() }),
  ).optional(),
  data: Data,
  corpus: CorpusWithMonolingual.prefault({}),
  vocabulary: Vocabulary.prefault({}),
  teacher: z.strictObject({
    /**
     * The folder of a public model, or its descriptor: the teacher, in place of one that is trained; `model` says what it is.
     */
    import: z.union([
      z.string().min(1),
      z.strictObject({ descriptor: z.string().min(1) }),
    ]).optional(),
    /** The terms of the public model, for the cards of what is made of it. */
    licence: z.string().min(1).optional(),
    /** Tunes the public model on the training pairs; without it, it teaches as it is. */
    adaptation: Adaptation.optional(),
    model: Model.prefault({}),
    training: Training.optional(),
  }).prefault({}),
  /** Model and training of every student, where the student itself says nothing else. */
  student: z.strictObject({
    model: StudentModel.prefault({}),
    training: Training.prefault({}),
  }).prefault({}),
  students: z.record(systemName, System).default({}),
  /** What trials of a grid change of their training, such as fewer steps; without it, the selected trial is the student. */
  tuning: z.strictObject({ training: TrainingOverride.prefault({}) })
    .prefault({}),
  evaluation: Evaluation.prefault({}),
  /** Exported models choose among the candidates of a short-list, learned from the training pairs. */
  shortlist: Shortlist.optional(),
  /** Further test sets by name. */
  testSets: z.record(testSetName, TestSet).default({}),
  runtime: Runtime.prefault({}),
});

/** How many subwords can be learned: more than there are bytes, and what the trainer learns. An imported model has its own. */
const LEARNED = { least: 300, most: 30_000 };

/** Who of an experiment can learn from text without translations. */
function ableLearners(
  { teacher, students }: Pick<z.output<typeof Given>, "teacher" | "students">,
): Learner[] {
  return [
    ...teacher.adaptation === undefined ? [] : ["teacher" as const],
    ...Object.keys(students).length === 0 ? [] : ["students" as const],
  ];
}

/** Of the formats of pairs, the one that always names the languages of its texts. */
function isTmx(file: string): boolean {
  return /\.tmx(\.\w+)?$/i.test(file);
}

/** Why an experiment cannot have its further source languages. */
function sourceMismatches(
  { sourceLanguages, languages, data, corpus, teacher, testSets }: z.output<
    typeof Given
  >,
): { readonly path: string[]; readonly message: string }[] {
  if (sourceLanguages === undefined) return [];
  const further = Object.keys(sourceLanguages);
  const key = "sourceLanguages";
  const train = typeof data.train === "object" ? data.train.source : data.train;
  return [
    ...further.length > 0 ? [] : [{
      path: [key],
      message: "expected one further source language or more; leave it out",
    }],
    ...teacher.import === undefined ? [] : [{
      path: [key],
      message:
        "only subwords that are learned here have the tokens of languages, and those of an imported teacher are its own; leave it out",
    }],
    ...corpus.monolingual === undefined ? [] : [{
      path: ["corpus", "monolingual"],
      message:
        'text without translations is of one source language; leave out it or "sourceLanguages"',
    }],
    ...further.filter((code) => Object.values(languages).includes(code))
      .map((code) => ({
        path: [key, code],
        message: `expected a further language, found one of "languages"`,
      })),
    ...further.filter((code) => Object.hasOwn(testSets, code.toLowerCase()))
      .map((code) => ({
        path: ["testSets", code.toLowerCase()],
        message:
          `expected another name than that of the source language ${code}, whose test set has it`,
      })),
    ...train === undefined || isTmx(train) ? [] : further
      .filter((code) => sourceLanguages[code].data === undefined)
      .map((code) => ({
        path: [key, code],
        message:
          `expected "data" of its own, as "${train}" need not say which languages it has, and its pairs would be taken for ${code}; name the files of ${code} in "${key}.${code}.data"`,
      })),
  ];
}

export const Experiment = Given.superRefine((experiment, context) => {
  const { vocabulary, teacher } = experiment;
  const { size, students } = vocabulary;
  const refuse = (path: string[], message: string) =>
    context.addIssue({ code: "custom", path, message });
  const { least, most } = LEARNED;
  if (teacher.import === undefined && (size < least || size > most)) {
    refuse(
      ["vocabulary", "size"],
      `expected ${least} to ${most} subwords where no teacher is imported, found ${size}`,
    );
  }
  const ofImports = {
    licence: "only an imported teacher has terms of its own",
    adaptation: 'only an imported teacher is adapted; give it by "import"',
  };
  for (const [key, message] of Object.entries(ofImports)) {
    if (teacher.import !== undefined || !(key in teacher)) continue;
    refuse(["teacher", key], message);
  }
  if (teacher.import === undefined && students !== undefined) {
    refuse(
      ["vocabulary", "students"],
      "only the vocabulary of an imported teacher is trimmed",
    );
  }
  for (const option of ["placeholders", "casing"] as const) {
    if (teacher.import === undefined || vocabulary[option] === undefined) {
      continue;
    }
    refuse(
      ["vocabulary", option],
      "only subwords that are learned here have reserved ones, and those of an imported teacher are its own; leave it out",
    );
  }
  for (const { path, message } of sourceMismatches(experiment)) {
    refuse(path, message);
  }
  const { characters = 0 } = teacher.adaptation ?? {};
  const hasStudents = Object.keys(experiment.students).length > 0;
  if (
    students !== undefined && (students > size + characters || !hasStudents)
  ) {
    refuse(
      ["vocabulary", "students"],
      hasStudents
        ? `expected at most the ${
          size + characters
        } subwords of the teacher, found ${students}`
        : "there are no students; leave it out",
    );
  }
  const { monolingual } = experiment.corpus;
  const able = ableLearners(experiment);
  const missing = monolingual?.learners?.find((each) => !able.includes(each));
  if (
    monolingual !== undefined && (missing !== undefined || able.length === 0)
  ) {
    refuse(
      ["corpus", "monolingual", "learners"],
      `expected learners of the experiment, found ${
        missing === "teacher"
          ? 'the teacher, which has no "adaptation"'
          : missing === "students"
          ? "students, of which there are none"
          : 'neither a teacher with an "adaptation" nor students'
      }`,
    );
  }
  if (teacher.import !== undefined && teacher.training !== undefined) {
    refuse(
      ["teacher", "training"],
      'an imported teacher is not trained; leave out one of the two, or tune it by "adaptation"',
    );
  }
  for (
    const [path, training] of [
      [["teacher"], teacher.training],
      [["teacher", "adaptation"], teacher.adaptation?.training],
    ] as const
  ) {
    const wrong = training && cooldownMismatch(training);
    if (wrong !== undefined) refuse([...path, "training", "cooldown"], wrong);
  }
  const adapted = teacher.adaptation === undefined ? [] : ["imported"];
  const planned = planMismatches(experiment.evaluation.comparisons, {
    systems: ["teacher", ...adapted, ...Object.keys(experiment.students)],
    testSets: [
      ...Object.keys(experiment.testSets),
      ...Object.keys(experiment.sourceLanguages ?? {})
        .map((code) => code.toLowerCase()),
    ],
  });
  for (const { path, message } of planned) {
    context.addIssue({ code: "custom", path, message });
  }
}).transform((experiment, context) => {
  const { student: shared, seeds: sharedSeeds, tuning, ...rest } = experiment;
  const { training = Training.parse({}) } = experiment.teacher;
  const students: Record<string, TrainedStudent> = {};
  for (const [name, system] of Object.entries(experiment.students)) {
    const {
      model: modelOverride,
      training: trainingOverride,
      seeds = sharedSeeds ?? [experiment.seed],
      targets,
      grid,
      ...distillation
    } = system;
    const refuse = (
      path: readonly PropertyKey[],
      message: string,
    ) =>
      context.addIssue({
        code: "custom",
        path: ["students", name, ...path],
        message,
      });
    const within = <Part>(
      part: "model" | "training",
      result: z.ZodSafeParseResult<Part>,
    ): Part | undefined => {
      for (const { path, message } of result.error?.issues ?? []) {
        refuse([part, ...path], message);
      }
      return result.data;
    };
    const model = within(
      "model",
      StudentModel.safeParse({ ...shared.model, ...modelOverride }),
    );
    const training = within(
      "training",
      Training.safeParse({ ...shared.training, ...trainingOverride }),
    );
    const trialTraining = grid === undefined ? training : within(
      "training",
      Training.safeParse({
        ...shared.training,
        ...trainingOverride,
        ...tuning.training,
      }),
    );
    if (
      model === undefined || training === undefined ||
      trialTraining === undefined
    ) return z.NEVER;
    const wrong = cooldownMismatch(training);
    if (wrong !== undefined) refuse(["training", "cooldown"], wrong);
    const wrongInTrials = cooldownMismatch(trialTraining);
    if (wrong === undefined && wrongInTrials !== undefined) {
      context.addIssue({
        code: "custom",
        path: ["tuning", "training", "cooldown"],
        message: `${wrongInTrials} (students.${name})`,
      });
    }
    const trials = grid === undefined
      ? []
      : trialsOf(grid, { model, distillation, training: trialTraining });
    const checkAgreement = (distillation: Distillation, where = "") => {
      const found = mismatches(distillation, model, experiment.teacher.model);
      for (const { path, message } of found) refuse(path, message + where);
    };
    if (trials.length === 0) checkAgreement(distillation);
    for (const { name, distillation } of trials) {
      const parsed = Distillation.safeParse(distillation);
      for (const { message } of parsed.error?.issues ?? []) {
        refuse(["grid"], `${message} (${name})`);
      }
      if (parsed.data !== undefined) checkAgreement(distillation, ` (${name})`);
    }
    students[name] = {
      model,
      training,
      distillation,
      seeds,
      targets,
      tuning: {
        isFullLength:
          JSON.stringify(trialTraining) === JSON.stringify(training),
        trials,
      },
    };
    const unweighed = unweighedMap(distillations(students[name]));
    if (unweighed !== undefined) {
      refuse(
        unweighed,
        'expected "beta" above 0, which weighs what is mapped, found 0',
      );
    }
  }
  return { ...rest, teacher: { ...rest.teacher, training }, students };
});
export type Experiment = z.output<typeof Experiment>;

/** A student, the seeds that it is trained with, what on, and how its hyperparameters are selected. */
export interface TrainedStudent extends Student {
  readonly seeds: readonly number[];
  readonly targets: "references" | "teacher";
  readonly tuning: {
    /** Whether trials are trained as long as the student. */
    readonly isFullLength: boolean;
    /** None: the student stands as it is. */
    readonly trials: readonly Trial[];
  };
}

/** What a student is distilled by: its trials, or its own where there are none. */
export function distillations(
  { distillation, tuning }: TrainedStudent,
): readonly Distillation[] {
  return tuning.trials.length === 0
    ? [distillation]
    : tuning.trials.map(({ distillation }) => distillation);
}
