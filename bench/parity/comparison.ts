/** What the comparison of two trainings says: losses side by side, and how far apart they come. */
import { table } from "../../cli/console/listings.ts";
import type { Curves } from "./ours.ts";
import type { TheirCurves } from "./theirs.ts";

/** How far apart the losses of a step may be. */
export const BAR = 1e-3;

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

/** Both losses of teacher and student and their difference, a row for each `every` steps; the largest differences below. */
export function comparisonTable(
  all: readonly Pairing[],
  every: number,
): string {
  // The third pairing has the student's losses once more.
  const columns = all.slice(0, 2);
  const steps = all[0].ours.map((_, i) => i + 1)
    .filter((step) => step === 1 || step % every === 0);
  const rows = steps.map((step) => [
    `${step}`,
    ...columns.flatMap(({ ours, theirs }) => {
      const [own, other] = [ours[step - 1], theirs[step - 1]];
      return [own.toFixed(5), other.toFixed(5), shown(Math.abs(own - other))];
    }),
  ]);
  const heads = columns.flatMap(({ name }) => [name, "PyTorch", "difference"]);
  const verdicts = all.map((pairing) => {
    const { name, difference, rounding } = pairing;
    return [
      name,
      shown(difference.largest),
      `${difference.atStep}`,
      isMissed(pairing) ? "MISSED" : "",
      shown(rounding.ours.largest),
      shown(rounding.theirs.largest),
    ];
  });
  return [
    table([["step", ...heads], ...rows]),
    "",
    table([
      [
        "largest difference",
        `below ${BAR}`,
        "step",
        "",
        "ours to float64",
        "PyTorch to float64",
      ],
      ...verdicts,
    ]),
  ].join("\n");
}

const shown = (difference: number) => difference.toExponential(1);
