/** The results of an experiment side by side: a row a model, a column a test set. */
import { canonical } from "../../engine/files/hash.ts";
import { withPair } from "../../schemas/subwords.ts";
import type { Table } from "../../nmt/metrics/layout.ts";
import type { Json } from "../../schemas/manifest.ts";
import type { System } from "../../schemas/results.ts";
import type { Saved } from "./gather.ts";

/** The test set that comes out of an experiment's own corpus; no other can be called so. */
export const OWN = "own test";

/** The scores of a model. */
interface Scored {
  /** Its system, with its language pair where other pairs have another model of that name. */
  readonly name: string;
  readonly parameters: number;
  readonly int8?: System["int8"];
  /** By test set, which has its language pair where other pairs have other sentences of that name, or evaluate otherwise. */
  readonly scores: ReadonlyMap<string, Pick<System, "bleu" | "chrf">>;
}

/** Every model once, in the order of the table of systems; one that several pairs have is the same artifact in them. */
export function scoredOf(saved: Saved): Scored[] {
  const rows = saved.results.systems.map((row) => placed(row, saved));
  const models = Map.groupBy(
    rows,
    ({ row, model }) => `${row.system} ${model}`,
  );
  const systems = distinct(rows, ({ row }) => row.system, ({ model }) => model);
  const sets = distinct(rows, ({ set }) => set, ({ sentences }) => sentences);
  const within = (name: string, pair: string | undefined, others = 1) =>
    others > 1 && pair !== undefined ? `${name} (${pair})` : name;
  return [...models.values()].map((rows) => {
    const [{ row, pair }] = rows;
    return {
      name: within(row.system, pair, systems.get(row.system)?.size),
      parameters: row.parameters,
      int8: rows.find(({ row }) => row.int8 !== undefined)?.row.int8,
      scores: new Map(
        rows.map(({ row, set, pair }) => [
          within(set, pair, sets.get(set)?.size),
          row,
        ]),
      ),
    };
  });
}

/** A row with its language pair, its test set, the hashes of its models, and that of the sentences with how they are evaluated. */
interface Placed {
  readonly row: System;
  readonly pair?: string;
  readonly set: string;
  readonly model: string;
  readonly sentences: string;
}

/** The set `captions` of the pair `a` is called `a.captions`; the model of that row is a node of `a`. */
function placed(row: System, { manifest: { nodes } }: Saved): Placed {
  const [{ model, name }] = row.runs;
  const pair = /^([^/]+)\//.exec(model)?.[1];
  const models = row.runs.map(({ model }) =>
    nodes[model]?.outputs.model?.sha256 ?? model
  );
  const within = pair === undefined ? 0 : pair.length + 1;
  const { inputs, config } =
    nodes[withPair(row.pair, `evaluate:${name}`)]?.preimage ?? {};
  return {
    row,
    pair,
    set: row.pair === pair ? OWN : row.pair?.slice(within) ?? OWN,
    model: models.join(" "),
    sentences: canonical([inputs?.corpus?.test ?? "", config ?? null]),
  };
}

/** Which values the rows of each name have. */
function distinct(
  rows: readonly Placed[],
  nameOf: (row: Placed) => string,
  valueOf: (row: Placed) => string,
): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(
    [...Map.groupBy(rows, nameOf)].map((
      [name, rows],
    ) => [name, new Set(rows.map(valueOf))]),
  );
}

/** BLEU and chrF on each test set. */
export function testSetTables(scored: readonly Scored[]): Table[] {
  if (scored.length === 0) return [];
  const sets = [...new Set(scored.flatMap(({ scores }) => [...scores.keys()]))];
  return [{
    columns: ["BLEU / chrF", "parameters", ...sets],
    rows: scored.map(({ name, parameters, scores }) => [
      name,
      parameters.toLocaleString("en"),
      ...sets.map((set) => {
        const { bleu, chrf } = scores.get(set) ?? {};
        return bleu === undefined || chrf === undefined
          ? ""
          : `${bleu.score.toFixed(1)} / ${chrf.score.toFixed(1)}`;
      }),
    ]),
  }];
}

export function testSetsJson(scored: readonly Scored[]): Json {
  return scored.map(({ name, parameters, int8, scores }) => ({
    name,
    parameters,
    int8: int8 ?? null,
    scores: Object.fromEntries(
      [...scores].map(([set, { bleu, chrf }]) => [
        set,
        { bleu: bleu.score, chrf: chrf.score },
      ]),
    ),
  }));
}
