/** The comparison of systems on real text: differences, several seeds, planned comparisons, and what cannot be compared. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import {
  compareSystems,
  comparisonMetrics,
} from "../../../nmt/metrics/significance/comparison.ts";
import { bleu } from "../../../nmt/metrics/bleu.ts";
import { sum } from "../../../nmt/metrics/metric.ts";
import {
  resampledScores,
  RESAMPLING,
} from "../../../nmt/metrics/significance/bootstrap.ts";
import { differenceOf } from "../../../nmt/metrics/significance/differences.ts";
import { sha256 } from "../../../engine/files/hash.ts";
import { scoreLines, scoreTranslations } from "../../../nmt/metrics/score.ts";
import {
  readStatistics,
  scoresOf,
  statisticsOf,
  statisticsText,
} from "../../../nmt/metrics/statistics.ts";
import { Evaluation } from "../../../schemas/experiment/evaluation.ts";
import { Comparison } from "../../../schemas/results.ts";
import compare from "../../../stages/compare.ts";
import { deno } from "../../fixtures/command.ts";
import { withFolder } from "../fixtures/folder.ts";
import { refusal } from "../fixtures/refusal.ts";
import { stageContext } from "../fixtures/stage_context.ts";
import {
  comparison,
  fair,
  good,
  lines,
  other,
  plain,
  statisticsBy,
  systems,
} from "./compared.ts";

/** BLEU, and the difference of the first to the second, as the task `score` has them. */
function scored(first: readonly string[], second: readonly string[]) {
  const { bleu, against } = scoreLines({
    ...plain,
    metrics: ["bleu"],
    hypotheses: second,
    references: [lines],
    against: first,
  });
  assert(bleu !== undefined && against?.bleu !== undefined);
  return against.bleu;
}

/** The difference of the first to the second by as many resamples as a comparison draws. */
function resampled(first: readonly string[], second: readonly string[]) {
  const metric = bleu(plain);
  const counts = [first, second].map((each) => metric.counts(each, [lines]));
  const [one, two] = resampledScores(metric, counts, RESAMPLING)
    .map((resampled, i) => ({
      ...{ seed: undefined, score: metric.score(sum(counts[i])), resampled },
    }));
  return differenceOf([one], [two]);
}

Deno.test("a run has the difference that the score task gives, to the run of its seed or else the first", () => {
  const cases = [
    ["no-kd@2", "teacher", "teacher"],
    ["no-kd@2", "rkd", "rkd@2"],
    ["no-kd@1", "rkd", "rkd@2"],
    ["rkd@3", "teacher", "teacher"],
    ["ckd", "teacher", "teacher"],
  ] as const;
  for (const [name, baseline, run] of cases) {
    const { bleu } = comparison.systems[name];
    const { score, difference } = scored(systems[name], systems[run]);
    const found = bleu.against[baseline];
    assertEquals(found?.name, run);
    assertAlmostEquals(bleu.score, score, 1e-4);
    assertAlmostEquals(found?.difference ?? NaN, difference.points, 1e-4);
    // The task draws 1,000 resamples, the first of the 10,000 here.
    const { low, high, p } = difference;
    const near = 0.05 * (high - low);
    assertAlmostEquals(found?.low ?? NaN, low, near);
    assertAlmostEquals(found?.high ?? NaN, high, near);
    assertAlmostEquals(found?.p ?? NaN, p, 0.002 + 0.2 * p);
    const exact = resampled(systems[name], systems[run]);
    for (const bound of ["low", "high", "p"] as const) {
      assertAlmostEquals(found?.[bound] ?? NaN, exact[bound], 1e-4);
    }
  }
  // Neither with itself, nor the teacher with its students.
  assertEquals(Object.keys(comparison.systems.rkd.bleu.against), ["teacher"]);
  assertEquals(comparison.systems.teacher.chrf.against, {});
});

Deno.test("a system of several seeds is compared by the mean over them", () => {
  const { rkd, ckd, "rkd@2": one, "rkd@3": two } = comparison.systems;
  const mean = (one.bleu.score + two.bleu.score) / 2;
  assertAlmostEquals(rkd.bleu.score, mean, 1e-4);
  assertEquals(ckd.bleu.against.rkd?.name, "rkd");
  assertAlmostEquals(
    ckd.bleu.against.rkd?.difference ?? NaN,
    ckd.bleu.score - mean,
    2e-4,
  );
});

Deno.test("the same translations three times over are no more significant than once", () => {
  const compareHundred = (given: Record<string, readonly string[]>) =>
    compareSystems({
      ...plain,
      statistics: statisticsBy(
        Object.fromEntries(
          Object.entries(given).map(([name, lines]) => [
            name,
            lines.slice(0, 100),
          ]),
        ),
      ),
    });
  const once = compareHundred({ teacher: other, ckd: fair });
  const thrice = compareHundred({
    teacher: other,
    "ckd@1": fair,
    "ckd@2": fair,
    "ckd@3": fair,
  });
  const p = once.systems.ckd.bleu.against.teacher?.p ?? NaN;
  assert(p > 0.005 && p < 1, `${p}`);
  assertEquals(thrice.systems.ckd, once.systems.ckd);
});

