/** The test sentences that a system translates worst and best, with the differences to the reference marked. */
import { type Change, diffWordsWithSpace } from "diff";
import { chrf } from "../../../nmt/metrics/chrf.ts";
import { readLines } from "../../../nmt/metrics/lines.ts";
import { readPairs } from "../../../nmt/text/subwords/tokenize.ts";
import { inputPath, pathIfThere, type Source } from "../source.ts";
import type { Trained } from "../trained.ts";

/** Sentences at each end. */
const SENTENCES = 5;

/** A part of a text, and whether only this one of two texts has it. */
export interface Piece {
  readonly text: string;
  readonly isOwn: boolean;
}

export interface Translated {
  /** Line of the test set, from 1. */
  readonly line: number;
  readonly source: string;
  readonly reference: readonly Piece[];
  readonly hypothesis: readonly Piece[];
  readonly chrf: number;
  /** What the teacher says, where it is known. */
  readonly teacher?: { readonly text: string; readonly chrf: number };
}

export interface Extremes {
  readonly system: string;
  readonly worst: readonly Translated[];
  readonly best: readonly Translated[];
}

export interface Sentences {
  readonly systems: readonly Extremes[];
  /** What could not be shown, a sentence each. */
  readonly missing: readonly string[];
}

/** Those of each evaluated student of a language pair, by chrF of the sentence; of equals the longer first. */
export async function sentencesOf(
  source: Source,
  trained: readonly Trained[],
): Promise<Sentences> {
  const gone: string[] = [];
  const systems: Extremes[] = [];
  const students = trained.filter(({ family, row }) =>
    family !== "teacher" && row !== undefined
  );
  const teacher = trained.find(({ family }) => family === "teacher");
  const theirs = teacher && await translationsOf(source, teacher);
  for (const student of students) {
    const own = await translationsOf(source, student);
    if (own === undefined) {
      gone.push(student.system);
      continue;
    }
    const { pairs, scored } = own;
    const ranked = scored
      .map(({ chrf }, index) => ({ index, chrf }))
      .toSorted((a, b) =>
        a.chrf - b.chrf ||
        pairs[b.index].target.length - pairs[a.index].target.length
      );
    const translated = ({ index }: { readonly index: number }): Translated => {
      const { source, target } = pairs[index];
      const { text, chrf } = scored[index];
      const changes = diffWordsWithSpace(target, text);
      return {
        line: index + 1,
        source,
        reference: sideOf(changes, "removed"),
        hypothesis: sideOf(changes, "added"),
        chrf,
        teacher: theirs?.scored[index],
      };
    };
    const worst = ranked.slice(0, SENTENCES);
    const left = ranked.slice(worst.length).toSorted((a, b) =>
      b.chrf - a.chrf ||
      pairs[b.index].target.length - pairs[a.index].target.length
    );
    systems.push({
      system: student.system,
      worst: worst.map(translated),
      best: left.slice(0, SENTENCES).map(translated),
    });
  }
  return {
    systems,
    missing: gone.length === 0 ? [] : [
      `Translations, or test sentences, that are not there: ${
        gone.join(", ")
      }.`,
    ],
  };
}

/** What the first model of a system made of the test sentences, each scored; undefined where that is gone. */
async function translationsOf(source: Source, { row }: Trained) {
  const run = row?.runs[0];
  if (run === undefined) return undefined;
  const prefix = row?.pair === undefined ? "" : `${row.pair}/`;
  const node = `${prefix}evaluate:${run.name}`;
  const hypotheses = pathIfThere(
    source,
    source.manifest.nodes[node]?.outputs.hypotheses,
  );
  const test = inputPath(source, node, "corpus", "test");
  if (hypotheses === undefined || test === undefined) return undefined;
  const pairs = await readPairs(test);
  const lines = await readLines(hypotheses);
  if (lines.length !== pairs.length) return undefined;
  const metric = chrf({ lowercase: false });
  const counts = metric.counts(lines, [pairs.map(({ target }) => target)]);
  return {
    pairs,
    scored: lines.map((text, i) => ({ text, chrf: metric.score(counts[i]) })),
  };
}

/** One of two texts that were compared. */
function sideOf(
  changes: readonly Change[],
  own: "added" | "removed",
): Piece[] {
  const other = own === "added" ? "removed" : "added";
  return changes.filter((change) => !change[other])
    .map((change) => ({ text: change.value, isOwn: change[own] === true }));
}
