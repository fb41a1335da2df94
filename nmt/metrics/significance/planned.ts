/** The differences of an experiment: planned ones with Holm's correction and a verdict, all others exploratory. */
import { type Difference, type System } from "../../../schemas/results.ts";
import {
  type ScoreName,
  SCORES,
} from "../../../schemas/experiment/evaluation.ts";
import { isOppositePlanned, kindOf, rowOf, systemOf } from "./baselines.ts";
import { interval, number, pValue, signed, type Table } from "../layout.ts";
import { detectable, LEVEL, powerIfEqual } from "./power.ts";
import { arePaired } from "./seed_spread.ts";

/** A system compared with a baseline by a score. */
export interface Compared {
  readonly pair?: string;
  readonly system: string;
  readonly baseline: string;
  readonly score: ScoreName;
  readonly found: Difference;
  /** What varies beside sentences: seeds of both in pairs, of each for itself, of one side as the other has one, or none. */
  readonly seeds: "paired" | "unpaired" | "one side" | "one";
  /** Of planned ones: the p-value of what is tested, that by Holm's correction, and what it says. */
  readonly tested?: Tested;
}

interface Tested {
  readonly p: number;
  readonly corrected: number;
  /** The strictest level that Holm's method may ask: 0.05 / all that are planned. */
  readonly level: number;
  readonly verdict: Verdict;
}

type Verdict = "shown" | "not shown" | "the opposite shown";

/**
 * All differences that were tested: planned ones first, then in the order of the systems. `family` is how many are planned:
 * each that has not been tested counts as one that is not shown. An exploratory difference whose opposite is planned is left
 * out, as it says nothing more.
 */
export function comparedOf(
  systems: readonly System[],
  family: number,
): Compared[] {
  const all = systems.flatMap((row) =>
    SCORES.flatMap((score) =>
      Object.entries(row[score].to).flatMap(([baseline, found]): Compared[] => {
        if (found?.p === undefined) return [];
        if (
          found.planned === undefined &&
          isOppositePlanned(systems, row, baseline, score)
        ) return [];
        const { pair, system } = row;
        const other = rowOf(systems, row, baseline);
        const seeds = seedsOf(row, other);
        return [{ pair, system, baseline, score, found, seeds }];
      })
    )
  );
  const planned = all.flatMap((each) => {
    const p = plannedP(each.found);
    return p === undefined ? [] : [{ each, p }];
  });
  const corrected = holm(planned.map(({ p }) => p), family);
  const level = LEVEL / Math.max(planned.length, family);
  return [
    ...planned.map(({ each, p }, i) => ({
      ...each,
      tested: {
        p,
        corrected: corrected[i],
        level,
        verdict: verdictOf(each.found, corrected[i]),
      },
    })),
    ...all.filter(({ found }) => found.planned === undefined),
  ];
}

function plannedP(
  { planned, p, pMargin }: Difference,
): number | undefined {
  if (planned === undefined) return undefined;
  return planned === "superiority" ? p : pMargin;
}

function verdictOf({ planned, difference }: Difference, p: number): Verdict {
  if (p > LEVEL) return "not shown";
  return planned === "superiority" && difference < 0
    ? "the opposite shown"
    : "shown";
}

function seedsOf(
  row: System,
  other: System | undefined,
): Compared["seeds"] {
  const [own, theirs] = [row, other].map((system) =>
    (system?.runs ?? []).map(({ name }) => systemOf(name).seed)
  );
  if (arePaired(own, theirs)) return "paired";
  const several = [own, theirs].filter(({ length }) => length > 1);
  const kinds = ["one", "one side", "unpaired"] as const;
  return kinds[several.length];
}

/**
 * p-values corrected by Holm's step-down method (1979): those of at most 0.05 are all shown, and 0.05 is the chance that any
 * of them is not so. Where the family is larger, the p-values that are not given are 1.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { holm } from "./planned.ts";
 *
 * assertEquals(holm([0.04, 0.01, 0.03]), [0.06, 0.03, 0.06]);
 * ```
 */
