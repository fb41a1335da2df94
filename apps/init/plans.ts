/** Initial hyperparameters of an experiment on a new corpus, by its size and the wanted model size. */

/** How large models are, and how long they are trained. */
export const SIZES = ["small", "medium"] as const;
export type Size = typeof SIZES[number];

export interface Plan {
  /** Pairs held out. */
  readonly validation: number;
  readonly test: number;
  readonly vocabulary: number;
  /** How often the teacher is trained on each pair. */
  readonly passes: number;
}

interface Row {
  /** The row is for corpora of fewer pairs. */
  readonly below: number;
  readonly validation: number;
  readonly test: number;
  readonly vocabulary: number;
  readonly passes: Readonly<Record<Size, number>>;
}

/**
 * The third row is what `quick` does with 18,000 pairs (small), and `captions-pt-en` with 29,000 (medium); the others
 * are by the same reasons. A subword for some four pairs, so that each is met often; as many sentences held out as tell
 * systems apart, while the text has them to spare; and the less text there is, the more often it is read.
 */
const ROWS: readonly Row[] = [
  {
    ...{ below: 5_000, validation: 100, test: 200, vocabulary: 1_000 },
    passes: { small: 20, medium: 30 },
  },
  {
    ...{ below: 15_000, validation: 250, test: 500, vocabulary: 2_000 },
    passes: { small: 15, medium: 25 },
  },
  {
    ...{ below: 100_000, validation: 500, test: 1_000, vocabulary: 4_000 },
    passes: { small: 12, medium: 20 },
  },
  {
    ...{ below: 1_000_000, validation: 1_000, test: 2_000, vocabulary: 8_000 },
    passes: { small: 6, medium: 10 },
  },
  {
    ...{ below: Infinity, validation: 2_000, test: 3_000, vocabulary: 16_000 },
    passes: { small: 2, medium: 4 },
  },
];

/** The fewest training pairs of which something useful was learned: see `ENOUGH`. */
export const ENOUGH_PAIRS = 5_000;

/** No held-out set takes a larger part of a text. */
const HELD_OUT = 1 / 10;

/** Vocabularies to fall back to where a text gives no larger one; the last is the smallest that there may be. */
const VOCABULARIES = [16_000, 8_000, 4_000, 2_000, 1_000, 500, 300];

/** Model and batch of each size: those of `quick`, and those of the trainings in docs/explanation/performance.md. */
export const SHAPES = {
  small: {
    model: { width: 128, feedForward: 512, heads: 4 },
    batchTokens: 2048,
    factor: 0.5,
  },
  medium: {
    model: { width: 256, feedForward: 1024, heads: 8 },
    batchTokens: 4096,
    factor: 1,
  },
} as const;

/** Pairs with a side of more subwords are not trained on, as in `quick`; more where much of a text is longer. */
export const MAXIMUM_LENGTH = 60;

/** A student reads each pair this much as often as its teacher, as in `quick`. */
const OF_TEACHER = 7 / 8;

/** Parts of a training: how long its rate rises, and how often it is validated. */
export const WARMUP = 1 / 4, VALIDATION = 1 / 8;

/**
 * A teacher has the steps of that of `quick`, unless it would read each pair more often than this: on 5,198 pairs, its
 * validation BLEU was 23 after 640 steps and 34 after 960.
 */
const ENOUGH = { steps: 1600, passes: 60 };

/** With fewer steps, the rate hardly gets where it should; a multiple of so many has whole parts of the above. */
const LEAST = 400, MULTIPLE = 40;

/** What to begin with on so many pairs. */
export function planFor(pairs: number, size: Size): Plan {
  const row = ROWS.find(({ below }) => pairs < below) ?? ROWS[ROWS.length - 1];
  const most = Math.max(1, Math.floor(HELD_OUT * pairs));
  return {
    validation: Math.min(row.validation, most),
    test: Math.min(row.test, most),
    vocabulary: row.vocabulary,
    passes: row.passes[size],
  };
}

/** The steps that read so many tokens as often as is wanted, or more where those are few. */
export function stepsFor(
  passes: number,
  tokens: number,
  batchTokens: number,
): Record<"teacher" | "student", number> {
  const pass = tokens / batchTokens;
  const least = Math.min(ENOUGH.steps, ENOUGH.passes * pass);
  const teacher = Math.max(passes * pass, least);
  const rounded = (steps: number) =>
    Math.max(LEAST, MULTIPLE * Math.round(steps / MULTIPLE));
  return { teacher: rounded(teacher), student: rounded(OF_TEACHER * teacher) };
}

/** A vocabulary and the smaller ones, largest first. */
export function vocabulariesFrom(size: number): number[] {
  return VOCABULARIES.filter((each) => each <= size);
}
