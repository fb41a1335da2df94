/** Test sentences with what each system made of them, for a reader to search, filter and sample. */
import { withPair } from "../../../schemas/subwords.ts";
import { chrf } from "../../../nmt/metrics/chrf.ts";
import { readLines } from "../../../nmt/metrics/lines.ts";
import { readPairs } from "../../../nmt/text/subwords/tokenize.ts";
import { ALL_REMARKS, remarkOf } from "../browser/remark.ts";
import { type Markup, markup } from "../html/markup.ts";
import { figure } from "../html/numbers.ts";
import { radios, select, view } from "../html/view.ts";
import { inputPath, pathIfThere, type Source } from "../source.ts";
import type { Trained } from "../trained.ts";
import type { TestSentences } from "../view_data.ts";

/** Characters of all texts, at most: the page stays small enough to be sent. */
const CHARACTERS = 700_000;

export interface Sentences extends TestSentences {
  /** Of the test set. */
  readonly count: number;
  /** By system, how many translations of the whole test set have each remark. */
  readonly faults: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** What could not be shown, a sentence each. */
  readonly missing: readonly string[];
}

/** Those of the evaluated systems of a language pair. */
export async function sentencesOf(
  source: Source,
  trained: readonly Trained[],
): Promise<Sentences> {
  const gone: string[] = [];
  const found: (Translations & { readonly system: string })[] = [];
  for (const { system, row } of trained) {
    if (row === undefined) continue;
    const own = await translationsOf(source, row);
    const isOther = own !== undefined && found.length > 0 &&
      own.pairs.length !== found[0].pairs.length;
    if (own === undefined || isOther) gone.push(system);
    else found.push({ system, ...own });
  }
  const pairs = found[0]?.pairs ?? [];
  const kept = keptOf(found);
  return {
    sentences: kept.map((i) => ({
      line: i + 1,
      source: pairs[i].source,
      reference: pairs[i].target,
    })),
    systems: found.map(({ system, lines, scores }) => ({
      system,
      outputs: kept.map((i) => lines[i]),
      chrf: kept.map((i) => scores[i]),
    })),
    count: pairs.length,
    faults: new Map(found.map((each) => [each.system, faultsOf(each)])),
    missing: gone.length === 0 ? [] : [
      `Translations, or test sentences, that are not there: ${
        gone.join(", ")
      }.`,
    ],
  };
}

interface Translations {
  readonly pairs: readonly {
    readonly source: string;
    readonly target: string;
  }[];
  readonly lines: readonly string[];
  /** chrF of each sentence, to a tenth. */
  readonly scores: readonly number[];
}

/** What the first model of a system made of the test sentences; undefined where that is gone. */
async function translationsOf(
  source: Source,
  { pair, runs: [run] }: NonNullable<Trained["row"]>,
): Promise<Translations | undefined> {
  const node = withPair(pair, `evaluate:${run.name}`);
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
  // What is counted, ranked and shown has one value.
  const scores = counts.map((each) => Number(metric.score(each).toFixed(1)));
  return { pairs, lines, scores };
}

/** The most frequent first. */
function faultsOf(
  { pairs, lines, scores }: Translations,
): ReadonlyMap<string, number> {
  const remarks = pairs.map(({ source, target: reference }, i) =>
    remarkOf({ source, reference, output: lines[i] }, scores[i])
  ).filter((remark) => remark !== "");
  const counts = [...Map.groupBy(remarks, (remark) => remark)]
    .map(([remark, all]) => [remark, all.length] as const);
  return new Map(counts.sort(([, a], [, b]) => b - a));
}

/**
 * Which sentences are in a page with so many characters of them: all, or as the first half the worst and best of each
 * system, as the second a sample of the others.
 */
export function keptOf(
  systems: readonly Translations[],
  characters = CHARACTERS,
): number[] {
  const [first] = systems;
  if (first === undefined) return [];
  const all = first.pairs.map((_, i) => i);
  const sizes = first.pairs.map(({ source, target }, i) =>
    systems.reduce(
      (sum, { lines }) => sum + lines[i].length,
      source.length + target.length,
    )
  );
  if (sizes.reduce((a, b) => a + b, 0) <= characters) return all;
  const kept = new Set<number>();
  let used = 0;
  const keep = (i: number, most: number) => {
    if (kept.has(i) || used + sizes[i] > most) return;
    kept.add(i);
    used += sizes[i];
  };
  const rankings = systems.map(({ scores }) =>
    all.toSorted((a, b) => scores[a] - scores[b])
  );
  for (const rank of all) {
    for (const ranked of rankings) {
      keep(ranked[rank], characters / 2);
      keep(ranked[all.length - 1 - rank], characters / 2);
    }
  }
  const mixed = (i: number) => Math.imul(i, 0x9e3779b1) >>> 0;
  for (const i of all.toSorted((a, b) => mixed(a) - mixed(b))) {
    keep(i, characters);
  }
  return [...kept].sort((a, b) => a - b);
}

/** The id of the view of a language pair. */
export function sentencesId(pair: string | undefined): string {
  return pair === undefined ? "translations" : `translations-${pair}`;
}

/** The wanted one, else the first of those with translations; undefined where there are none. */
export function firstSystem(
  { systems }: Pick<Sentences, "systems">,
  wanted: string | undefined,
): string | undefined {
  const names = systems.map(({ system }) => system);
  return names.find((name) => name === wanted) ?? names[0];
}

/** `first` is the system that is shown before anything is chosen. */
export function testSentences(
  { sentences, systems, count }: Sentences,
  first: string | undefined,
  id: string,
): Markup | undefined {
  const shown = firstSystem({ systems }, first);
  if (shown === undefined) return undefined;
  const names = systems.map(({ system }) => system);
  const same = (values: readonly string[]) =>
    values.map((value) => [value, value] as const);
  return markup`${
    sentences.length === count
      ? undefined
      : markup`<p class="aside">In the page are ${
        figure(sentences.length)
      } of ${
        figure(count)
      } test sentences: the worst and best of each system, and a sample of the others.</p>`
  }${
    view("sentences", { sentences, systems }, {
      id,
      choices: markup`${select("System", "system", same(names), shown)}${
        radios("Order", "order", {
          worst: "worst",
          best: "best",
          random: "random sample",
        })
      }<button type="button" data-another hidden>Another sample</button>${
        radios("Fault", "remark", {
          "": "any or none",
          ...Object.fromEntries(same(ALL_REMARKS)),
        })
      }<span><label>Words of the source <input name="shortest" type="number" min="0"></label> <label>to <input name="longest" type="number" min="0"></label></span><label>Search <input name="search" type="search"></label>`,
    })
  }`;
}
