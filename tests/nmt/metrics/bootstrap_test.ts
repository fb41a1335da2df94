/** The bootstrap: resamples are numpy's; p-values and intervals agree, and those over seeds and sentences hold the truth as often as they say. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { bleu } from "../../../nmt/metrics/bleu.ts";
import {
  numpyIndices,
  resampledScores,
  SACREBLEU,
} from "../../../nmt/metrics/significance/bootstrap.ts";
import {
  differenceOf,
  type SampledRun,
} from "../../../nmt/metrics/significance/differences.ts";
import { type Metric, sum } from "../../../nmt/metrics/metric.ts";
import { seedSpread } from "../../../nmt/metrics/significance/seed_spread.ts";
import { random } from "../../../nmt/random.ts";
import { qnorm } from "../../../nmt/metrics/significance/r_math.ts";
import { fair, good, lines, other, plain, poor } from "./compared.ts";

function draw(count: number, draws: number): number[] {
  const next = numpyIndices(count);
  return Array.from({ length: draws }, next);
}

Deno.test("indices are those of numpy's default generator with seed 12345", () => {
  // numpy.random.default_rng(12345).choice(1000, 14), .choice(3, 10) and .choice(1, 3)
  const of1000 = "699 227 788 316 204 797 642 676 988 391 839 332 567 598";
  assertEquals(draw(1000, 14).join(" "), of1000);
  assertEquals(draw(3, 10), [2, 0, 2, 0, 0, 2, 1, 2, 2, 1]);
  assertEquals(draw(1, 3), [0, 0, 0]);
});

/** The runs of some translations of the real messages. */
function runsOf(translations: readonly (readonly string[])[]): SampledRun[] {
  const metric = bleu(plain);
  const counts = translations.map((each) => metric.counts(each, [lines]));
  return resampledScores(metric, counts, SACREBLEU).map((resampled, i) => ({
    seed: `${i}`,
    score: metric.score(sum(counts[i])),
    resampled,
  }));
}

/** A system whose differences to one of score 0 on resamples are these. */
function drawn(resampled: readonly number[]): [SampledRun[], SampledRun[]] {
  const score = resampled.reduce((a, b) => a + b) / resampled.length;
  const zero = { seed: undefined, score: 0, resampled: resampled.map(() => 0) };
  return [[{ seed: undefined, score, resampled }], [zero]];
}

Deno.test("twice the smaller tail is the p-value of a difference, and of a loss of the margin", () => {
  const resampled = Array.from({ length: 999 }, (_, i) => i - 9.5);
  const [found, opposite] = [resampled, resampled.map((each) => -each)]
    .map((each) => differenceOf(...drawn(each)));
  // Ten of 999 are below 0.
  assertAlmostEquals(found.p, 2 * 11 / 1000);
  assertAlmostEquals(opposite.p, 2 * 11 / 1000);
  assertAlmostEquals(found.pOfLoss(5), 2 * 6 / 1000);
  assertEquals(opposite.pOfLoss(5), 1);
  // SciPy 1.17: numpy.std(numpy.arange(999), ddof=1)
  assertAlmostEquals(found.sentenceError, 288.531, 1e-3);
});

Deno.test("sums of sentences and seeds are as SciPy integrates them", () => {
  // Sentences as 999 quantiles of a normal distribution around 1, of the deviation 0.3; four seeds around it.
  const resampled = Array.from(
    { length: 999 },
    (_, i) => 1 + 0.3 * qnorm((i + 0.5) / 999),
  );
  const [[{ score }], second] = drawn(resampled);
  const first = [-0.3, -0.1, 0.1, 0.3].map((change, i) => ({
    ...{ seed: `${i}`, score: score + change, resampled },
  }));
  const seeds = seedSpread(first, second);
  assertAlmostEquals(seeds?.error ?? NaN, 0.129099, 1e-6);
  assertEquals(seeds?.degrees, 3);
  const found = differenceOf(first, second, seeds);
  // scipy.integrate.quad over norm.pdf(z) * t.cdf((x - 1 - 0.3 * z) / 0.129099, 3), and its roots by brentq
  const tail = 0.005309;
  assertAlmostEquals(found.p, 2 * (999 * tail + 1) / 1000, 2e-4);
  assertAlmostEquals(found.low, 0.2785, 3e-3);
  assertAlmostEquals(found.high, 1.7215, 3e-3);
});

