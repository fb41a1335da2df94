/** The beam search of one sentence: living hypotheses, ended ones, and when to stop. */
import { inputError } from "../../base/input_error.ts";

export interface Hypothesis {
  /** Without begin and end of sentence. */
  readonly ids: Int32Array;
  /** log p of the ids and the end of sentence. */
  readonly score: number;
  /** The score divided by length^lengthPenalty; the length counts the end of sentence. */
  readonly normalised: number;
  /** The best by the normalised score, this one first, where several are wanted: fewer if the search found fewer. */
  readonly alternatives?: readonly Hypothesis[];
}

export interface SearchOptions {
  /** Hypotheses kept at first; 1 is greedy search. */
  readonly beam: number;
  readonly lengthPenalty: number;
  /** Ids that a hypothesis may have, the end of sentence not counted. */
  readonly maximumLength: number;
  /** How many of the best are wanted, from 1, which is the default, to the beam. */
  readonly count?: number;
}

/** The output of a decoder step for one sentence: `beam` values each; of `ended`, one for each living hypothesis. */
export interface Continuations {
  /** The best continuations, best first, none of which ends the sentence. */
  readonly tokens: ArrayLike<number>;
  readonly scores: ArrayLike<number>;
  /** Which of the living hypotheses each continues. */
  readonly parents: ArrayLike<number>;
  /** Scores of the living hypotheses, each ended here; -Infinity where there is no hypothesis. */
  readonly ended: ArrayLike<number>;
}

export interface Search {
  /**
   * Takes the next step; how many of its continuations live on, the first ones, or 0 when the search is over. The others are
   * to be impossible, of score -Infinity, in the step after it.
   */
  advance(step: Continuations): number;
  /** The best hypothesis of a search that is over. */
  best(): Hypothesis;
}

/** A living hypothesis: its last id and the one that it continues. */
type Path = { readonly token: number; readonly before: Path } | undefined;

/**
 * The beam search of one sentence, which narrows as Marian's does: each step takes the best of all ends and continuations,
 * `beam` less the hypotheses that have ended before. The ends among them end, the continuations among them live on. It
 * stops when none lives on, when no living one can come among the `count` best that have ended, or at the maximum length,
 * where every living hypothesis ends.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { searchSentence } from "./hypotheses.ts";
 *
 * const search = searchSentence({ beam: 1, lengthPenalty: 1, maximumLength: 5 });
 * search.advance({ tokens: [7], scores: [-1], parents: [0], ended: [-9] });
 * search.advance({ tokens: [8], scores: [-9], parents: [0], ended: [-2] });
 * assertEquals([...search.best().ids], [7]);
 * ```
 */
export function searchSentence(
  { beam, lengthPenalty, maximumLength, count = 1 }: SearchOptions,
): Search {
  let paths: Path[] = new Array(beam).fill(undefined);
  let length = 0;
  let ends = 0;
  /** The best that have ended, best first. */
  const found: { path: Path; score: number; normalised: number }[] = [];
  const normalise = (score: number, length: number) =>
    score / (length + 1) ** lengthPenalty;
  return {
    advance: ({ tokens, scores, parents, ended }) => {
      const last = length === maximumLength;
      const taken = beam - ends;
      for (let i = 0; i < ended.length; i++) {
        if (ended[i] === -Infinity) continue;
        if (!last && better(ended, scores, i) >= taken) continue;
        ends++;
        const normalised = normalise(ended[i], length);
        found.push({ path: paths[i], score: ended[i], normalised });
        found.sort((a, b) => b.normalised - a.normalised);
        if (found.length > count) found.pop();
      }
      if (last || ends >= beam) return 0;
      paths = Array.from(
        { length: beam - ends },
        (_, i) => ({ token: tokens[i], before: paths[parents[i]] }),
      );
      length++;
      // A log probability only falls, and is divided by no more than the maximum length.
      const bound = normalise(scores[0], maximumLength);
      const isBeyond = found.length === count &&
        found[count - 1].normalised >= bound;
      return isBeyond ? 0 : paths.length;
    },
    best: () => {
      const all = found.filter(({ score }) => Number.isFinite(score))
        .map(({ path, ...scores }) => ({ ids: idsOf(path), ...scores }));
      if (all.length === 0) {
        throw inputError(
          "Cannot translate with this model: its scores are not numbers; its training has diverged, lower its rate.",
        );
      }
      return count === 1 ? all[0] : { ...all[0], alternatives: all };
    },
  };
}

/** How many continuations and ends are better than the end of hypothesis `i`; of equal ones the end comes first. */
function better(
  ended: ArrayLike<number>,
  scores: ArrayLike<number>,
  i: number,
): number {
  let count = 0;
  for (let j = 0; j < scores.length; j++) {
    if (scores[j] > ended[i]) count++;
  }
  for (let j = 0; j < ended.length; j++) {
    if (ended[j] > ended[i] || (ended[j] === ended[i] && j < i)) count++;
  }
  return count;
}

function idsOf(path: Path): Int32Array {
  const ids: number[] = [];
  for (let at = path; at !== undefined; at = at.before) ids.push(at.token);
  return Int32Array.from(ids.reverse());
}
