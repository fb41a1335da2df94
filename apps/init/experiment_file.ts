/** Writes the experiment file for a user's corpus: the values without a default, each with a comment. */
import { commentedJson, entriesOf, type Entry } from "./commented_json.ts";
import { SHAPES, stepsFor, VALIDATION, WARMUP } from "./plans.ts";
import type { Subject } from "./subject.ts";
import { longerSide, type Survey } from "./survey.ts";

/** Layers of the teacher and of a student, which are the schema's defaults. */
const TEACHER_LAYERS = 6, STUDENT_LAYERS = 2;

/** Languages whose sentence is one word to what splits at spaces: their BLEU is of characters. */
const UNSPACED: readonly string[] = ["zh", "ja", "th"];

/** An experiment file for what a survey found; its students stream the teacher's states if there is a reason, which it tells. */
export function experimentText(
  subject: Subject,
  found: Survey,
  streamed?: string,
): string {
  const { plan, maximumLength, corpus, tokens } = found;
  const { model, batchTokens, factor } = SHAPES[subject.size];
  const steps = stepsFor(plan.passes, longerSide(tokens), batchTokens);
  const trained = (steps: number): Entry[] => [
    { key: "model", value: model },
    {
      key: "training",
      entries: [
        { key: "steps", value: steps },
        { key: "batchTokens", value: batchTokens },
        { key: "factor", value: factor },
        {
          key: "warmup",
          value: Math.round(WARMUP * steps),
          comment: "steps until the learning rate is highest",
        },
        { key: "beta2", value: 0.98 },
        ...validation(steps),
      ],
    },
  ];
  return fileText(
    `a teacher of ${TEACHER_LAYERS} + ${TEACHER_LAYERS} layers, students of ${STUDENT_LAYERS} + ${STUDENT_LAYERS}, by ${corpus.train} pairs.`,
    subject,
    found,
    [
      {
        key: "vocabulary",
        value: { size: plan.vocabulary, maximumLength },
        above:
          "Subwords of both languages together, and how many a side of a training pair may have.",
      },
      { key: "teacher", entries: trained(steps.teacher) },
      { key: "student", entries: trained(steps.student) },
      students([
        {
          key: "no-kd",
          value: {},
          comment:
            "trained without the teacher: what distillation is measured by",
        },
        {
          key: "rkd",
          value: { alpha: 0.7 },
          comment: "learns what the teacher says, for 0.7 of its loss",
        },
        {
          key: "ckd-regular",
          entries: [
            { key: "alpha", value: 0.6 },
            {
              key: "beta",
              value: 0.2,
              comment: "of its loss: learns the teacher's layers too",
            },
            {
              key: "encoder",
              value: [[1, 2, 3], [4, 5, 6]],
              comment:
                "three of the teacher's layers combined for each of its own",
            },
          ],
        },
      ], streamed),
    ],
  );
}

/** The systems of a file; those that learn from the teacher stream its states if there is a reason, which is their comment. */
export function students(systems: readonly Entry[], streamed?: string): Entry {
  const entries = systems.map((system) => {
    const { key, value, comment } = system;
    const own = system.entries ??
      (typeof value === "object" ? entriesOf({ ...value }) : []);
    if (streamed === undefined || own.length === 0) return system;
    const states = { key: "states", value: "streamed", comment: streamed };
    return { key, comment, entries: [...own, states] };
  });
  return {
    ...{ key: "students", entries },
    above:
      'The systems that are compared: one a line, see "Systems" in docs/experiments.md.',
  };
}

/** How often a training of so many steps is validated. */
export function validation(steps: number): Entry[] {
  return [{
    key: "validateEvery",
    value: Math.round(VALIDATION * steps),
    comment:
      "a checkpoint at each; the best three are averaged where that is better",
  }];
}

/** The text of a file: what it is, what every experiment has, then its own entries. */
export function fileText(
  summary: string,
  { data, languages, seed }: Subject,
  { plan }: Survey,
  own: readonly Entry[],
): string {
  const { validation, test } = plan;
  const { train, licence } = data;
  const all: Entry[] = [
    {
      key: "seed",
      value: seed,
      comment: "of the split, of weights and of the order of batches",
    },
    { key: "languages", value: languages },
    {
      key: "data",
      entries: [
        typeof train === "object"
          ? { key: "train", entries: entriesOf(train) }
          : { key: "train", value: train },
        ...entriesOf(licence === undefined ? {} : { licence }),
      ],
      above:
        `Paths are from the current folder, which is the project's for "deno task"; a "licence" goes into the cards of models.`,
    },
    {
      key: "corpus",
      value: { validation, test },
      above:
        'Pairs held out of the file; add "validation" and "test" to "data" to use files of yours for that.',
    },
    ...own,
    ...UNSPACED.includes(new Intl.Locale(languages.target).language)
      ? [{
        key: "evaluation",
        value: { tokenize: "char" },
        above: "BLEU compares characters: the target has no spaces.",
      }]
      : [],
  ];
  return `// ${languages.source} to ${languages.target}: ${summary}
// Every key and its default: schemas/experiment/experiment.ts; docs/experiments.md tells what they do.
${commentedJson(all)}
`;
}
