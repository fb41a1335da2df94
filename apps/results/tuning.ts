/** The hyperparameter searches of an experiment: the validation score of each trial, and the selected one. */
import { z } from "zod";
import type { Table } from "../../nmt/metrics/layout.ts";
import type { Json } from "../../schemas/manifest.ts";
import { withPair } from "../../schemas/subwords.ts";
import type { Saved } from "./gather.ts";

/** `choose:NAME`, of a language pair where there are several. */
const CHOICE = /^(?:([^/]+)\/)?choose:(.+)$/;

/** How stage `choose` calls the score of a point. */
const SCORE = /^validationBleu (.+)$/;

const Trained = z.object({ training: z.object({ steps: z.int() }) });

export interface Tuned {
  readonly pair?: string;
  readonly system: string;
  /** The point that was chosen: `alpha0.4-beta0.2`. */
  readonly chosen: string;
  /** Validation BLEU by point. */
  readonly tried: ReadonlyMap<string, number>;
  /** The most steps of each trial; undefined where no trial is recorded. */
  readonly steps?: number;
}

/** All choices, in the order of the table of systems. */
export function tunedOf({ manifest: { nodes }, results }: Saved): Tuned[] {
  const order = results.systems.map(nameOf);
  return Object.entries(nodes)
    .flatMap(([node, { metrics, inputs }]): Tuned[] => {
      const [, pair, system] = CHOICE.exec(node) ?? [];
      if (system === undefined) return [];
      const tried = Object.entries(metrics).flatMap(([name, value]) => {
        const point = SCORE.exec(name)?.[1];
        return point === undefined ? [] : [[point, Number(value)] as const];
      });
      const chosen = String(metrics.chosen);
      const config = nodes[inputs[`trial:${chosen}`]]?.preimage.config;
      const steps = Trained.safeParse(config).data?.training.steps;
      return [{ pair, system, chosen, tried: new Map(tried), steps }];
    })
    .sort((a, b) => order.indexOf(nameOf(a)) - order.indexOf(nameOf(b)));
}

const nameOf = ({ pair, system }: Pick<Tuned, "pair" | "system">) =>
  withPair(pair, system);

/** Whether systems were tuned with different numbers of trials, or of steps a trial. */
function isUnequal(tuned: readonly Tuned[]): boolean {
  return new Set(tuned.map(budget)).size > 1;
}

function budget({ tried, steps }: Tuned): string {
  const trials = `${tried.size} trial${tried.size === 1 ? "" : "s"}`;
  return steps === undefined ? trials : `${trials} of ${steps} steps`;
}

/** A table a language pair: a row a system, a column a point. Budgets are among them where they are unequal. */
export function tuningTables(tuned: readonly Tuned[]): Table[] {
  return [...Map.groupBy(tuned, ({ pair }) => pair)].map(([title, tuned]) => {
    const points = [
      ...new Set(tuned.flatMap(({ tried }) => [...tried.keys()])),
    ];
    const budgets = isUnequal(tuned) ? [budget] : [];
    return {
      title,
      columns: [
        ...["validation BLEU of", ...points, "chosen"],
        ...budgets.map(() => "unequal budget"),
      ],
      rows: tuned.map((row) => [
        row.system,
        ...points.map((point) => row.tried.get(point)?.toFixed(2) ?? ""),
        row.chosen,
        ...budgets.map((budget) => budget(row)),
      ]),
    };
  });
}

export function tuningJson(tuned: readonly Tuned[]): Json {
  const byPair = Map.groupBy(tuned, ({ pair }) => pair);
  return tuned.map(({ pair, system, chosen, tried, steps }) => ({
    ...pair === undefined ? {} : { pair },
    system,
    chosen,
    tried: Object.fromEntries(tried),
    steps: steps ?? null,
    unequal: isUnequal(byPair.get(pair) ?? []),
  }));
}
