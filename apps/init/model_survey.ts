/** Surveys a user's corpus in the subwords of a public model: what the model lacks of it, and what it uses of the model. */
import { join } from "@std/path";
import {
  type ImportedModel,
  storedTokenizer,
} from "../../nmt/imported/import.ts";
import { takeNormalizer } from "../../nmt/text/normalization/stored_normalizer.ts";
import { loadSubwords } from "../../nmt/text/subwords/subwords.ts";
import { sidesOf, tokenize } from "../../nmt/text/subwords/tokenize.ts";
import {
  lengthOf,
  sentence,
  type Tokens,
} from "../../nmt/text/subwords/tokens.ts";
import { withCharacters } from "../../nmt/vocabulary/extension.ts";
import { changeableSubwords } from "../../nmt/vocabulary/subwords.ts";
import {
  CHARACTER_PAIRS,
  studentOf,
  studentSubwords,
} from "./adaptation_plan.ts";
import { LIMIT, measured, type Survey, withCorpus } from "./survey.ts";
import type { Subject } from "./subject.ts";
import type { SizedModel } from "../../nmt/transformer/parameters.ts";

export interface ModelSurvey extends Survey {
  readonly format: ImportedModel["format"];
  /** Subwords of the public model. */
  readonly vocabulary: number;
  /** Characters of the training text that it lacks and will learn, the most frequent first. */
  readonly characters: readonly string[];
  /** Training pairs that are too long for any model, or whose target has an unknown subword. */
  readonly dropped: number;
  /** Subwords that the text uses or that every text needs. */
  readonly used: number;
  /** The model with these characters. */
  readonly teacher: SizedModel;
  readonly student: SizedModel;
}

const WHAT = "the subwords of the model";

/** Whatever the pipeline would refuse of the corpus is an input error here. */
export function surveyModel(
  subject: Subject,
  imported: ImportedModel,
): Promise<ModelSurvey> {
  return withCorpus(subject, async ({ plan, report, places, ...said }) => {
    const { train, validation, work } = places;
    const text = storedTokenizer(imported);
    const characters = await lackedCharacters(text, train);
    const { saved, tokenizer } = withCharacters(
      imported,
      changeableSubwords(text, WHAT),
      characters,
    );
    const path = join(work, "tokenizer.json");
    await Deno.writeTextFile(path, tokenizer);
    const subwords = await loadSubwords(path);
    const cut = await tokenize(train, subwords, LIMIT, "train");
    const measures = measured(cut.tokens);
    const { maximumLength } = measures;
    const heldOut = await tokenize(
      validation,
      subwords,
      maximumLength,
      "validation",
    );
    const ids = new Set([
      ...idsOf(cut.tokens, maximumLength),
      ...idsOf(heldOut.tokens, maximumLength),
    ]);
    const used = changeableSubwords(tokenizer, WHAT).closure(ids).size;
    const { vocabulary } = saved;
    const students = studentSubwords(used, vocabulary) ?? vocabulary;
    return {
      plan,
      corpus: report,
      ...said,
      ...measures,
      format: imported.format,
      vocabulary: imported.vocabulary,
      characters,
      dropped: cut.dropped,
      used,
      teacher: { model: saved.model, vocabulary },
      student: { model: studentOf(saved, students), vocabulary: students },
    };
  });
}

/**
 * Characters of the pairs of a file that a vocabulary lacks, the most frequent first: down to the last one that enough
 * pairs have, as it is the first so many that a run adds.
 */
async function lackedCharacters(
  tokenizer: string,
  path: string,
): Promise<string[]> {
  const { isShared, missingCharacters } = changeableSubwords(tokenizer, WHAT);
  if (!isShared) return [];
  const missing = await missingCharacters(sidesOf(path));
  const pairs = new Map(missing.map((character) => [character, 0]));
  const { normalize } = takeNormalizer(JSON.parse(tokenizer), WHAT);
  const inPair = new Set<string>();
  let sides = 0;
  for await (const side of sidesOf(path)) {
    for (const character of normalize(side)) inPair.add(character);
    if (++sides % 2 === 1) continue;
    for (const character of inPair) {
      const before = pairs.get(character);
      if (before !== undefined) pairs.set(character, before + 1);
    }
    inPair.clear();
  }
  const last = missing.findLastIndex((character) =>
    (pairs.get(character) ?? 0) >= CHARACTER_PAIRS
  );
  return missing.slice(0, last + 1);
}

/** The subwords of the pairs that are short enough to be trained on. */
function idsOf({ source, target, pairs }: Tokens, most: number): Set<number> {
  const ids = new Set<number>();
  for (let pair = 0; pair < pairs; pair++) {
    const sides = [source, target];
    if (sides.some((side) => lengthOf(side, pair) > most)) continue;
    for (const id of sides.flatMap((side) => [...sentence(side, pair)])) {
      ids.add(id);
    }
  }
  return ids;
}
