/** The hyperparameter searches of an experiment: the validation score of each trial, and the selected one. */
import type { Table } from "../../nmt/metrics/layout.ts";
import type { Json } from "../../schemas/manifest.ts";
import type { Saved } from "./gather.ts";

/** `choose:NAME`, of a language pair where there are several. */
const CHOICE = /^(?:([^/]+)\/)?choose:(.+)$/;

/** How stage `choose` calls the score of a point. */
const SCORE = /^validationBleu (.+)$/;

export interface Tuned {
  readonly pair?: string;
  readonly system: string;
  /** The point that was chosen: `alpha0.4-beta0.2`. */
  readonly chosen: string;
  /** Validation BLEU by point. */
  readonly tried: ReadonlyMap<string, number>;
}

/** All choices, in the order of the table of systems. */
export function tunedOf({ manifest, results }: Saved): Tuned[] {
  const order = results.systems.map(({ system }) => system);
  return Object.entries(manifest.nodes)
    .flatMap(([node, { metrics }]): Tuned[] => {
      const [, pair, system] = CHOICE.exec(node) ?? [];
      if (system === undefined) return [];
      const tried = Object.entries(metrics).flatMap(([name, value]) => {
        const point = SCORE.exec(name)?.[1];
        return point === undefined ? [] : [[point, Number(value)] as const];
      });
      const chosen = String(metrics.chosen);
      return [{ pair, system, chosen, tried: new Map(tried) }];
    })
    .sort((a, b) => order.indexOf(a.system) - order.indexOf(b.system));
}

/** A table a language pair: a row a system, a column a point. */
export function tuningTables(tuned: readonly Tuned[]): Table[] {
  return [...Map.groupBy(tuned, ({ pair }) => pair)].map(([title, tuned]) => {
    const points = [
      ...new Set(tuned.flatMap(({ tried }) => [...tried.keys()])),
    ];
    return {
      title,
      columns: ["validation BLEU of", ...points, "chosen"],
      rows: tuned.map(({ system, chosen, tried }) => [
        system,
        ...points.map((point) => tried.get(point)?.toFixed(2) ?? ""),
        chosen,
      ]),
    };
  });
}

export function tuningJson(tuned: readonly Tuned[]): Json {
  return tuned.map(({ pair, system, chosen, tried }) => ({
    ...pair === undefined ? {} : { pair },
    system,
    chosen,
    tried: Object.fromEntries(tried),
  }));
}
