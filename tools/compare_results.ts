/**
 * Compares systems as no experiment does: their committed results are of different ones, or the margin is another. What it
 * prints is exploratory.
 *
 *     deno run -A tools/compare_results.ts parity/pt-en:ckd-start-cooldown captions-quarter-2:teacher 1
 */
import { fromFileUrl, join } from "@std/path";
import { committedFolder, readResults } from "../apps/results/committed.ts";
import {
  packedIn,
  prefixOfPacked,
  unpackSaved,
} from "../apps/results/packed.ts";
import { SYSTEM } from "../apps/results/recompute.ts";
import { EvaluationConfig } from "../apps/results/recorded_plan.ts";
import { inputError, isInputError } from "../base/input_error.ts";
import { interval, pText, signed } from "../nmt/metrics/layout.ts";
import { systemOf } from "../nmt/metrics/significance/baselines.ts";
import { compareSystems } from "../nmt/metrics/significance/comparison.ts";
import { readStatistics, type Statistics } from "../nmt/metrics/statistics.ts";
import { type Evaluation, SCORES } from "../schemas/experiment/evaluation.ts";

const ARTIFACTS = fromFileUrl(new URL("../artifacts", import.meta.url));

/**
 * A line for BLEU and one for chrF: the first system minus the second, each `EXPERIMENT:SYSTEM` or
 * `EXPERIMENT/PAIR:SYSTEM`, with the 95 % interval over sentences and seeds and the two-sided p-value of no difference, or
 * with a margin twice the tail of a loss of so many points. Both are scored and drawn as the first experiment says.
 *
 * @throws an input error where there are no such results, or their references differ
 */
export function compareResults(
  first: string,
  second: string,
  margin?: number,
): string[] {
  if (first === second || margin !== undefined && !(margin > 0)) {
    throw inputError(
      `Cannot compare "${first}" with "${second}": expected two systems, and as a margin points above 0.`,
    );
  }
  const [own, other] = [committed(first), committed(second)];
  const { systems } = compareSystems({
    ...own.evaluation,
    statistics: new Map([
      ...named(first, own.models),
      ...named(second, other.models),
    ]),
    comparisons: SCORES.map((metric) => ({
      system: first,
      baseline: second,
      test: margin === undefined ? "superiority" : "non-inferiority",
      margin,
      metric,
    })),
  });
  return SCORES.map((score) => {
    const found = systems[first][score].against[second];
    if (found === undefined) throw new Error(`"${first}" was not compared`);
    const { difference, p, pMargin } = found;
    const tested = pMargin === undefined
      ? `${pText(p)} of no difference`
      : `${pText(pMargin)} of a loss of ${margin}`;
    const name = { bleu: "BLEU", chrf: "chrF" }[score];
    return `${name} ${signed(difference, 2)} (${
      interval(found, 2)
    }), ${tested}`;
  });
}

interface Committed {
  /** The statistics of each model of a system, by its seed: undefined where it has one model. */
  readonly models: ReadonlyMap<string | undefined, Statistics>;
  readonly evaluation: Evaluation;
}

const NAME = /^(?<experiment>[^/:]+)(?:\/(?<pair>[^/:]+))?:(?<system>[^:]+)$/;

function committed(name: string): Committed {
  const { experiment = "", pair, system } = NAME.exec(name)?.groups ?? {};
  const refuse = (expected: string) =>
    inputError(`Cannot compare "${name}": expected ${expected}.`);
  const saved = readResults(ARTIFACTS, experiment);
  if (saved === undefined) {
    throw refuse(
      "EXPERIMENT:SYSTEM or EXPERIMENT/PAIR:SYSTEM, of an experiment in artifacts/results",
    );
  }
  const { manifest } = saved;
  const nodes = new Map(Object.entries(manifest.nodes));
  const prefix = pair === undefined ? "" : `${pair}/`;
  const compare = nodes.get(`${prefix}compare`);
  const folder = committedFolder(ARTIFACTS, experiment);
  const texts = new Map(
    packedIn(folder)
      .filter((file) => prefixOfPacked(file) === prefix)
      .flatMap((file) => unpackSaved(join(folder, file), manifest))
      .map(({ artifact, text }) => [artifact.sha256, text]),
  );
  if (compare === undefined || texts.size === 0) {
    throw refuse(
      `a language pair of "${experiment}" where it has several, and one whose systems were compared`,
    );
  }
  const runs = Object.entries(compare.inputs).map(([input, evaluation]) => ({
    ...systemOf(input.slice(SYSTEM.length)),
    text: texts.get(nodes.get(evaluation)?.outputs.statistics?.sha256 ?? ""),
  }));
  const models = runs.flatMap(({ system: own, seed, text }) =>
    own === system && text !== undefined
      ? [[seed, statistics(text)] as const]
      : []
  );
  if (models.length === 0) {
    const systems = new Set(runs.map(({ system }) => system));
    throw refuse(`a system of ${[...systems].join(", ")}`);
  }
  return {
    models: new Map(models),
    evaluation: EvaluationConfig.parse(compare.preimage.config).evaluation,
  };
}

function statistics(text: string): Statistics {
  const path = Deno.makeTempFileSync({ prefix: "statistics-" });
  try {
    Deno.writeTextFileSync(path, text);
    return readStatistics(path);
  } finally {
    Deno.removeSync(path);
  }
}

function named(
  name: string,
  models: Committed["models"],
): [string, Statistics][] {
  return [...models].map(([seed, found]) => [
    seed === undefined ? name : `${name}@${seed}`,
    found,
  ]);
}

if (import.meta.main) {
  const [first = "", second = "", margin] = Deno.args;
  try {
    const points = margin === undefined ? undefined : Number(margin);
    console.log(compareResults(first, second, points).join("\n"));
  } catch (error) {
    if (!isInputError(error)) throw error;
    console.error(error.message);
    Deno.exit(2);
  }
}
