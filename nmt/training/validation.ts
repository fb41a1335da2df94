/** What weights reach on the validation pairs: -log p of the references, and BLEU of greedy translations. */
import type { Evaluation } from "../../schemas/experiment/evaluation.ts";
import { createTranslator } from "../decoding/beam_search.ts";
import { bleu } from "../metrics/bleu.ts";
import { diverged } from "./optimizer.ts";
import { corpusScore } from "../metrics/metric.ts";
import type { PlacedTensor, Runtime } from "../tensor/program.ts";
import { batchesByLength, makeBatch } from "../text/subwords/batches.ts";
import type { Subwords } from "../text/subwords/subwords.ts";
import { sentence, type Side, type Tokens } from "../text/subwords/tokens.ts";
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

/** Most and fewest tokens of a batch whose likelihood is computed, and bytes of its logits between them. */
const MOST = 4096, FEWEST = 256, LOGITS = 64 * 2 ** 20;

/**
 * Tokens of a batch of a validation, of a sentence that is longer more: few of a large vocabulary, as its memory stands
 * beside that of a step.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { validationTokens } from "./validation.ts";
 *
 * assertEquals([4000, 16_000, 250_000].map(validationTokens), [4096, 1048, 256]);
 * ```
 */
export function validationTokens(vocabulary: number): number {
  const fitting = Math.floor(LOGITS / 4 / vocabulary);
  return Math.max(FEWEST, Math.min(MOST, fitting));
}

/** Greedy search. */
const GREEDY = { beam: 1, lengthPenalty: 1 };

/** A function from weights to their scores; BLEU is among them where the task's checkpoints are chosen by it. Rejects where training has diverged. */
export async function validator(
  job: ValidationJob,
): Promise<(weights: Weights) => Promise<Scores>> {
  const likelihood = await likelihoodOf(job);
  const translations = job.task.training.selection === "bleu"
    ? await bleuOf(job)
    : undefined;
  return async (weights) => {
    const nll = await likelihood(weights);
    if (!Number.isFinite(nll)) {
      throw diverged(job.task.training, "a validation");
    }
    return { nll, ...translations && { bleu: await translations(weights) } };
  };
}

/** A function from weights to the mean -log p of a validation token. */
async function likelihoodOf(
  { task, runtime, threads, validation }: ValidationJob,
) {
  const executable = await runtime.compile(validationProgram(task), {
    threads,
  });
  const shapes = parameterShapes(task.model, task.vocabulary);
  const all = Array.from({ length: validation.pairs }, (_, pair) => pair);
  const batches = batchesByLength(
    validation,
    all,
    validationTokens(task.vocabulary),
  ).map((pairs) => makeBatch(validation, Int32Array.from(pairs)));
  return async (weights: Weights): Promise<number> => {
    const parameters: Record<string, PlacedTensor> = {};
    const given = slotTensors(shapes, slots.weight, weights);
    for (const [name, tensor] of Object.entries(given)) {
      parameters[name] = await runtime.place(tensor);
    }
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

/** A function from weights to the BLEU of their translations of the validation pairs, 0 to 100. */
async function bleuOf(
  { task, runtime, threads, validation, scoring }: ValidationJob,
) {
  const { model, vocabulary, training: { bleuSentences } } = task;
  const count = Math.min(validation.pairs, bleuSentences ?? Infinity);
  // Evenly spaced: of several source languages, the pairs of each stand together.
  const idsOf = (side: Side) =>
    Array.from(
      { length: count },
      (_, i) => sentence(side, Math.floor(i * validation.pairs / count)),
    );
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
