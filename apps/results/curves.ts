/** Validation perplexity and BLEU of each model during training, and of the model that was chosen. */
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
  /** Validation BLEU by step, where checkpoints were chosen by it. */
  readonly bleus: ReadonlyMap<number, number>;
  /** Perplexity of the model: of its best checkpoint, or of the average of the best ones. */
  readonly averaged?: number;
}

/** The curves of all models in the order of the table, each once, without those that are lost. */
export function learningCurves(
  { systems, curves }: Pick<Results, "systems" | "curves">,
): LearningCurve[] {
  const told = new Set<string>();
  return systems.flatMap(({ pair, runs }) =>
    runs.flatMap(({ name, model, perplexity }) => {
      const curve = curves[model];
      // On a further test set it is the same model.
      if (curve === undefined || told.has(model)) return [];
      told.add(model);
      return [{
        pair,
        name,
        perplexities: new Map(
          curve.map(({ step, nll }) => [step, Math.exp(nll)]),
        ),
        bleus: new Map(
          curve.flatMap(({ step, bleu }) =>
            bleu === undefined ? [] : [[step, bleu] as const]
          ),
        ),
        averaged: perplexity,
      }];
    })
  );
}

/** Tables of a language pair, a row a run, a column a step: of perplexity, and of BLEU where there is some. */
export function curvesTables(curves: readonly LearningCurve[]): Table[] {
  return [...Map.groupBy(curves, ({ pair }) => pair)].flatMap(
    ([title, curves]) => {
      const steps = thinned(curves.flatMap((curve) => [
        ...curve.perplexities.keys(),
      ]));
      const cells = (values: ReadonlyMap<number, number>, digits: number) =>
        steps.map((step) => values.get(step)?.toFixed(digits) ?? "");
      const perplexity: Table = {
        title,
        columns: ["perplexity at step", ...steps.map(String), "model"],
        rows: curves.map(({ name, perplexities, averaged }) => [
          name,
          ...cells(perplexities, 2),
          averaged?.toFixed(2) ?? "",
        ]),
      };
      const scored = curves.filter(({ bleus }) => bleus.size > 0);
      return scored.length === 0 ? [perplexity] : [perplexity, {
        title,
        columns: ["validation BLEU at step", ...steps.map(String)],
        rows: scored.map(({ name, bleus }) => [name, ...cells(bleus, 1)]),
      }];
    },
  );
}

export function curvesJson(curves: readonly LearningCurve[]): Json {
  return curves.map(({ pair, name, perplexities, bleus, averaged }) => ({
    ...pair === undefined ? {} : { pair },
    name,
    perplexities: [...perplexities].map(([step, perplexity]) => ({
      step,
      perplexity,
    })),
    ...bleus.size === 0
      ? {}
      : { bleus: [...bleus].map(([step, bleu]) => ({ step, bleu })) },
    averaged: averaged ?? null,
  }));
}

/** Each step once, ascending; of many every second, third and so on, the last among them. */
function thinned(steps: readonly number[]): number[] {
  const all = [...new Set(steps)].sort((a, b) => a - b);
  const stride = Math.ceil(all.length / COLUMNS);
  return all.filter((_, i) => (all.length - 1 - i) % stride === 0);
}
