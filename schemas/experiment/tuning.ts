/** A grid of a system's loss weights, of which the best by validation BLEU is taken. */
import { z } from "zod";
import type { Distillation } from "./distillation.ts";
import { parse } from "../../base/input_error.ts";

/** What a grid may vary, and what a choice is of. */
export const Point = z.strictObject({
  alpha: z.number(),
  beta: z.number(),
  temperature: z.number(),
});
export type Point = z.infer<typeof Point>;

/** Reads what the `choose` stage wrote. */
export function readChoice(path: string): Point {
  return parse(
    Point,
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

/** A point of a grid, with the name that its trial has: `alpha0.4-beta0.2`. */
export interface Trial {
  readonly name: string;
  readonly distillation: Distillation;
}

/** The combinations of a grid's values over a system's own, the last one varying fastest. */
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

/** The weights that each trial was trained with, by its name. */
export function points(trials: readonly Trial[]): Record<string, Point> {
  return Object.fromEntries(
    trials.map(({ name, distillation: { alpha, beta, temperature } }) => [
      name,
      { alpha, beta, temperature },
    ]),
  );
}
