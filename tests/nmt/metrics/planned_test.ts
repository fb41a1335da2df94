/** Planned comparisons: Holm's correction, verdicts, what could be shown, and that all else is marked as exploratory. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { markdown, pValue } from "../../../nmt/metrics/layout.ts";
import { kindIn, kindOf } from "../../../nmt/metrics/significance/baselines.ts";
import {
  comparedOf,
  comparedTables,
  holm,
  plannedTables,
} from "../../../nmt/metrics/significance/planned.ts";
import {
  detectable,
  powerIfEqual,
} from "../../../nmt/metrics/significance/power.ts";
import { type EvaluatedNode, systemsOf } from "../../../nmt/metrics/systems.ts";
import type { System } from "../../../schemas/results.ts";
import { systemsTable } from "../../../nmt/metrics/table.ts";

Deno.test("p-values are corrected as by statsmodels, published ones among them", () => {
  // Benjamini and Hochberg (1995), section 4: the tests of Neuhaus et al. on thrombolysis, of which three are shown.
  const published = [
    ...[0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344],
    ...[0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1],
  ];
  // statsmodels 0.15.0: multipletests(published, method="holm")[1]
  const theirs = [
    0.0015,
    0.0056,
    0.0247,
    0.114,
    0.2211,
    0.278,
    0.278,
    0.278,
    0.3213,
  ];
  const corrected = holm(published);
  theirs.forEach((p, i) => assertAlmostEquals(corrected[i], p, 1e-9));
  assertEquals(corrected.filter((p) => p <= 0.05).length, 3);
  assertEquals(corrected.slice(9), [1, 1, 1, 1, 1, 1]);
  // In whatever order, of the same function.
  const shuffled = [0.06, 0.02, 0.06, 0.06];
  holm([0.02, 0.005, 0.06, 0.03])
    .forEach((p, i) => assertAlmostEquals(p, shuffled[i], 1e-12));
  assertEquals(holm([]), []);
  // Two of a family of four have not run: as though their p-values were 1.
  assertEquals(holm([0.02, 0.005], 4), holm([0.02, 0.005, 1, 1]).slice(0, 2));
});

function evaluated(name: string, bleu: number): EvaluatedNode {
  return {
    name: `evaluate:${name}`,
    metrics: { bleu, chrf: 60, parameters: 1000, signature: "nrefs:1" },
    measurements: {},
  };
}

/** Of the systems a, b and c: planned against each other and the teacher, and one difference that is not planned. */
const NODES: readonly EvaluatedNode[] = [
  evaluated("teacher", 40),
  evaluated("rkd@1", 38),
  evaluated("rkd@2", 38),
  evaluated("ckd@1", 39.5),
  evaluated("ckd@2", 39.9),
  evaluated("pkd", 38.1),
  {
    name: "compare",
    measurements: {},
    metrics: Object.fromEntries([
      ...planned("ckd", "rkd", {
        ...{ low: 0.9, high: 2.5, p: 0.002 },
        ...{ sentenceError: 0.3, seedError: 0.2, degrees: 2 },
      }),
      ...planned("ckd", "pkd", {
        ...{ low: 0.1, high: 3.1, p: 0.03, sentenceError: 0.7 },
      }),
      ...planned("pkd", "rkd", { low: -1.2, high: 1.4, p: 0.8 }),
      ...planned("ckd", "teacher", {
        ...{ low: -0.85, high: 0.25, p: 0.3 },
        ...{ planned: "non-inferiority", margin: 1, pMargin: 0.004 },
        ...{ sentenceError: 0.2, seedError: 0.05, degrees: 1 },
      }),
      ...planned("rkd", "teacher", { low: -3, high: -1, p: 0.0002 })
        .filter(([name]) => !name.endsWith("planned")),
    ]),
  },
];

function planned(
  system: string,
  baseline: string,
  figures: Readonly<Record<string, number | string>>,
): (readonly [string, number | string])[] {
  return Object.entries({ planned: "superiority", ...figures })
    .map(([what, value]) => [`${system}.bleu.to.${baseline}.${what}`, value]);
}