export function holm(
  ps: readonly number[],
  family = ps.length,
): number[] {
  const size = Math.max(ps.length, family);
  const corrected: number[] = [];
  let most = 0;
  ps.map((p, at) => ({ p, at }))
    .toSorted((a, b) => a.p - b.p)
    .forEach(({ p, at }, rank) => {
      most = Math.max(most, Math.min(1, p * (size - rank)));
      corrected[at] = most;
    });
  return corrected;
}

/** Half the width of the 95 % confidence interval. */
function halfWidth({ low, high }: Difference): number | undefined {
  return low === undefined || high === undefined ? undefined : (high - low) / 2;
}

/** A column of differences; all formats and the report have these. */
export interface ComparedColumn {
  readonly title: string;
  cell(compared: Compared): string;
}

const COLUMNS = {
  difference: {
    title: "difference",
    cell: ({ system, baseline }) => `${system} - ${baseline}`,
  },
  score: {
    title: "score",
    cell: ({ score }) => score === "bleu" ? "BLEU" : "chrF",
  },
  seeds: { title: "seeds", cell: ({ seeds }) => seeds },
  points: {
    title: "points",
    cell: ({ found }) => signed(found.difference, 2),
  },
  interval: {
    title: "95 % interval",
    cell: ({ found }) => interval(found, 2),
  },
  halfWidth: {
    title: "half-width",
    cell: ({ found }) => number(halfWidth(found), 2),
  },
  detectable: {
    title: "detectable",
    cell: (compared) => {
      const least = detectable(compared);
      return least === undefined ? "" : signed(least, 2);
    },
  },
  power: {
    title: "power if equal",
    cell: (compared) => {
      const power = powerIfEqual(compared);
      return power === undefined ? "" : `${number(100 * power, 0)} %`;
    },
  },
  p: {
    title: "p",
    cell: ({ found, tested }) => pValue(tested?.p ?? found.p),
  },
  corrected: {
    title: "p (Holm)",
    cell: ({ tested }) => pValue(tested?.corrected),
  },
  test: {
    title: "test",
    cell: ({ found }) =>
      found.planned === undefined
        ? kindOf(found)
        : `planned, ${found.planned}${
          found.margin === undefined ? "" : ` by ${found.margin}`
        }`,
  },
  result: { title: "result", cell: ({ tested }) => tested?.verdict ?? "" },
} as const satisfies Readonly<Record<string, ComparedColumn>>;

/** A table for each language pair and test set: a row a difference. */
export function comparedTables(compared: readonly Compared[]): Table[] {
  const columns = columnsOf(compared);
  return [...Map.groupBy(compared, ({ pair }) => pair)].map((
    [title, compared],
  ) => ({ title, ...rowsOf(columns, compared) }));
}

/** The columns that have figures. */
export function columnsOf(
  compared: readonly Compared[],
  all: readonly ComparedColumn[] = Object.values(COLUMNS),
): readonly ComparedColumn[] {
  return all.filter(({ cell }) => compared.some((each) => cell(each) !== ""));
}

/** One table of the planned comparisons alone, as hypotheses: of non-inferiority by 1, `student > teacher - 1`. */
export function plannedTables(compared: readonly Compared[]): Table[] {
  const planned = plannedOf(compared);
  if (planned.length === 0) return [];
  const { points, interval, detectable, power, p, corrected, result } = COLUMNS;
  const columns: readonly ComparedColumn[] = [
    { title: "hypothesis", cell: hypothesisOf },
    { title: "pair", cell: ({ pair }) => pair ?? "" },
    ...[points, interval, detectable, power, p, corrected, result],
  ];
  return [rowsOf(columnsOf(planned, columns), planned)];
}

export function plannedOf(compared: readonly Compared[]): Compared[] {
  return compared.filter(({ tested }) => tested !== undefined);
}

function hypothesisOf(
  { system, baseline, score, found: { margin } }: Compared,
): string {
  const limit = margin === undefined ? baseline : `${baseline} - ${margin}`;
  return `${system} > ${limit}${score === "bleu" ? "" : " (chrF)"}`;
}

function rowsOf(
  columns: readonly ComparedColumn[],
  compared: readonly Compared[],
): Table {
  return {
    columns: columns.map(({ title }) => title),
    rows: compared.map((each) => columns.map(({ cell }) => cell(each))),
  };
}
