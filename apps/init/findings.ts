/** Summarizes a survey in a few lines, with what to look at before a long run. */
import type { Languages } from "../../schemas/experiment/data.ts";
import { layersOf } from "./adaptation_plan.ts";
import {
  parametersOf,
  type SizedModel,
} from "../../nmt/transformer/parameters.ts";
import type { ModelSurvey } from "./model_survey.ts";
import { ENOUGH_PAIRS } from "./plans.ts";
import type { Survey } from "./survey.ts";

/** A test set of fewer sentences seldom tells two systems apart. */
const ENOUGH_TEST = 500;

/** From these parts of the pairs on, it is said what they hint at. */
const HINTS: readonly {
  readonly rule: string;
  readonly part: number;
  readonly hint: string;
}[] = [
  {
    rule: "length ratio",
    part: 0.1,
    hint: "many pairs differ threefold in length: are the two sides aligned?",
  },
  {
    rule: "identical",
    part: 0.1,
    hint: "many pairs are the same on both sides: is much of it untranslated?",
  },
  {
    rule: "empty",
    part: 0.05,
    hint: "many pairs have an empty side: does one file lack lines?",
  },
  {
    rule: "duplicate",
    part: 0.3,
    hint: "many pairs are there twice: was a file added more than once?",
  },
];

/** Lines of text for people. */
export function findings(
  { corpus, fileFormat, hints, tokens, lengths, maximumLength }: Survey,
  { source, target }: Languages,
): string[] {
  const { read, kept, dropped } = corpus.sources.train;
  const rules = Object.entries(dropped).sort(([, a], [, b]) => b - a);
  const leftOut = rules.map(([rule, pairs]) => `${rule} ${count(pairs)}`);
  const near = corpus.nearDuplicates.train + corpus.nearDuplicates.validation;
  const mean = (sum: number) => (sum / tokens.pairs).toFixed(1);
  return [
    `${count(read)} pairs${
      fileFormat === undefined ? "" : ` of ${fileFormat}`
    }, aligned and UTF-8; ${count(kept)} are kept` +
    (leftOut.length === 0 ? "." : `, left out: ${leftOut.join(", ")}.`),
    `${count(corpus.train)} to train on, ${
      count(corpus.validation)
    } held out for validation and ${count(corpus.test)} for the test` +
    (near === 0
      ? "."
      : `; ${count(near)} left out that nearly equal a pair held out.`),
    `A pair has ${mean(tokens.source)} subwords of ${source} and ${
      mean(tokens.target)
    } of ${target}; the longer side ${lengths.median} in the middle, ${lengths.high} at 95 %, ${lengths.longest} at most` +
    (tokens.tooLong === 0
      ? "."
      : `; longer than ${maximumLength}, and not trained on: ${
        count(tokens.tooLong)
      }.`),
    ...HINTS
      .filter(({ rule, part }) =>
        (rules.find(([name]) => name === rule)?.[1] ?? 0) > part * read
      )
      .map(({ hint }) => `Look: ${hint}`),
    ...hints.map((hint) => `Look: ${hint}`),
    ...corpus.train < ENOUGH_PAIRS
      ? [
        `Look: ${count(corpus.train)} training pairs are few: with fewer than ${
          count(ENOUGH_PAIRS)
        }, students learn little.`,
      ]
      : [],
    ...corpus.test < ENOUGH_TEST
      ? [
        `Look: ${corpus.test} test sentences seldom tell two systems apart; more text, or a "test" file, would.`,
      ]
      : [],
  ];
}

/** So many characters that a model lacks are shown. */
const EXAMPLES = 8;

/** What a text lacks and uses of a public model, and the student that follows, as lines of text for people. */
export function modelFindings(
  { format, vocabulary, characters, dropped, used, teacher, student }:
    ModelSurvey,
): string[] {
  const visible = characters.filter((character) =>
    /[\p{L}\p{N}\p{P}\p{S}]/u.test(character)
  );
  const some = visible.slice(0, EXAMPLES).join(" ");
  const examples = some === "" ? "" : `, such as ${some}`;
  const size = ({ model, vocabulary }: SizedModel) =>
    `${
      layersOf(model)
    } layers of width ${model.width}, blocks of ${model.feedForward}, ${
      count(parametersOf({ model, vocabulary }))
    } parameters`;
  const part = Math.round(100 * parametersOf(student) / parametersOf(teacher));
  const others = teacher.vocabulary === student.vocabulary
    ? "students keep all."
    : `students keep ${count(student.vocabulary)}.`;
  return [
    `The model is ${FORMATS[format]}: ${size(teacher)}, ${
      count(vocabulary)
    } subwords.`,
    characters.length === 0
      ? "It has the characters of the text."
      : `It lacks ${
        count(characters.length)
      } of the text's characters${examples}: they will be learned.`,
    ...dropped === 0 ? [] : [
      `Look: ${
        count(dropped)
      } training pairs are left out, as their targets have characters that the model cannot write, or a side is too long.`,
    ],
    `The text uses ${count(used)} of ${
      count(teacher.vocabulary)
    } subwords; ${others}`,
    `A student has ${size(student)}: ${part} % of the model's.`,
  ];
}

const FORMATS: Readonly<Record<ModelSurvey["format"], string>> = {
  marian: "Marian's",
  "hugging-face": "Hugging Face's",
};

function count(number: number): string {
  return number.toLocaleString("en");
}
