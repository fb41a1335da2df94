/** Hyperparameter search: the grid, its trials, and what a selection makes of a student. */
import { z } from "zod";
import type { Student } from "./distillation.ts";
import { ModelOverride, Training } from "./model.ts";
import { parse } from "../../base/input_error.ts";

/** What a grid may vary and a selection sets. */
export const Hyperparameters = z.strictObject({
  alpha: z.number(),
  beta: z.number(),
  temperature: z.number(),
  /** Of the student; left out where no grid varies it. */
  dropout: z.number().optional(),
  /** Steps of the student's training; left out likewise. */
  warmup: z.number().optional(),
});
export type Hyperparameters = z.infer<typeof Hyperparameters>;

/** A student with the hyperparameters of the selection in a file. */
export function selectedStudent<Config extends Tunable>(
  student: Config,
  path: string,
): Config {
  const selection = parse(
    Hyperparameters,
    JSON.parse(Deno.readTextFileSync(path)),
    "the selection",
  );
  return withHyperparameters(student, selection);
}

/** Writes hyperparameters, equal ones to equal bytes: a student that reads them has the key of a trial that did. */
export function writeSelection(path: string, selected: Hyperparameters): void {
  const { alpha, beta, temperature, dropout, warmup } = selected;
  const text = JSON.stringify({ alpha, beta, temperature, dropout, warmup });
  Deno.writeTextFileSync(path, text + "\n");
}

/** The part of a student that a selection changes. */
type Tunable = Pick<Student, "model" | "training" | "distillation">;

function withHyperparameters<Config extends Tunable>(
  student: Config,
  {
    dropout = student.model.dropout,
    warmup = student.training.warmup,
    ...weights
  }: Hyperparameters,
): Config {
  return {
    ...student,
    model: { ...student.model, dropout },
    training: { ...student.training, warmup },
    distillation: { ...student.distillation, ...weights },
  };
}

function valuesOf(value: z.ZodType<number>) {
  return z.array(value).min(1, "expected at least one value")
    .refine(
      (all) => new Set(all).size === all.length,
      "expected distinct values",
    ).optional();
}

const dropout = ModelOverride.shape.dropout.unwrap();
const warmup = Training.shape.warmup.unwrap();

/** Values to try; all combinations of them are. */
const Combinations = z.strictObject({
  alpha: valuesOf(z.number()),
  beta: valuesOf(z.number()),
  temperature: valuesOf(z.number()),
  dropout: valuesOf(dropout),
  warmup: valuesOf(warmup),
}).refine(
  (grid) => Object.values(grid).some((tried) => tried !== undefined),
  "expected values of alpha, beta, temperature, dropout or warmup",
);

/** The points to try. */
const Points = z.array(
  z.strictObject({ ...Hyperparameters.shape, dropout, warmup }).partial()
    .refine(
      (point) => pointName(point) !== "",
      "expected alpha, beta, temperature, dropout or warmup",
    ),
).min(1, "expected at least one point").refine(
  (points) => new Set(points.map(pointName)).size === points.length,
  "expected distinct points",
);

export const Grid = z.union([Combinations, Points]);
export type Grid = z.infer<typeof Grid>;

/** A trial of a grid, with its name: `alpha0.4-beta0.2`. */
export interface Trial extends Tunable {
  readonly name: string;
  readonly hyperparameters: Hyperparameters;
}

/**
 * A grid's points over a student's own values: those listed, or all combinations, of which the last value varies fastest.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Distillation } from "./distillation.ts";
 * import { StudentModel, Training } from "./model.ts";
 * import { trialsOf } from "./tuning.ts";
 *
 * const noKd = {
 *   model: StudentModel.parse({}),
 *   training: Training.parse({}),
 *   distillation: Distillation.parse({}),
 * };
 * const [first, second] = trialsOf({ dropout: [0.1, 0.3] }, noKd);
 * assertEquals([first.name, second.name], ["dropout0.1", "dropout0.3"]);
 * assertEquals(second.model.dropout, 0.3);
 * ```
 */
export function trialsOf(grid: Grid, own: Tunable): Trial[] {
  const points = Array.isArray(grid) ? grid : combinations(grid);
  return points.map((given) => {
    const { alpha, beta, temperature, dropout, warmup } = given;
    const point = { alpha, beta, temperature, dropout, warmup };
    const { distillation } = own;
    const hyperparameters: Hyperparameters = {
      alpha: alpha ?? distillation.alpha,
      beta: beta ?? distillation.beta,
      temperature: temperature ?? distillation.temperature,
      ...dropout === undefined ? {} : { dropout },
      ...warmup === undefined ? {} : { warmup },
    };
    return {
      name: pointName(point),
      hyperparameters,
      ...withHyperparameters(own, hyperparameters),
    };
  });
}

function combinations(
  { alpha, beta, temperature, dropout, warmup }: z.infer<typeof Combinations>,
): Partial<Hyperparameters>[] {
  return Object.entries({ alpha, beta, temperature, dropout, warmup })
    .reduce<Partial<Hyperparameters>[]>(
      (points, [name, values]) =>
        values === undefined
          ? points
          : points.flatMap((point) =>
            values.map((value) => ({ ...point, [name]: value }))
          ),
      [{}],
    );
}

/** `alpha0.4-beta0.2` */
export function pointName(point: Partial<Hyperparameters>): string {
  return Object.entries(point)
    .flatMap(([name, value]) => value === undefined ? [] : [`${name}${value}`])
    .join("-");
}