Deno.test("seeds of both systems count as by Welch where they are not the same", () => {
  const runs = (scores: readonly number[], from: number) =>
    scores.map((score, i) => ({ seed: `${from + i}`, score }));
  const [first, second] = [[30.1, 30.9, 31.2, 30.4], [29.5, 31.5, 30.0]];
  // SciPy 1.17: ttest_ind(first, second, equal_var=False).df, and the root of the sum of squares of scipy.stats.sem
  const spread = seedSpread(runs(first, 1), runs(second, 2));
  assertAlmostEquals(spread?.degrees ?? NaN, 2.679902, 1e-5);
  assertAlmostEquals(spread?.error ?? NaN, 0.649573, 1e-5);
  // Of the same seeds, the differences count: scipy.stats.sem([0.6, -0.6, 1.2])
  const paired = seedSpread(runs(first.slice(0, 3), 1), runs(second, 1));
  assertAlmostEquals(paired?.error ?? NaN, 0.52915, 1e-5);
  assertEquals(paired?.degrees, 2);
  // Of one run each, and of runs that score alike, there is no spread.
  assertEquals(seedSpread(runs([30], 1), runs([29], 1)), undefined);
  assertEquals(seedSpread(runs([30, 30], 1), runs([29], 1)), undefined);
});

Deno.test("p of at most 0.05 has an interval without 0, for real systems of every distance", () => {
  const mixed = (every: number) =>
    fair.map((line, i) => i % every === 0 ? other[i] : line);
  const systems = runsOf([good, fair, other, poor, mixed(40), mixed(7)]);
  const found = systems.flatMap((one) =>
    systems.map((two) => ({ one, two, ...differenceOf([one], [two]) }))
  );
  let shown = 0;
  for (const { one, two, low, high, p } of found) {
    const isWithout = low > 0 || high < 0;
    assertEquals(isWithout, p <= 0.05, `${p} ${low} ${high}`);
    assertEquals(p === 1, one === two);
    if (p <= 0.05) shown++;
  }
  assert(shown > 4 && shown < found.length - systems.length, `${shown}`);
});

Deno.test("a difference and its opposite have the same p-value and opposite intervals", () => {
  const [one, two] = runsOf([fair, other]);
  const [there, back] = [
    differenceOf([one], [two]),
    differenceOf([two], [one]),
  ];
  assertEquals(there.p, back.p);
  assertAlmostEquals(there.low, -back.high, 1e-8);
  assertAlmostEquals(there.high, -back.low, 1e-8);
});

Deno.test("systems that differ in a sentence or two are not told apart, though all resamples with these agree", () => {
  const differing = (count: number) => {
    const better = fair.map((line, i) => i < count ? lines[i] : line);
    const [one, two] = runsOf([better, fair]);
    return differenceOf([one], [two]);
  };
  assert(fair[0] !== lines[0] && fair[1] !== lines[1]);
  // A sentence is in 63 % of resamples, one of two in 86 %.
  for (const [count, p] of [[1, 0.74], [2, 0.27]]) {
    const found = differing(count);
    assertAlmostEquals(found.p, p, 0.08);
    assertEquals(found.low, 0);
  }
});

const [SENTENCES, EXPERIMENTS, SEEDS] = [30, 150, 4];

/** The mean of a figure that each sentence has, in thousandths. */
const MEAN: Metric = {
  counts: (lines) => lines.map((line) => [Math.round(1000 * Number(line)), 1]),
  score: ([total, count]) => total / 1000 / count,
  signature: () => "mean",
};

/** Standard deviations of what a difference is made of. */
interface Spread {
  /** Of both systems alike, by seed. */
  readonly seed: number;
  readonly seedOfDifference: number;
  readonly sentence: number;
  readonly rest: number;
}

/** Draws of a normal distribution around 0, of a standard deviation. */
function normals(stream: string): (deviation: number) => number {
  const next = random(stream, 1);
  return (deviation) =>
    deviation * Math.sqrt(-2 * Math.log(1 - next())) *
    Math.cos(2 * Math.PI * next());
}

/** Experiments on two systems of the same seeds that do not differ: the runs of each. */
function simulated(spread: Spread): SampledRun[][][] {
  const normal = normals("simulated experiments");
  const texts = Array.from({ length: EXPERIMENTS }, () => {
    const sentences = Array.from(
      { length: SENTENCES },
      () => normal(spread.sentence),
    );
    return Array.from({ length: SEEDS }, () => {
      const [shared, own] = [
        normal(spread.seed),
        normal(spread.seedOfDifference),
      ];
      return [
        sentences.map((each) => `${shared + own + each + normal(spread.rest)}`),
        sentences.map(() => `${shared}`),
      ];
    });
  });
  const counts = texts.flat(2).map((lines) => MEAN.counts(lines, []));
  const resampled = resampledScores(MEAN, counts, SACREBLEU);
  const runs = counts.map((each, i) => ({
    seed: `${Math.floor(i / 2) % SEEDS}`,
    score: MEAN.score(sum(each)),
    resampled: resampled[i],
  }));
  return texts.map((_, i) => {
    const own = runs.slice(2 * SEEDS * i, 2 * SEEDS * (i + 1));
    return [0, 1].map((system) => own.filter((_, i) => i % 2 === system));
  });
}

/** The level that Holm's correction has for the least p of twelve. */
const STRICT = 0.05 / 12;

/**
 * The share of experiments whose interval holds the true difference, which is 0, and its mean width; how many would show a
 * difference as one of twelve.
 */
