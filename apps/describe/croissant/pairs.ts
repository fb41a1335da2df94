/** The sentence pairs of a data set as fetched, before cleaning and splitting. */
import { join } from "@std/path";
import type { Data } from "../../../schemas/experiment/data.ts";
import type { Pair } from "../../../nmt/text/corpus/cleaning.ts";
import type { Selection } from "../../../nmt/text/descriptors/descriptors.ts";
import { locate, type Part } from "../../../nmt/text/fetch/user_files.ts";
import { readMessages } from "../../../nmt/text/formats/messages.ts";
import { readParallel } from "../../../nmt/text/formats/parallel.ts";
import { readTexts } from "../../../nmt/text/formats/texts.ts";
import type { DataSet } from "../data.ts";

const PARTS: readonly Part[] = ["train", "validation", "test"];

export interface SplitPair extends Pair {
  /** What the data set has it for; what it holds out nothing of is all for training. */
  readonly split: Part;
}

/** In the order of the data set; `folder` is what was brought in, and members of archives are unpacked into `work`. */
export async function* pairsOf(
  { from, languages }: DataSet,
  folder: string,
  work: string,
): AsyncGenerator<SplitPair> {
  for (const split of PARTS) {
    const pairs = "own" in from
      ? ownPairs(from.own, split, folder)
      : describedPairs(from.selection, split, languages, folder, work);
    for await (const { source, target } of pairs) {
      yield { source, target, split };
    }
  }
}

async function* describedPairs(
  { name, sources }: Selection,
  split: Part,
  languages: DataSet["languages"],
  folder: string,
  work: string,
): AsyncGenerator<Pair> {
  const files = join(folder, name);
  for (const source of sources) {
    if ("texts" in source) {
      yield* readTexts(source, split, languages, { files, work });
    } else if (split === "train") {
      yield* await readMessages(source, languages, folder);
    }
  }
}

async function* ownPairs(
  data: Data,
  split: Part,
  folder: string,
): AsyncGenerator<Pair> {
  const files = data[split];
  if (files !== undefined) yield* readParallel(locate(split, files, folder));
}
