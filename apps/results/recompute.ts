/** Recomputes the metrics of evaluations and comparisons from statistics, or from translations and references. */
import type { Recorded } from "../../engine/graph/graph.ts";
import { inputError, parse } from "../../base/input_error.ts";
import { EvaluationConfig } from "./recorded_plan.ts";
import type { Metrics } from "../../schemas/manifest.ts";
import type { Pair } from "../../nmt/text/corpus/cleaning.ts";
import { readPairs } from "../../nmt/text/subwords/tokenize.ts";
import { SACREBLEU } from "../../nmt/metrics/significance/bootstrap.ts";
import {
  compareSystems,
  comparisonMetrics,
} from "../../nmt/metrics/significance/comparison.ts";
import {
  readStatistics,
  scoresOf,
  type Statistics,
  statisticsOf,
  statisticsText,
} from "../../nmt/metrics/statistics.ts";

/** Undefined where statistics, and translations or references, are not here; of what they do not decide, nothing. */
export async function recompute(node: Recorded): Promise<Metrics | undefined> {
  switch (node.stage) {
    case "evaluate":
      return await evaluation(node);
    case "compare":
      return await comparison(node);
    default:
      return {};
  }
}

async function evaluation(node: Recorded): Promise<Metrics | undefined> {
  const model = await node.input("model", "model");
  const statistics = await statisticsIn(node, await referencesOf(node), {
    statistics: await node.output("statistics"),
    hypotheses: await node.output("hypotheses"),
  });
  return statistics && {
    ...scoresOf(configOf(node).evaluation, statistics),
    ...model !== undefined && { bytes: (await Deno.stat(model)).size },
  };
}

export interface Recompared {
  readonly metrics: Metrics;
  /** Whether the record is of an earlier version, which drew 1,000 resamples and took seeds by other draws. */
  readonly isOfEarlierMethod: boolean;
}

/**
 * What the method of this version makes of a comparison's statistics; undefined where they are not here.
 *
 * @throws an input error where the record is another, or of an earlier version and further off than its draws may be
 */
export async function recompared(
  node: Recorded,
): Promise<Recompared | undefined> {
  const metrics = await compared(node);
  if (metrics === undefined) return undefined;
  const isOfEarlierMethod = String(node.metrics.signature)
    .includes(`|bs:${SACREBLEU.samples}|`);
  if (isOfEarlierMethod) checkEarlier(node.metrics, metrics);
  else checkDifferences(node.metrics, metrics);
  return { metrics, isOfEarlierMethod };
}

async function comparison(node: Recorded): Promise<Metrics | undefined> {
  const found = await recompared(node);
  return found?.isOfEarlierMethod ? {} : found?.metrics;
}

/** How far a bound of an earlier version may lie from that of this one, in widths of the interval. */
const BOUND_TOLERANCE = 0.15;

/** Fails where an earlier version's comparison is another than its draws may have given: p-values to four standard errors. */
function checkEarlier(recorded: Metrics, found: Metrics): void {
  const known = Object.entries(found).filter(([name]) =>
    !/\.(sentenceError|seedError|degrees)$/.test(name)
  );
  checkDifferences(recorded, Object.fromEntries(known));
  for (const [name, ours] of known) {
    const theirs = recorded[name];
    if (theirs === undefined || name === "signature") continue;
    if (isNear(name, theirs, ours, found)) continue;
    throw inputError(
      `${name} is recorded as ${theirs}, and its artifacts give about ${ours}.`,
    );
  }
}

function isNear(
  name: string,
  theirs: number | string,
  ours: number | string,
  found: Metrics,
): boolean {
  const distance = Math.abs(Number(theirs) - Number(ours));
  if (/\.(p|pMargin)$/.test(name)) {
    return distance <= 0.002 + 0.2 * Math.sqrt(Number(ours));
  }
  const [, of] = /^(.*)\.(?:low|high)$/.exec(name) ?? [];
  if (of === undefined) return theirs === ours;
  const width = Number(found[`${of}.high`]) - Number(found[`${of}.low`]);
  return distance <= BOUND_TOLERANCE * width + 1e-4;
}

async function compared(node: Recorded): Promise<Metrics | undefined> {
  // Of an earlier version, whose comparisons read translations and references.
  const references = await referencesOf(node);
  const statistics = new Map<string, Statistics>();
  for (const input of node.inputs) {
    if (!input.startsWith(SYSTEM)) continue;
    const found = await statisticsIn(node, references, {
      statistics: await node.input(input, "statistics"),
      hypotheses: await node.input(input, "hypotheses"),
    });
    if (found === undefined) return undefined;
    statistics.set(input.slice(SYSTEM.length), found);
  }
  const { evaluation, testSet } = configOf(node);
  return comparisonMetrics(
    compareSystems({ ...evaluation, testSet, statistics }),
  );
}

/** Fails where other differences are recorded than there are. A record without any is of an earlier version, with other names. */
function checkDifferences(recorded: Metrics, found: Metrics): void {
  const [theirs, ours] = [recorded, found].map((metrics) =>
    new Set(Object.keys(metrics).filter((name) => name.includes(".to.")))
  );
  if (theirs.size === 0) return;
  const [invented] = theirs.difference(ours);
  if (invented !== undefined) {
    throw inputError(
      `${invented} is recorded as ${
        recorded[invented]
      }, and its artifacts give none.`,
    );
  }
  const [missing] = ours.difference(theirs);
  if (missing !== undefined) {
    throw inputError(
      `${missing} is not recorded, and its artifacts give ${found[missing]}.`,
    );
  }
}

/** The statistics of a system's files. Where all are here, they must be those of its translations. */
async function statisticsIn(
  node: Recorded,
  references: readonly string[] | undefined,
  paths: {
    readonly statistics: string | undefined;
    readonly hypotheses: string | undefined;
  },
): Promise<Statistics | undefined> {
  const counted = paths.hypotheses === undefined || references === undefined
    ? undefined
    : statisticsOf(
      configOf(node).evaluation,
      await linesOf(paths.hypotheses, references.length),
      references,
    );
  // An earlier version wrote none.
  if (paths.statistics === undefined) return counted;
  const found = readStatistics(paths.statistics);
  if (
    counted !== undefined && statisticsText(counted) !== statisticsText(found)
  ) throw inputError("its statistics are not those of its translations.");
  return found;
}

/** What the inputs of a comparison are called, with the name of each system behind it. */
export const SYSTEM = "system:";

function configOf({ stage, config }: Recorded) {
  return parse(EvaluationConfig, config, `the config of stage ${stage}`);
}

/** The target sides of the test pairs, where they are here. */
async function referencesOf(node: Recorded): Promise<string[] | undefined> {
  const path = await node.input("corpus", "test");
  if (path === undefined) return undefined;
  const targets = (await readPairs(path))
    .map(({ target }: Partial<Pair>) => target ?? unpaired());
  return targets.length === 0 ? unpaired() : targets;
}

function unpaired(): never {
  throw inputError(
    "the test pairs are not a source and a target a line, as a corpus has them.",
  );
}

/** The lines as they were written. */
async function linesOf(path: string, count: number): Promise<string[]> {
  const lines = (await Deno.readTextFile(path)).split("\n");
  if (lines.pop() === "" && lines.length === count) return lines;
  throw inputError(
    `expected a translation for each of ${count} test sentences, found ${lines.length}.`,
  );
}