function coverage(experiments: readonly (readonly SampledRun[][])[]) {
  const found = experiments.map(([one, two]) =>
    differenceOf(one, two, seedSpread(one, two))
  );
  return {
    held: found.filter(({ low, high }) => low <= 0 && high >= 0).length /
      found.length,
    shown: found.filter(({ p }) => p <= STRICT).length,
    width: found.reduce((sum, { low, high }) => sum + high - low, 0) /
      found.length,
  };
}

/** All seeds as one run: what a bootstrap over sentences alone sees. */
function averaged(runs: readonly SampledRun[]): SampledRun[] {
  const mean = (values: readonly number[]) =>
    values.reduce((a, b) => a + b) / values.length;
  return [{
    seed: undefined,
    score: mean(runs.map(({ score }) => score)),
    resampled: runs[0].resampled.map((_, i) =>
      mean(runs.map(({ resampled }) => resampled[i]))
    ),
  }];
}

// Of 150 experiments, 0.95 is measured to 0.035.
Deno.test("where seeds and sentences count alike, 95 % intervals over both hold the truth in 95 % of experiments, over sentences alone in fewer", () => {
  const experiments = simulated({
    ...{ seed: 5, seedOfDifference: 0.4, sentence: 1, rest: 1 },
  });
  const both = coverage(experiments);
  assert(both.held >= 0.9 && both.held <= 0.98, `${both.held}`);
  const alone = coverage(experiments.map((each) => each.map(averaged)));
  assert(alone.held < both.held - 0.05, `${alone.held}`);
  // Seeds of both that are not drawn together: the interval is of the spread that they share.
  const renamed = coverage(experiments.map(([one, two]) => [
    one,
    two.map((run) => ({ ...run, seed: `other ${run.seed}` })),
  ]));
  assert(renamed.width > 5 * both.width, `${renamed.width} ${both.width}`);
});

Deno.test("where sentences are all that counts the intervals are as wide as they must be, and those of four seeds where seeds are", () => {
  const sentences = coverage(simulated({
    ...{ seed: 0, seedOfDifference: 0.01, sentence: 1, rest: 0.2 },
  }));
  assert(sentences.held >= 0.91 && sentences.held <= 0.98, `${sentences.held}`);
  assertAlmostEquals(sentences.width, 2 * 1.96 / Math.sqrt(SENTENCES), 0.03);
  const seeds = simulated({
    ...{ seed: 0, seedOfDifference: 1, sentence: 0.5, rest: 0.5 },
  });
  const { held, shown } = coverage(seeds);
  assert(held >= 0.91 && held <= 0.98, `${held}`);
  // By chance 0.6 of 150; by a normal distribution of four seeds' mean, ten.
  assert(shown <= 4, `${shown}`);
  const alone = coverage(seeds.map((each) => each.map(averaged)));
  assert(alone.held < 0.4, `${alone.held}`);
});

Deno.test("what a seed changes at single sentences counts twice: intervals hold the truth in more than 95 % of experiments, and not in all", () => {
  const { held } = coverage(simulated({
    ...{ seed: 0, seedOfDifference: 0, sentence: 0.3, rest: 1.5 },
  }));
  assert(held >= 0.97 && held < 1, `${held}`);
});

Deno.test("where neighbours depend on each other, intervals hold the truth as often as they say if blocks of them are drawn, and seldom if sentences are", () => {
  const [length, blocks] = [10, 40];
  const normal = normals("simulated pages");
  const counts = Array.from({ length: EXPERIMENTS }, () => {
    const pages = Array.from({ length: blocks }, () => normal(1));
    const lines = pages.flatMap((page) =>
      Array.from({ length }, () => `${page + normal(1)}`)
    );
    return MEAN.counts(lines, []);
  });
  const zeros = MEAN.counts(counts[0].map(() => "0"), []);
  const held = (blockLength?: number) => {
    const resampled = resampledScores(MEAN, [zeros, ...counts], {
      ...SACREBLEU,
      blockLength,
    });
    const runs = resampled.map((resampled, i) => {
      const score = MEAN.score(sum(i === 0 ? zeros : counts[i - 1]));
      return [{ seed: undefined, score, resampled }];
    });
    const [zero, ...others] = runs;
    return coverage(others.map((runs) => [runs, zero])).held;
  };
  const [byBlocks, bySentences] = [held(length), held()];
  assert(byBlocks >= 0.89 && byBlocks <= 0.98, `${byBlocks}`);
  assert(bySentences < 0.7, `${bySentences}`);
});

Deno.test("the last block may be shorter, and blocks of one are sentences", () => {
  const counts = MEAN.counts(["1", "2", "3", "4", "5"], []);
  const by = (blockLength?: number) =>
    resampledScores(MEAN, [counts], { ...SACREBLEU, blockLength })[0];
  assertEquals(by(1), by());
  const blocks = by(4);
  // The first four twice, once with the last, or the last alone.
  assertEquals([...new Set(blocks)].sort(), [2.5, 3, 5]);
});
