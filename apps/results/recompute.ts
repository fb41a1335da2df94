/** Recomputes the metrics of evaluations and comparisons from their translations and references. */
import { z } from "zod";
import type { Recorded } from "../../engine/graph/graph.ts";
import { inputError, parse } from "../../base/input_error.ts";
import { Evaluation } from "../../schemas/experiment/evaluation.ts";
import type { Metrics } from "../../schemas/manifest.ts";
import type { Pair } from "../../nmt/text/corpus/cleaning.ts";
import { readPairs } from "../../nmt/text/subwords/tokenize.ts";
import {
  compareFiles,
  comparisonMetrics,
} from "../../nmt/metrics/comparison.ts";
import { scoreLines } from "../../nmt/metrics/score.ts";

/** Configs were valid when they were recorded; what a later version added to them is its default. */
const Config = z.object({
  evaluation: Evaluation.loose(),
  testSet: z.string().optional(),
});

/** Undefined where translations or references are not here; of what they do not decide, nothing. */
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
  const references = await referencesOf(node);
  const path = await node.output("hypotheses");
  const model = await node.input("model", "model");
  if (references === undefined || path === undefined) return undefined;
  const hypotheses = await linesOf(path, references.length);
  const { bleu, chrf } = scoreLines({
    ...configOf(node).evaluation,
    metrics: ["bleu", "chrf"],
    hypotheses,
    references: [references],
  });
  return {
    ...bleu && { bleu: rounded(bleu.score), signature: bleu.signature },
    ...chrf && { chrf: rounded(chrf.score) },
    ...model !== undefined && { bytes: (await Deno.stat(model)).size },
  };
}

async function comparison(node: Recorded): Promise<Metrics | undefined> {
  const references = await referencesOf(node);
  if (references === undefined) return undefined;
  const hypotheses: { readonly name: string; readonly path: string }[] = [];
  for (const input of node.inputs) {
    if (!input.startsWith(SYSTEM)) continue;
    const path = await node.input(input, "hypotheses");
    if (path === undefined) return undefined;
    hypotheses.push({ name: input.slice(SYSTEM.length), path });
  }
  const { evaluation, testSet } = configOf(node);
  const compared = await compareFiles({
    ...evaluation,
    testSet,
    hypotheses,
    references: [references],
  });
  return comparisonMetrics(compared);
}

/** What the inputs of a comparison are called, with the name of each system behind it. */
const SYSTEM = "system:";

function configOf({ stage, config }: Recorded): z.infer<typeof Config> {
  return parse(Config, config, `the config of stage ${stage}`);
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

/** As the stages keep them. */
function rounded(score: number): number {
  return Number(score.toFixed(4));
}
