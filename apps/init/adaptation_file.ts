/** Writes the experiment file that adapts a public model to a user's corpus and distills students from it. */
import { Model } from "../../schemas/experiment/model.ts";
import {
  adaptationSteps,
  combinedLayers,
  INTERPOLATION,
  layerGroups,
  layersOf,
  STUDENT_TRAINING,
  studentSteps,
  WEIGHTS,
} from "./adaptation_plan.ts";
import { entriesOf, type Entry } from "./commented_json.ts";
import { fileText, students, validation } from "./experiment_file.ts";
import type { ModelSurvey } from "./model_survey.ts";
import type { Subject } from "./subject.ts";
import { longerSide } from "./survey.ts";

/** The public model, as the file names it. */
export interface Source {
  readonly from: string | { readonly descriptor: string };
  readonly licence?: string;
}

/** An experiment file for what a survey in the model's subwords found; `streamed` as in that of a corpus alone. */
export function adaptationText(
  { from, licence }: Source,
  subject: Subject,
  found: ModelSurvey,
  streamed?: string,
): string {
  const { corpus, tokens, teacher, student } = found;
  const length = longerSide(tokens);
  const steps = studentSteps(length, subject.size);
  const terms: Entry = licence === undefined
    ? {
      key: "import",
      value: from,
      comment:
        'give its terms as "licence", for the cards of what is made of it',
    }
    : { key: "import", value: from };
  return fileText(
    `a public model of ${
      layersOf(teacher.model)
    } layers is adapted to ${corpus.train} pairs; students of ${
      layersOf(student.model)
    } learn from it.`,
    subject,
    found,
    [
      { key: "vocabulary", entries: vocabulary(found) },
      {
        key: "teacher",
        entries: [
          terms,
          ...licence === undefined ? [] : [{ key: "licence", value: licence }],
          {
            key: "adaptation",
            entries: adaptation(found, adaptationSteps(length)),
          },
          { key: "model", entries: modelEntries(teacher.model) },
        ],
      },
      {
        key: "student",
        entries: [
          { key: "model", entries: modelEntries(student.model) },
          {
            key: "training",
            entries: [
              ...entriesOf({ steps, ...STUDENT_TRAINING }),
              ...validation(steps),
            ],
          },
        ],
      },
      students(systems(found), streamed),
    ],
  );
}

function vocabulary(
  { vocabulary, maximumLength, used, teacher, student }: ModelSurvey,
): Entry[] {
  return [
    { key: "size", value: vocabulary, comment: "the model's own subwords" },
    {
      key: "maximumLength",
      value: maximumLength,
      comment: "of a side of a training pair",
    },
    ...student.vocabulary === teacher.vocabulary ? [] : [{
      key: "students",
      value: student.vocabulary,
      comment: `the text uses ${used}; students do without the others`,
    }],
  ];
}

function adaptation({ characters }: ModelSurvey, steps: number): Entry[] {
  return [
    ...characters.length === 0 ? [] : [{
      key: "characters",
      value: characters.length,
      comment: "of the text, which the model lacks and learns",
    }],
    { key: "training", value: { steps } },
    {
      key: "interpolation",
      value: INTERPOLATION,
      comment:
        "this much of the tuned weights, the rest of the old ones: less is forgotten",
    },
  ];
}

/** What a file always says of a model. */
const ALWAYS = [
  "encoderLayers",
  "decoderLayers",
  "width",
  "feedForward",
  "heads",
  "dropout",
];

/** These values, and what is not the default. */
function modelEntries(model: Model): Entry[] {
  const defaults: Readonly<Record<string, unknown>> = Model.parse({});
  return entriesOf(model)
    .filter(({ key, value }) =>
      ALWAYS.includes(key) || value !== defaults[key]
    );
}

function systems({ teacher, student }: ModelSurvey): Entry[] {
  const last = (stack: "encoderLayers" | "decoderLayers") =>
    layerGroups(teacher.model[stack], student.model[stack])
      .map((group) => group[group.length - 1]);
  const start: Entry = {
    key: "start",
    value: { encoder: last("encoderLayers"), decoder: last("decoderLayers") },
    comment: "the teacher's layers that it begins as" +
      (student.model.feedForward < teacher.model.feedForward
        ? ", with fewer neurons"
        : ""),
  };
  const { rkd, ckd } = WEIGHTS;
  return [
    {
      key: "rkd",
      entries: [
        {
          key: "alpha",
          value: rkd.alpha,
          comment: "of its loss: learns what the teacher says",
        },
        start,
      ],
    },
    {
      key: "ckd",
      entries: [
        ...entriesOf({ alpha: ckd.alpha }),
        {
          key: "beta",
          value: ckd.beta,
          comment: "of its loss: learns the teacher's layers too",
        },
        {
          key: "encoder",
          value: combinedLayers(
            teacher.model.encoderLayers,
            student.model.encoderLayers,
          ),
          comment: "the teacher's layers combined for each of its own",
        },
        start,
      ],
    },
  ];
}
