/**
 * Compares systems as no experiment does: their committed results are of different ones, or the margin is another. What it
 * prints is exploratory.
 *
 *     deno run -A tools/compare_results.ts parity/pt-en:ckd-start-cooldown captions-quarter-2:teacher 1
 */
import { fromFileUrl, join } from "@std/path";
import { z } from "zod";
import { committedFolder, readResults } from "../apps/results/committed.ts";
import { packedIn, unpackSaved } from "../apps/results/packed.ts";
import { inputError, isInputError } from "../base/input_error.ts";
import { interval, pText, signed } from "../nmt/metrics/layout.ts";
import { systemOf } from "../nmt/metrics/significance/baselines.ts";
import { compareSystems } from "../nmt/metrics/significance/comparison.ts";
import { readStatistics, type Statistics } from "../nmt/metrics/statistics.ts";
import { Evaluation, SCORES } from "../schemas/experiment/evaluation.ts";

const ARTIFACTS = fromFileUrl(new URL("../artifacts", import.meta.url));

/**
 * A line for BLEU and one for chrF: the first system minus the second, each `EXPERIMENT:SYSTEM` or
 * `EXPERIMENT/PAIR:SYSTEM`, with the 95 % interval over sentences and seeds and two-sided p of no difference, or with a margin twice that of
 * a loss of so many points. Both are scored and drawn as the first experiment says.
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
  return SCORES.flatMap((score) => {
    const found = systems[first][score].against[second];
    if (found === undefined) throw new Error(`"${first}" was not compared`);
    const { difference, p, pMargin } = found;
    const tested = pMargin === undefined
      ? `${pText(p)} of no difference`
      : `${pText(pMargin)} of a loss of ${margin}`;
    const name = { bleu: "BLEU", chrf: "chrF" }[score];
    return [
      `${name} ${signed(difference, 2)} (${interval(found, 2)}), ${tested}`,
    ];
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
  const nodes = new Map(Object.entries(saved.manifest.nodes));
  const prefix = pair === undefined ? "" : `${pair}/`;
  const compare = nodes.get(`${prefix}compare`);
  const folder = committedFolder(ARTIFACTS, experiment);
  const packed = `${prefix.replace("/", ".")}statistics.jsonl.gz`;
  if (compare === undefined || !packedIn(folder).includes(packed)) {
    throw refuse(
      `a language pair of "${experiment}" where it has several, and one whose systems were compared`,
    );
  }
  const texts = new Map(
    unpackSaved(join(folder, packed), saved.manifest)
      .map(({ artifact, text }) => [artifact.sha256, text]),
  );
  const evaluations = `${prefix}evaluate:`;
  const runs = [...nodes].flatMap(([node, { outputs }]) => {
    const text = texts.get(outputs.statistics?.sha256 ?? "");
    return node.startsWith(evaluations) && text !== undefined
      ? [{ ...systemOf(node.slice(evaluations.length)), text }]
      : [];
  });
  const models = runs.filter((run) => run.system === system);
  if (models.length === 0) {
    const systems = new Set(runs.map(({ system }) => system));
    throw refuse(`a system of ${[...systems].join(", ")}`);
  }
  return {
    models: new Map(models.map(({ seed, text }) => [seed, statistics(text)])),
    evaluation: CompareConfig.parse(compare.preimage.config).evaluation,
  };
}

/** The part of a `compare` node's config that is used. */
const CompareConfig = z.object({ evaluation: Evaluation });

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
