/** Writes the experiment file for a user's corpus: the values without a default, each with a comment. */
import type { Data, Languages } from "../../schemas/experiment/data.ts";
import { SHAPES, type Size, stepsFor, VALIDATION, WARMUP } from "./plans.ts";
import type { Survey } from "./survey.ts";

/** Layers of the teacher and of a student, which are the schema's defaults. */
const TEACHER_LAYERS = 6, STUDENT_LAYERS = 2;

/** What the experiment is about. */
export interface Subject {
  readonly data: Data;
  readonly languages: Languages;
  readonly size: Size;
  readonly seed: number;
}

/** An experiment file for what a survey found. */
export function experimentText(
  { data, languages, size, seed }: Subject,
  { plan, maximumLength, corpus, tokens }: Survey,
): string {
  const { validation, test, vocabulary, passes } = plan;
  const { model, batchTokens, factor } = SHAPES[size];
  const longer = Math.max(tokens.source, tokens.target) + tokens.pairs;
  const steps = stepsFor(passes, longer, batchTokens);
  const value = (of: unknown) => JSON.stringify(of);
  const layers = "{ " + Object.entries(model)
    .map(([key, number]) => `${value(key)}: ${number}`).join(", ") +
    " }";
  const training = (steps: number) =>
    `{
      "steps": ${steps},
      "batchTokens": ${batchTokens},
      "factor": ${factor},
      "warmup": ${
      Math.round(WARMUP * steps)
    }, // steps until the learning rate is highest
      "beta2": 0.98,
      "validateEvery": ${
      Math.round(VALIDATION * steps)
    } // a checkpoint at each; the best three are averaged
    }`;
  return `// ${languages.source} to ${languages.target}: a teacher of ${TEACHER_LAYERS} + ${TEACHER_LAYERS} layers, students of ${STUDENT_LAYERS} + ${STUDENT_LAYERS}, by ${corpus.train} pairs.
// Every key and its default: schemas/experiment/experiment.ts; docs/experiments.md tells what they do.
{
  "seed": ${seed}, // of the split, of weights and of the order of batches
  "languages": { "source": ${value(languages.source)}, "target": ${
    value(languages.target)
  } },
  // Paths are from the folder of the project, where its commands run.
  "data": ${indented({ train: data.train })},
  // Pairs held out of the file; add "validation" and "test" to "data" to use files of yours for that.
  "corpus": { "validation": ${validation}, "test": ${test} },
  // Subwords of both languages together, and how many a side of a training pair may have.
  "vocabulary": { "size": ${vocabulary}, "maximumLength": ${maximumLength} },
  "teacher": {
    "model": ${layers},
    "training": ${training(steps.teacher)}
  },
  "student": {
    "model": ${layers},
    "training": ${training(steps.student)}
  },
  // The systems that are compared: one a line, see "Systems" in docs/experiments.md.
  "students": {
    "no-kd": {}, // trained without the teacher: what distillation is measured by
    "rkd": { "alpha": 0.7 }, // learns what the teacher says, for 0.7 of its loss
    "ckd-regular": {
      "alpha": 0.6,
      "beta": 0.2, // of its loss: learns the teacher's layers too
      "encoder": [[1, 2, 3], [4, 5, 6]] // three of the teacher's layers combined for each of its own
    }
  }
}
`;
}

/** A value within the outermost braces, a key a line. */
function indented(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replaceAll("\n", "\n  ");
}
