/** Compares the losses of two trainings step by step. */
import { z } from "zod";
import { table } from "../../cli/console/table.ts";
import type { Curves } from "./ours.ts";
import type { TheirCurves } from "./theirs.ts";

/** How far apart the losses of a step may be. */
export const BAR = 1e-3;

/** The losses of a step. */
const Loss = z.object({
  ours: z.number(),
  theirs: z.number(),
  difference: z.number(),
});
type Loss = z.infer<typeof Loss>;

/** The losses of two trainings, step by step. */
export interface Pairing {
  readonly name: string;
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
  readonly difference: Difference;
  /** How far either is from PyTorch in float64: what rounding alone does. */
  readonly rounding: {
    readonly ours: Difference;
    readonly theirs: Difference;
  };
}

/** The largest absolute difference of the losses of a step, and that step, counted from 1. */
export interface Difference {
  readonly largest: number;
  readonly atStep: number;
}

/** The teacher, the student, and the student whose teacher is rounded on both sides. */
export function pairings(
  ours: Curves,
  { single, double }: TheirCurves,
): Pairing[] {
  const pairing = (
    name: string,
    own: readonly number[],
    of: keyof typeof single,
  ): Pairing => ({
    name,
    ours: own,
    theirs: single[of],
    difference: differenceOf(own, single[of]),
    rounding: {
      ours: differenceOf(own, double[of]),
      theirs: differenceOf(single[of], double[of]),
    },
  });
  return [
    pairing("teacher", ours.teacher, "teacher"),
    pairing("student", ours.student, "student"),
    pairing("student, float16 layers", ours.student, "studentOfRounded"),
  ];
}

function differenceOf(
  one: readonly number[],
  other: readonly number[],
): Difference {
  if (one.length !== other.length) {
    throw new Error(
      `Cannot compare: expected ${one.length} losses, found ${other.length}`,
    );
  }
  const differences = one.map((loss, i) => Math.abs(loss - other[i]));
  const largest = Math.max(...differences);
  return { largest, atStep: differences.indexOf(largest) + 1 };
}

/** Whether the losses of a step are too far apart. */
export const isMissed = ({ difference }: Pairing) => difference.largest >= BAR;

/** The losses of both sides at some steps, and how far apart they are at most: what `--json` prints and is committed. */
export const Losses = z.object({
  bar: z.number(),
  losses: z.array(z.object({
    step: z.int(),
    teacher: Loss,
    student: Loss,
  })),
  largest: z.array(z.object({
    name: z.string(),
    difference: z.number(),
    atStep: z.int(),
    rounding: z.object({ ours: z.number(), theirs: z.number() }),
  })),
});
export type Losses = z.infer<typeof Losses>;

/** The losses at the first step and at each `every` steps, and the largest differences of all steps. */
export function lossesOf(all: readonly Pairing[], every: number): Losses {
  const [teacher, student] = all;
  const at = ({ ours, theirs }: Pairing, step: number) => {
    const [own, other] = [ours[step - 1], theirs[step - 1]];
    return { ours: own, theirs: other, difference: Math.abs(own - other) };
  };
  const steps = teacher.ours.map((_, i) => i + 1)
    .filter((step) => step === 1 || step % every === 0);
  return {
    bar: BAR,
    losses: steps.map((step) => ({
      step,
      teacher: at(teacher, step),
      student: at(student, step),
    })),
    largest: all.map(({ name, difference, rounding }) => ({
      name,
      difference: difference.largest,
      atStep: difference.atStep,
      rounding: {
        ours: rounding.ours.largest,
        theirs: rounding.theirs.largest,
      },
    })),
  };
}

/** A row for each step. */
export function lossTable({ losses }: Losses): string {
  const cells = ({ ours, theirs, difference }: Loss) => [
    ours.toFixed(5),
    theirs.toFixed(5),
    shown(difference),
  ];
  const heads = ["teacher", "student"].flatMap((model) => [
    ...[model, "PyTorch", "difference"],
  ]);
  return table([
    ["step", ...heads],
    ...losses.map(({ step, teacher, student }) => [
      `${step}`,
      ...cells(teacher),
      ...cells(student),
    ]),
  ]);
}

/** The largest differences. */
export function differenceTable({ bar, largest }: Losses): string {
  return table([
    ["largest difference", `below ${bar}`, "step", ""].concat(
      ["ours to float64", "PyTorch to float64"],
    ),
    ...largest.map(({ name, difference, atStep, rounding }) => [
      name,
      shown(difference),
      `${atStep}`,
      difference < bar ? "" : "MISSED",
      shown(rounding.ours),
      shown(rounding.theirs),
    ]),
  ]);
}

const shown = (difference: number) => difference.toExponential(1);
