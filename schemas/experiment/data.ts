/** Configuration of the text: where it is, cleaning, split, and text without translations. */
import { z } from "zod";
import { Language } from "../language.ts";
import { Sha256 } from "../sha256.ts";

const path = z.string().min(1);

/** One file of both sides, in a format of `nmt/text/formats/pairs/pairs.ts`, or two plain files of equal length; compressed too. */
const ParallelFiles = z.union([
  path,
  z.strictObject({ source: path, target: path }),
]);
export type ParallelFiles = z.infer<typeof ParallelFiles>;

/** Either a data set described in `data/`, or the user's own files. */
export const Data = z.strictObject({
  /** Name of a descriptor in `data/`, or the path of one of your own, which ends in `.json`. */
  descriptor: z.string().min(1).optional(),
  /** Which sources of the descriptor; all unless named. */
  sources: z.array(z.string().min(1)).min(1).optional(),
  /** Further descriptors, whose training text is trained on too; nothing of them is held out. */
  additional: z.array(z.string().min(1)).min(1).optional(),
  /** The hash of each file that a descriptor does not pin, by its name: you checked that it is the right one. */
  sha256: z.record(z.string(), Sha256).optional(),
  train: ParallelFiles.optional(),
  /** The licence of your own files, as SPDX has it or in words, for the cards of what is made of them. */
  licence: z.string().min(1).optional(),
  /** Held-out files; where they are not given, pairs are held out from `train`. */
  validation: ParallelFiles.optional(),
  test: ParallelFiles.optional(),
}).superRefine((data, context) => {
  const issue = (message: string) =>
    context.addIssue({ code: "custom", message });
  if ((data.descriptor === undefined) === (data.train === undefined)) {
    issue(
      'expected either "descriptor" (a data set of data/) or "train" (your own files), and not both',
    );
  }
  if (data.descriptor === undefined && data.sources !== undefined) {
    issue('"sources" narrows a "descriptor", and none is given');
  }
  const sets = [data.descriptor, ...data.additional ?? []];
  const twice = sets.find((name, i) => sets.indexOf(name) < i);
  if (twice !== undefined) {
    issue(`expected each data set once, found "${twice}" twice`);
  }
  if (
    data.train === undefined &&
    (data.validation ?? data.test ?? data.licence) !== undefined
  ) {
    issue('"validation", "test" and "licence" go with "train" files');
  }
});
export type Data = z.infer<typeof Data>;

export const Languages = z.strictObject({ source: Language, target: Language });
export type Languages = z.infer<typeof Languages>;

/** The languages of text that is fetched; without translations, `source` alone. */
export const FetchedLanguages = Languages.partial({ target: true });
export type FetchedLanguages = z.infer<typeof FetchedLanguages>;

/** Cleaning and splitting. */
export const Corpus = z.strictObject({
  /** Pairs with fewer words on either side are left out. */
  minimumWords: z.int().min(1).default(1),
  maximumWords: z.int().min(1).default(100),
  /** Longest side over shortest, in characters, for pairs of at least 12 characters. */
  maximumRatio: z.number().min(1).default(3),
  /** Pairs held out, where no files are given for it; whole key groups, so the count is met up to one group. */
  validation: z.int().min(1).default(500),
  test: z.int().min(1).default(1000),
  /** Tags stay in the text, by default they are removed: for models that mask placeholders. */
  markup: z.literal("keep").optional(),
  /** Train on this many pairs only, chosen by the seed. */
  trainLimit: z.int().min(1).optional(),
}).refine(
  ({ minimumWords, maximumWords }) => minimumWords <= maximumWords,
  "expected minimumWords of at most maximumWords",
);
export type Corpus = z.infer<typeof Corpus>;

/** Text of the source language without translations: where it is, and how much of it is taken. */
export const MonolingualText = z.strictObject({
  /** A data set as in `data`, of which the source language's side is taken, whatever else it has. */
  descriptor: z.string().min(1).optional(),
  sources: z.array(z.string().min(1)).min(1).optional(),
  sha256: z.record(z.string(), Sha256).optional(),
  /** Your own plain files, a sentence a line; compressed too. */
  files: z.array(path).min(1).optional(),
  /** Take this many sentences only, chosen by the seed. */
  limit: z.int().min(1).optional(),
});
export type MonolingualText = z.infer<typeof MonolingualText>;

/** Text that is translated by a model, to learn from beside the training pairs. */
export const Monolingual = z.strictObject({
  ...MonolingualText.shape,
  /** Translations with a lower mean log-probability a subword are left out. */
  minimumScore: z.number().max(0).optional(),
  /** Who learns from it, by default all: an imported teacher that is tuned, from translations of its own; the students, from the teacher's. */
  learners: z.array(z.enum(["teacher", "students"])).min(1).optional(),
}).superRefine(({ descriptor, sources, sha256, files }, context) => {
  const issue = (message: string) =>
    context.addIssue({ code: "custom", message });
  if (descriptor === undefined && files === undefined) {
    issue('expected "descriptor" (a data set of data/), "files", or both');
  }
  if (descriptor === undefined && (sources ?? sha256) !== undefined) {
    issue('"sources" and "sha256" go with a "descriptor", and none is given');
  }
  const twice = files?.find((path, i) => files.indexOf(path) < i);
  if (twice !== undefined) {
    issue(`expected each file once, found "${twice}" twice`);
  }
});
export type Monolingual = z.infer<typeof Monolingual>;

/** What an experiment says of its corpus; the stages of pairs get it without the text that has no translations. */
export const CorpusWithMonolingual = Corpus.safeExtend({
  monolingual: Monolingual.optional(),
});
export type CorpusWithMonolingual = z.infer<typeof CorpusWithMonolingual>;

/** The text alone, which is what makes its sentences; who learns from them does not. */
export function monolingualText(
  { minimumScore: _, learners: __, ...text }: Monolingual,
): MonolingualText {
  return text;
}

/** Who learns from text without translations. */
export type Learner = NonNullable<Monolingual["learners"]>[number];

/** What is fetched of text without translations; undefined where all of it is in the user's own files. */
export function fetchedMonolingual(
  { descriptor, sources, sha256 }: MonolingualText,
): Data | undefined {
  return descriptor === undefined ? undefined : { descriptor, sources, sha256 };
}