Deno.test("the interval holds the score, and is of the resamples' middle 95 %", () => {
  for (const { bleu, chrf } of Object.values(comparison.systems)) {
    for (const { score, low, high } of [bleu, chrf]) {
      assert(low < score && score < high, `${low} ${score} ${high}`);
      assert(high - low < 15);
    }
  }
});

Deno.test("the interval of a difference holds it, and has no width beside equal lines", () => {
  for (const { bleu, chrf } of Object.values(comparison.systems)) {
    for (const { against } of [bleu, chrf]) {
      for (const each of Object.values(against)) {
        assert(each !== undefined);
        assert(each.low < each.difference && each.difference < each.high);
      }
    }
  }
  const same = compareSystems({
    ...plain,
    statistics: statisticsBy({ teacher: fair, ckd: fair }),
  });
  const { low, high } = same.systems.ckd.bleu.against.teacher ?? {};
  assertEquals([low, high], [0, 0]);
});

/** Runs the stage on files; what it wrote and reported. */
const runStage = (
  hypotheses: Readonly<Record<string, readonly string[]>>,
  { comparisons, testSet, blockLength, lowercase, edit = (text) => text }: {
    readonly comparisons?: readonly unknown[];
    readonly testSet?: string;
    readonly blockLength?: number;
    readonly lowercase?: boolean;
    readonly edit?: (statistics: string, name: string) => string;
  } = {},
) =>
  withFolder(async (folder) => {
    const inputs: Record<`system:${string}`, { statistics: string }> = {};
    for (const [name, statistics] of statisticsBy(hypotheses)) {
      const path = `${folder}/${name}.txt`;
      await Deno.writeTextFile(path, edit(statisticsText(statistics), name));
      inputs[`system:${name}`] = { statistics: path };
    }
    const comparison = `${folder}/comparison.json`;
    const { metrics } = await compare.run({
      config: {
        evaluation: Evaluation.parse({ comparisons, blockLength, lowercase }),
        testSet,
      },
      ...stageContext(folder),
      inputs,
      outputs: { comparison },
    });
    return { metrics, text: await Deno.readTextFile(comparison) };
  });

Deno.test("the stage writes the comparison, the same in whatever order its systems are given, and reports it flat", async () => {
  const { metrics, text } = await runStage({
    rkd: fair,
    teacher: good,
    ckd: other,
  });
  const reordered = await runStage({ ckd: other, rkd: fair, teacher: good });
  assertEquals(reordered.text, text);
  const found = Comparison.parse(JSON.parse(text));
  assertEquals(Object.keys(found.systems), ["ckd", "rkd", "teacher"]);
  assertEquals(metrics, comparisonMetrics(found));
  const { low, against } = found.systems.ckd.bleu;
  const flat = comparisonMetrics(found);
  assertEquals(flat["ckd.bleu.low"], low);
  assertEquals(flat["ckd.bleu.to.rkd.p"], against.rkd?.p);
  assertEquals(flat["ckd.bleu.to.rkd.planned"], undefined);
  assertEquals(
    flat.signature,
    "nrefs:1|bs:10000|seed:12345|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0+ckd.1",
  );
});

Deno.test("planned comparisons are tested, of any two systems, and only on the test set that they are of", async () => {
  const parity = {
    ...{ system: "ckd", baseline: "teacher", test: "non-inferiority" },
    ...{ margin: 50, metric: "chrf" },
  };
  const comparisons = [
    { system: "ckd", baseline: "pkd" },
    parity,
    { system: "rkd", baseline: "pkd", testSet: "captions" },
  ];
  const given = { teacher: good, rkd: fair, pkd: fair, ckd: other };
  const { metrics } = await runStage(given, { comparisons });
  const of = (start: string) =>
    Object.fromEntries(
      Object.entries(metrics ?? {}).filter(([name]) => name.startsWith(start))
        .map(([name, value]) => [name.slice(start.length), value]),
    );
  const { planned, difference, p } = of("ckd.bleu.to.pkd.");
  assertEquals([planned, difference, p !== undefined], [
    ...["superiority", undefined],
    true,
  ]);
  // Planned by BLEU, so that chrF is not even compared with pkd.
  assertEquals(of("ckd.chrf.to.pkd."), {});
  const chrf = of("ckd.chrf.to.teacher.");
  assertEquals([chrf.planned, chrf.margin, chrf.pMargin], [
    ...["non-inferiority", 50],
    0.0002,
  ]);
  assertEquals(of("ckd.bleu.to.teacher.").planned, undefined);
  assertEquals(of("rkd.bleu.to.pkd."), {});
  const elsewhere = await runStage(given, { comparisons, testSet: "captions" });
  assertEquals(elsewhere.metrics?.["rkd.bleu.to.pkd.planned"], "superiority");
  assertEquals(elsewhere.metrics?.["ckd.bleu.to.pkd.planned"], undefined);
  assertEquals(
    await refusal(() =>
      runStage({ teacher: good, rkd: fair }, {
        comparisons: [{ system: "rkd", baseline: "ckd" }],
      })
    ),
    'Cannot compare "rkd" with "ckd" as planned: there is no system "ckd"; expected rkd, teacher.',
  );
});

