/** Joins the corpora of several source languages into one, of which no text is held out in another. */
import { chunksOf } from "../subwords/tokenize.ts";
import type { Corpus } from "../../../schemas/experiment/data.ts";
import { lineOf, type Pair } from "./cleaning.ts";
import { fold, heldOutForms } from "./split.ts";

/** The files of a corpus. */
export interface CorpusFiles {
  readonly train: string;
  readonly validation: string;
  readonly test: string;
}

/** How many pairs there are, and how many were left out as their target is held out in some language. */
export interface Joined {
  readonly pairs: number;
  readonly nearDuplicates: number;
}

/**
 * Writes the training and the validation pairs of all corpora, one corpus after the other. Languages often have the same
 * targets: pairs whose target resembles a test sentence of any language are left out, and of training pairs also those
 * whose target resembles a validation sentence. Memory holds the folded targets that are held out. With `markup`, tags of
 * training text are no part of the comparison, as those of held-out text never are.
 */
export async function joinCorpora(
  corpora: readonly CorpusFiles[],
  to: Pick<CorpusFiles, "train" | "validation">,
  markup?: Corpus["markup"],
): Promise<Record<"train" | "validation", Joined>> {
  const held = new Set<string>();
  const hold = async (part: "validation" | "test") => {
    for (const { [part]: path } of corpora) {
      for await (const pairs of chunksOf(path)) {
        for (const { target } of pairs) {
          for (const form of heldOutForms(target, markup)) held.add(form);
        }
      }
    }
  };
  const isFree = ({ target }: Pair) => !held.has(fold(target, markup));
  await hold("test");
  const validation = await join(corpora, "validation", to.validation, isFree);
  await hold("validation");
  return { train: await join(corpora, "train", to.train, isFree), validation };
}

async function join(
  corpora: readonly CorpusFiles[],
  part: "train" | "validation",
  to: string,
  isFree: (pair: Pair) => boolean,
): Promise<Joined> {
  let pairs = 0, nearDuplicates = 0;
  const pieces = async function* () {
    for (const { [part]: path } of corpora) {
      for await (const chunk of chunksOf(path)) {
        const kept = chunk.filter(isFree);
        pairs += kept.length;
        nearDuplicates += chunk.length - kept.length;
        yield kept.map((pair) => `${lineOf(pair)}\n`).join("");
      }
    }
  };
  await Deno.writeTextFile(to, ReadableStream.from(pieces()));
  return { pairs, nearDuplicates };
}
