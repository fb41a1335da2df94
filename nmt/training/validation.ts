/** What weights reach on the validation pairs: -log p of the references, and BLEU of greedy translations. */
import type { Evaluation } from "../../schemas/experiment/evaluation.ts";
import { createTranslator } from "../decoding/beam_search.ts";
import { bleu } from "../metrics/bleu.ts";
import { corpusScore } from "../metrics/metric.ts";
import type { Runtime } from "../tensor/program.ts";
import { batchOrder, makeBatch } from "../text/subwords/batches.ts";
import type { Subwords } from "../text/subwords/subwords.ts";
import {
  lengthOf,
  sentence,
  type Side,
  type Tokens,
} from "../text/subwords/tokens.ts";
import { parameterShapes, type Weights } from "../transformer/parameters.ts";
import type { Scores } from "./selection.ts";
import { batchTensors } from "../transformer/batch_inputs.ts";
import { slots, slotTensors } from "./step_inputs.ts";
import { type Task, validationProgram } from "./training_step.ts";

/** How translations become text, and how that is cut into words for BLEU. */
export interface Scoring extends Pick<Evaluation, "tokenize" | "lowercase"> {
  readonly decode: Subwords["decode"];
}

export interface ValidationJob {
  readonly task: Task;
  readonly runtime: Runtime;
  readonly threads?: number;
  readonly validation: Tokens;
  readonly scoring: Scoring;
}

/** Tokens of a batch whose likelihood is computed, where its logits take no more than so many bytes. */
const TOKENS = 4096, LOGITS = 64 * 2 ** 20;

/** Tokens of a batch of a validation: its memory stands beside that of a step. */
export function validationTokens(
  { training, vocabulary }: Pick<Task, "training" | "vocabulary">,
): number {
  const most = Math.max(training.batchTokens, TOKENS);
  return Math.min(most, Math.floor(LOGITS / 4 / vocabulary));
}

/** Greedy search. */
const GREEDY = { beam: 1, lengthPenalty: 1 };

/** A function from weights to their scores; BLEU is among them where the task's checkpoints are chosen by it. */
export async function validator(
  job: ValidationJob,
): Promise<(weights: Weights) => Promise<Scores>> {
  const likelihood = await likelihoodOf(job);
  const translations = job.task.training.selection === "bleu"
    ? await bleuOf(job)
    : undefined;
  return async (weights) => ({
    nll: await likelihood(weights),
    ...translations && { bleu: await translations(weights) },
  });
}

/** A function from weights to the mean -log p of a validation token. */
async function likelihoodOf(
  { task, runtime, threads, validation }: ValidationJob,
) {
  const executable = await runtime.compile(validationProgram(task), {
    threads,
  });
  const shapes = parameterShapes(task.model, task.vocabulary);
  const budget = Math.max(validationTokens(task), longestSide(validation));
  const batches = batchOrder(validation, budget, 0, 0)
    .map((pairs) => makeBatch(validation, pairs));
  return async (weights: Weights): Promise<number> => {
    const parameters = slotTensors(shapes, slots.weight, weights);
    let sum = 0, tokens = 0;
    for (const batch of batches) {
      const { nll } = await executable.run({
        ...batchTensors(batch, task.model),
        ...parameters,
      });
      sum += nll.data[0] * batch.targetTokens;
      tokens += batch.targetTokens;
    }
    return sum / tokens;
  };
}

/** Positions of the longest sentence of either side. */
const longestSide = ({ source, target, pairs }: Tokens): number =>
  [source, target].reduce((longest, side) => {
    for (let pair = 0; pair < pairs; pair++) {
      longest = Math.max(longest, lengthOf(side, pair) + 1);
    }
    return longest;
  }, 0);

/** A function from weights to the BLEU of their translations of the validation pairs, 0 to 100. */
async function bleuOf(
  { task, runtime, threads, validation, scoring }: ValidationJob,
) {
  const { model, vocabulary, training: { bleuSentences } } = task;
  const count = Math.min(validation.pairs, bleuSentences ?? Infinity);
  const idsOf = (side: Side) =>
    Array.from({ length: count }, (_, i) => sentence(side, i));
  const text = async (ids: readonly Int32Array[]) =>
    (await scoring.decode(ids)).map((line) =>
      line.replace(/[\r\n]+/g, " ").trim()
    );
  const references = await text(idsOf(validation.target));
  const metric = bleu(scoring);
  return async (weights: Weights): Promise<number> => {
    const translator = await createTranslator(
      runtime,
      { model, vocabulary, weights },
      { threads },
    );
    const found = await translator.translate(idsOf(validation.source), GREEDY);
    await translator.dispose();
    const hypotheses = await text(found.map(({ ids }) => ids));
    return corpusScore(metric, hypotheses, [references]);
  };
}
