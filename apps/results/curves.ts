/** Validation perplexity of each model during training, and after averaging. */
import type { Table } from "../../nmt/metrics/layout.ts";
import type { Json } from "../../schemas/manifest.ts";
import type { Results } from "../../schemas/results.ts";

/** More validations than these are thinned out, evenly. */
const COLUMNS = 10;

export interface LearningCurve {
  readonly pair?: string;
  /** SYSTEM or SYSTEM@SEED. */
  readonly name: string;
  /** Validation perplexity by step. */
  readonly perplexities: ReadonlyMap<number, number>;
  /** Of the average of the best checkpoints, which is the model. */
  readonly averaged?: number;
}

/** The curves of all runs in the order of the table, without those that are lost. */
export function learningCurves(
  { systems, curves }: Pick<Results, "systems" | "curves">,
): LearningCurve[] {
  return systems.flatMap(({ pair, runs }) =>
    runs.flatMap(({ name, model, perplexity }) => {
      const curve = curves[model];
      return curve === undefined ? [] : [{
        pair,
        name,
        perplexities: new Map(
          curve.map(({ step, nll }) => [step, Math.exp(nll)]),
        ),
        averaged: perplexity,
      }];
    })
  );
}

/** A table a language pair: a row a run, a column a step. */
export function curvesTables(curves: readonly LearningCurve[]): Table[] {
  return [...Map.groupBy(curves, ({ pair }) => pair)].map(([title, curves]) => {
    const steps = thinned(curves.flatMap((curve) => [
      ...curve.perplexities.keys(),
    ]));
    return {
      title,
      columns: ["perplexity at step", ...steps.map(String), "averaged"],
      rows: curves.map(({ name, perplexities, averaged }) => [
        name,
        ...steps.map((step) => perplexities.get(step)?.toFixed(2) ?? ""),
        averaged?.toFixed(2) ?? "",
      ]),
    };
  });
}

export function curvesJson(curves: readonly LearningCurve[]): Json {
  return curves.map(({ pair, name, perplexities, averaged }) => ({
    ...pair === undefined ? {} : { pair },
    name,
    perplexities: [...perplexities].map(([step, perplexity]) => ({
      step,
      perplexity,
    })),
    averaged: averaged ?? null,
  }));
}

/** Each step once, ascending; of many every second, third and so on, the last among them. */
function thinned(steps: readonly number[]): number[] {
  const all = [...new Set(steps)].sort((a, b) => a - b);
  const stride = Math.ceil(all.length / COLUMNS);
  return all.filter((_, i) => (all.length - 1 - i) % stride === 0);
}