/** The systems of NODES by another comparison. */
const systemsBy = (metrics: ReturnType<typeof planned>) =>
  systemsOf([
    ...NODES.slice(0, -1),
    {
      ...{ name: "compare", measurements: {} },
      metrics: Object.fromEntries(metrics),
    },
  ]);

Deno.test("planned comparisons come first, with Holm's correction and a result; others are exploratory", () => {
  assertEquals(
    markdown(comparedTables(comparedOf(systemsOf(NODES), 4))),
    `
| difference    | score |    seeds | points |  95 % interval | half-width | detectable | power if equal |       p | p (Holm) |                          test |    result |
| ------------- | ----: | -------: | -----: | -------------: | ---------: | ---------: | -------------: | ------: | -------: | ----------------------------: | --------: |
| ckd - teacher |  BLEU | one side |  -0.30 | -0.85 to +0.25 |       0.55 |      +2.36 |           28 % |   0.004 |    0.012 | planned, non-inferiority by 1 |     shown |
| ckd - rkd     |  BLEU |   paired |  +1.70 | +0.90 to +2.50 |       0.80 |      +2.39 |                |   0.002 |    0.008 |          planned, superiority |     shown |
| ckd - pkd     |  BLEU | one side |  +1.60 | +0.10 to +3.10 |       1.50 |      +2.34 |                |   0.030 |    0.060 |          planned, superiority | not shown |
| pkd - rkd     |  BLEU | one side |  +0.10 | -1.20 to +1.40 |       1.30 |            |                |   0.800 |    0.800 |          planned, superiority | not shown |
| rkd - teacher |  BLEU | one side |  -2.00 | -3.00 to -1.00 |       1.00 |            |                | < 0.001 |          |                   exploratory |           |
`.trim(),
  );
});

Deno.test("a p-value above 0.05 does not look like 0.05", () => {
  assertEquals(
    [0.0496, 0.05, 0.0063 * 8, 0.0506, 0.0004, undefined].map(pValue),
    ["0.050", "0.050", "0.0504", "0.051", "< 0.001", ""],
  );
});

Deno.test("planned comparisons alone are hypotheses, of all pairs in one table; where none is planned there is no table", () => {
  const compared = comparedOf(systemsOf(NODES), 4);
  const [first] = compared;
  const other = { ...first, pair: "en-de", score: "chrf" } as const;
  assertEquals(
    markdown(plannedTables([...compared.slice(0, 2), other])),
    `
| hypothesis               |  pair | points |  95 % interval | detectable | power if equal |     p | p (Holm) | result |
| ------------------------ | ----: | -----: | -------------: | ---------: | -------------: | ----: | -------: | -----: |
| ckd > teacher - 1        |       |  -0.30 | -0.85 to +0.25 |      +2.36 |           28 % | 0.004 |    0.012 |  shown |
| ckd > rkd                |       |  +1.70 | +0.90 to +2.50 |      +2.39 |                | 0.002 |    0.008 |  shown |
| ckd > teacher - 1 (chrF) | en-de |  -0.30 | -0.85 to +0.25 |      +2.36 |           28 % | 0.004 |    0.012 |  shown |
`.trim(),
  );
  assertEquals(plannedTables(compared.slice(-1)), []);
});

Deno.test("a planned difference the other way is shown as the opposite, and a loss above the margin not at all", () => {
  const verdicts = (figures: Parameters<typeof planned>[2]) =>
    comparedOf(systemsBy(planned("rkd", "teacher", figures)), 1)
      .map(({ tested }) => tested?.verdict);
  assertEquals(verdicts({ low: -3, high: -1, p: 0.002 }), [
    "the opposite shown",
  ]);
  const test = { planned: "non-inferiority", margin: 1, p: 0.002 };
  assertEquals(verdicts({ ...test, low: -3, high: -1, pMargin: 1 }), [
    "not shown",
  ]);
});

