/** Which checkpoints become the model: the best on the validation pairs, or the average of the best ones where it is better. */
import { averageWeights, type Validation } from "../transformer/checkpoint.ts";
import type { Weights } from "../transformer/parameters.ts";

/** What some weights reach on the validation pairs. */
export type Scores = Pick<Validation, "nll" | "bleu">;

/** What the model is made of. */
export interface Selected {
  readonly weights: Weights;
  /** The steps whose checkpoints it is the average of; the best one's alone where that is better. */
  readonly steps: readonly number[];
  /** Of the best checkpoint, and of the average unless it would be of one. */
  readonly single: Scores;
  readonly average?: Scores;
}

/** Negative where the first is better: by BLEU, where there is one, then by likelihood. */
export function compareScores(one: Scores, other: Scores): number {
  return (other.bleu ?? 0) - (one.bleu ?? 0) || one.nll - other.nll;
}

/** The steps of the best validations, best first; of equal ones the earlier. */
export function bestSteps(
  validations: readonly Validation[],
  count: number,
): number[] {
  return validations
    .toSorted((a, b) => compareScores(a, b) || a.step - b.step)
    .slice(0, count).map(({ step }) => step);
}

/**
 * Whether so many validations came after the best one; never without a patience.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { isPatienceOver } from "./selection.ts";
 *
 * const validations = [12, 15, 14, 15].map((bleu, i) => (
 *   { step: i + 1, trainingLoss: 1, nll: 2, bleu }
 * ));
 * assertEquals([2, 3].map((patience) => isPatienceOver(validations, patience)), [true, false]);
 * ```
 */
export function isPatienceOver(
  validations: readonly Validation[],
  patience = Infinity,
): boolean {
  const [best] = bestSteps(validations, 1);
  return validations.filter(({ step }) => step > best).length >= patience;
}

/**
 * Chooses among the best checkpoint and the average of the `count` best. `load` gives the weights of a step, `validate`
 * the scores of weights.
 */
export async function select(
  validations: readonly Validation[],
  count: number,
  load: (step: number) => Weights,
  validate: (weights: Weights) => Promise<Scores>,
): Promise<Selected> {
  const steps = bestSteps(validations, count);
  const scoresOf = (step: number): Scores => {
    const found = validations.find((each) => each.step === step);
    if (found === undefined) throw new Error(`No validation of step ${step}`);
    const { step: _, trainingLoss: __, ...scores } = found;
    return scores;
  };
  const [best] = steps;
  const single = scoresOf(best);
  if (steps.length === 1) return { weights: load(best), steps, single };
  const ascending = steps.toSorted((a, b) => a - b);
  const weights = averageWeights(ascending.map(load));
  const average = await validate(weights);
  return compareScores(average, single) < 0
    ? { weights, steps: ascending, single, average }
    : { weights: load(best), steps: [best], single, average };
}