Deno.test("neighbours are drawn together where the experiment says so: other intervals of the same scores, and no test of too few blocks", async () => {
  const given = { rkd: fair, ckd: other };
  const [alone, together] = await Promise.all(
    [undefined, 10].map(async (blockLength) => {
      const { text } = await runStage(given, { blockLength });
      return Comparison.parse(JSON.parse(text));
    }),
  );
  assertStringIncludes(
    together.signature.bleu,
    "|bs:10000|block:10|seed:12345|",
  );
  const [one, ten] = [alone, together].map(({ systems }) => systems.ckd.bleu);
  assertEquals(one.score, ten.score);
  assertEquals(one.against.rkd?.difference, ten.against.rkd?.difference);
  assertNotEquals(one.against.rkd?.low, ten.against.rkd?.low);
  assertEquals(
    await refusal(() => runStage(given, { blockLength: 20 })),
    "Cannot compare systems by blocks of 20 of 300 test sentences: expected at least 20 blocks, found 15; " +
      'lower "evaluation.blockLength".',
  );
});

Deno.test("statistics of another test set or of other counts are refused by name", async () => {
  assertEquals(
    await refusal(() => runStage({ rkd: fair, teacher: good.slice(1) })),
    'Cannot compare "teacher": expected statistics of sentences 300, found 299; evaluate it again.',
  );
  const zeros = "0".repeat(64);
  assertStringIncludes(
    await refusal(() =>
      runStage({ rkd: fair, teacher: good }, {
        edit: (text, name) =>
          name === "teacher" ? text.replace(/[0-9a-f]{64}/, zeros) : text,
      })
    ),
    'Cannot compare "teacher": expected statistics of references of SHA-256',
  );
  assertStringIncludes(
    await refusal(() => runStage({ rkd: fair }, { lowercase: true })),
    'Cannot compare "rkd": expected statistics of BLEU nrefs:1|case:lc',
  );
});

Deno.test("statistics that are read are those that were counted, with all n-grams, and equal ones have equal bytes", () =>
  withFolder((folder) => {
    const path = `${folder}/statistics.txt`;
    // Without a translation, without a reference, and shorter than a 6-gram.
    const hypotheses = ["", "a word", "one two", ...fair.slice(3)];
    const references = ["a word", "", "one", ...lines.slice(3)];
    const counted = statisticsOf(plain, hypotheses, references);
    Deno.writeTextFileSync(path, statisticsText(counted));
    const found = readStatistics(path);
    assertEquals(found, counted);
    assertEquals(statisticsText(found), statisticsText(counted));
    assertEquals(
      scoresOf(plain, found),
      scoreTranslations(plain, hypotheses, references),
    );
    assertEquals(
      found.references,
      sha256(references.map((line) => `${line}\n`).join("")),
    );
  }));

Deno.test("a file that is not of statistics is refused with the line, and so are more matches than there are n-grams", () =>
  withFolder(async (folder) => {
    const path = `${folder}/statistics.txt`;
    const text = statisticsText(statisticsOf(plain, ["a b c"], ["a b c d"]));
    const [head, line] = text.split("\n");
    assertEquals(line, "3 4 3 2 1 0 3 4 3 2 1 0 0 0");
    const cases = [
      [text.replace("sentences", "sentence"), "line 1 does not say"],
      [`${text}${line}\n`, "of 1 sentences, at least one, found 2"],
      [`${head}\n${line}`, "of 1 sentences, at least one, found 0"],
      [`${head.replace("sentences 1", "sentences 0")}\n`, "found 0"],
      [text.replace("3 4 3", "3 4 4"), "line 2 has not"],
      [text.replace("3 4 3", "3 4 -3"), "line 2 has not"],
      [text.replace(" 0\n", "\n"), "line 2 has not"],
    ];
    for (const [edited, reason] of cases) {
      Deno.writeTextFileSync(path, edited);
      const found = await refusal(() => Promise.resolve(readStatistics(path)));
      assertStringIncludes(found, `Cannot read the statistics "${path}": `);
      assertStringIncludes(found, reason);
    }
  }));

Deno.test("loading the comparison makes no database of localStorage, which fails where Deno's cache is read-only", () =>
  withFolder(async (folder) => {
    const { code, err } = await deno([
      ...["run", "--quiet", "--cached-only", "--location=https://a.invalid"],
      "nmt/metrics/significance/comparison.ts",
    ], { DENO_DIR: folder });
    assertEquals(code, 0, err);
    const made = [...Deno.readDirSync(folder)].map(({ name }) => name);
    assert(made.length > 0 && !made.includes("location_data"), made.join());
  }));
