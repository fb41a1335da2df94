/** The results of an experiment side by side: a row a model, a column a test set. */
import type { Table } from "../../nmt/metrics/layout.ts";
import type { Json } from "../../schemas/manifest.ts";
import type { System } from "../../schemas/results.ts";
import type { Saved } from "./gather.ts";

/** The test set that comes out of an experiment's own corpus. */
const OWN = "test";

/** The scores of a model. */
interface Scored {
  /** Its system, with its language pair where other pairs have another model of that name. */
  readonly name: string;
  readonly parameters: number;
  readonly int8?: System["int8"];
  readonly scores: ReadonlyMap<string, Pick<System, "bleu" | "chrf">>;
}

/** Every model once, in the order of the table of systems; one that several pairs have is the same artifact in them. */
export function scoredOf(saved: Saved): Scored[] {
  const rows = saved.results.systems.map((row) => placed(row, saved));
  const models = Map.groupBy(rows, ({ sha256 }) => sha256);
  const namesakes = Map.groupBy(rows, ({ row }) => row.system);
  return [...models.values()].map((rows) => {
    const [{ row, pair }] = rows;
    const hasNamesakes = namesakes.get(row.system)
      ?.some(({ sha256 }) => sha256 !== rows[0].sha256);
    return {
      name: hasNamesakes && pair !== undefined
        ? `${row.system} (${pair})`
        : row.system,
      parameters: row.parameters,
      int8: rows.find(({ row }) => row.int8 !== undefined)?.row.int8,
      scores: new Map(rows.map(({ set, row }) => [set, row])),
    };
  });
}

/** A row with its model, and the test set and language pair of it: `a.captions` is the set `captions` of the pair `a`. */
function placed(row: System, { manifest }: Saved) {
  const { model } = row.runs[0];
  const pair = /^([^/]+)\//.exec(model)?.[1];
  const within = pair === undefined ? 0 : pair.length + 1;
  return {
    row,
    pair,
    set: row.pair === pair ? OWN : row.pair?.slice(within) ?? OWN,
    sha256: manifest.nodes[model]?.outputs.model?.sha256 ?? model,
  };
}

/** BLEU and chrF on each test set, and the size. */
export function testSetTables(scored: readonly Scored[]): Table[] {
  if (scored.length === 0) return [];
  const sets = setsOf(scored);
  const cell = (score: number | undefined) => score?.toFixed(1) ?? "";
  return [{
    columns: ["BLEU / chrF", "parameters", "int8 (MB)", ...sets],
    rows: scored.map(({ name, parameters, int8, scores }) => [
      name,
      parameters.toLocaleString("en"),
      int8 === undefined ? "" : (int8.bytes / 1e6).toFixed(1),
      ...sets.map((set) => {
        const { bleu, chrf } = scores.get(set) ?? {};
        return bleu === undefined
          ? ""
          : `${cell(bleu.score)} / ${cell(chrf?.score)}`;
      }),
    ]),
  }];
}

export function testSetsJson(scored: readonly Scored[]): Json {
  return scored.map(({ name, parameters, scores }) => ({
    name,
    parameters,
    scores: Object.fromEntries(
      [...scores].map(([set, { bleu, chrf }]) => [
        set,
        { bleu: bleu.score, chrf: chrf.score },
      ]),
    ),
  }));
}

function setsOf(scored: readonly Scored[]): string[] {
  return [...new Set(scored.flatMap(({ scores }) => [...scores.keys()]))];
}
