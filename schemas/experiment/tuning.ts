/** Hyperparameter search over loss weights: the grid, its trials, and the selected weights. */
import { z } from "zod";
import type { Distillation } from "./distillation.ts";
import { parse } from "../../base/input_error.ts";

/** The loss weights that a grid may vary and that a selection sets. */
export const LossWeights = z.strictObject({
  alpha: z.number(),
  beta: z.number(),
  temperature: z.number(),
});
export type LossWeights = z.infer<typeof LossWeights>;

/** Reads the selection that the `choose` stage wrote. */
export function readSelection(path: string): LossWeights {
  return parse(
    LossWeights,
    JSON.parse(Deno.readTextFileSync(path)),
    "the choice of weights",
  );
}

const values = z.array(z.number()).min(1, "expected at least one value")
  .refine(
    (all) => new Set(all).size === all.length,
    "expected distinct values",
  ).optional();

/** Values to try; all combinations of them are. */
export const Grid = z.strictObject({
  alpha: values,
  beta: values,
  temperature: values,
}).refine(
  (grid) => Object.values(grid).some((tried) => tried !== undefined),
  "expected values of alpha, beta or temperature",
);
export type Grid = z.infer<typeof Grid>;

/** A trial of a grid, with its name: `alpha0.4-beta0.2`. */
export interface Trial {
  readonly name: string;
  readonly distillation: Distillation;
}

/**
 * The combinations of a grid's values over a system's own, the last one varying fastest.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Distillation } from "./distillation.ts";
 * import { trialsOf } from "./tuning.ts";
 *
 * const trials = trialsOf({ alpha: [0.2, 0.4] }, Distillation.parse({}));
 * assertEquals(trials.map(({ name }) => name), ["alpha0.2", "alpha0.4"]);
 * ```
 */
export function trialsOf(grid: Grid, own: Distillation): Trial[] {
  const { alpha, beta, temperature } = grid;
  const tried = Object.entries({ alpha, beta, temperature })
    .flatMap(([name, values]) =>
      values === undefined ? [] : [{ name, values }]
    );
  const points = tried.reduce<[string, number][][]>(
    (points, { name, values }) =>
      points.flatMap((point) =>
        values.map((value): [string, number][] => [...point, [name, value]])
      ),
    [[]],
  );
  return points.map((point) => ({
    name: point.map(([name, value]) => `${name}${value}`).join("-"),
    distillation: { ...own, ...Object.fromEntries(point) },
  }));
}

/** The loss weights of each trial by name. */
export function trialWeights(
  trials: readonly Trial[],
): Record<string, LossWeights> {
  return Object.fromEntries(
    trials.map(({ name, distillation: { alpha, beta, temperature } }) => [
      name,
      { alpha, beta, temperature },
    ]),
  );
}