Deno.test("what could be shown follows from what sentences and seeds vary, and from how many are planned", () => {
  // SciPy 1.17, with one resample more of 10,000: norm.sf, t.sf integrated over norm.pdf by quad, and chi2.ppf at 100 shares.
  const cases = [
    [0.5, 0, Infinity, 0.05, 1.4016, 0.5153],
    [0.5, 0, Infinity, 0.05 / 200, 2.4486, 0.0199],
    [0, 0.3079, 3, 0.05, 1.3122, 0.592],
    [0, 0.3079, 3, 0.005, 2.9375, 0.1091],
    [0.264, 0.073, 3, 0.05 / 6, 1.0316, 0.7677],
    [0.301, 0.34, 3, 0.05 / 12, 3.5457, 0.0536],
    [0.3, 0.3, 3, 0.05 / 50, 5.2799, 0.0148],
    [0.3, 0.3, 3, 0.05 / 200, 13.2013, 0.0004],
    [0.25, 0.2, 2.66, 0.05 / 12, 2.4848, 0.1432],
  ] as const;
  for (const [sentenceError, seedError, degrees, level, ...theirs] of cases) {
    const [least, power] = theirs;
    const errors = { difference: 0, sentenceError };
    const found = seedError === 0 ? errors : { ...errors, seedError, degrees };
    const tested = { level };
    const of = (margin?: number) => ({ found: { ...found, margin }, tested });
    // Without seeds the limit is a quantile of the normal distribution; with them it is of sums of steps.
    const [near, nearly] = seedError === 0
      ? [1e-4, 1e-4]
      : [0.01 * least, 0.01];
    assertAlmostEquals(detectable(of()) ?? NaN, least, near);
    assertAlmostEquals(detectable(of(1)) ?? NaN, least - 1, near);
    assertAlmostEquals(powerIfEqual(of(1)) ?? NaN, power, nearly);
    assertEquals(powerIfEqual(of()), undefined);
  }
  const small = { difference: 0, sentenceError: 0.5, margin: 0.1 };
  assertAlmostEquals(powerIfEqual({ found: small }) ?? NaN, 0.0391, 1e-4);
  // Of an earlier version, and of equal systems.
  for (const sentenceError of [undefined, 0]) {
    const found = { difference: 0, sentenceError, margin: 1 };
    assertEquals(detectable({ found }), undefined);
    assertEquals(powerIfEqual({ found }), undefined);
  }
});

Deno.test("the opposite of a planned difference is no exploratory one, and its p is a planned one", () => {
  const figures = { low: -1, high: 3, p: 0.2 };
  const opposite = planned("pkd", "rkd", figures);
  const compared = (systems: readonly System[]) =>
    comparedOf(systems, 2)
      .map(({ system, baseline }) => `${system} - ${baseline}`);
  const one = systemsBy([
    ...planned("rkd", "pkd", figures),
    ...opposite.filter(([name]) => !name.endsWith("planned")),
  ]);
  assertEquals(compared(one), ["rkd - pkd"]);
  assert(systemsTable(NODES).includes("| planned p (rkd) |"));
  const pkd = one.find(({ system }) => system === "pkd");
  assertEquals(pkd && kindIn(one, pkd, "rkd"), "planned");
  assertEquals(pkd && kindIn(one, pkd, "teacher"), undefined);
  // Planned both ways, neither is left out.
  const both = systemsBy([...planned("rkd", "pkd", figures), ...opposite]);
  assertEquals(compared(both).toSorted(), ["pkd - rkd", "rkd - pkd"]);
});

Deno.test("the table of systems says which p-values are planned, exploratory or of one tail", () => {
  const [head, , ...rows] = systemsTable(NODES).split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()));
  const column = (title: string) => {
    const at = head.indexOf(title);
    assert(at > 0, head.join());
    return rows.map((row) => row[at]);
  };
  assertEquals(column("exploratory p (teacher)"), ["", "< 0.001", "0.300", ""]);
  assertEquals(column("planned p (rkd)"), ["", "", "0.002", "0.800"]);
  assertEquals(kindOf({ difference: 1, p: 0.04 }), "exploratory one-tail");
});
