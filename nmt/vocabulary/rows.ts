/** Changes the vocabulary of a model: rows of its embeddings are taken over, left out, or begun anew. */
import type { SavedModel } from "../transformer/checkpoint.ts";
import {
  embeddingNames,
  FORBIDDEN,
  type Weights,
} from "../transformer/parameters.ts";

/**
 * The model with another vocabulary: `rows` has for each new id the id that it was before, or -1 for a subword that the
 * model lacks. Such a one begins as the unknown subword `unknown`, and as probable as the median one.
 */
export function withVocabulary(
  saved: SavedModel,
  rows: readonly number[],
  unknown: number,
): SavedModel {
  const { model, weights } = saved;
  const { width, outputBias } = model;
  const changed: Record<string, Weights[string]> = {};
  for (const name of new Set(Object.values(embeddingNames(model)))) {
    const before = weights[name];
    const after = new Float32Array(rows.length * width);
    rows.forEach((row, id) => {
      const from = row < 0 ? unknown : row;
      const values = before.subarray(from * width, (from + 1) * width);
      after.set(values, id * width);
    });
    changed[name] = after;
  }
  if (outputBias) {
    const before = weights["output.bias"];
    const predicted = before.filter((bias) => bias > FORBIDDEN).sort();
    const median = predicted[predicted.length >> 1];
    changed["output.bias"] = Float32Array.from(
      rows,
      (row) => row < 0 ? median : before[row],
    );
  }
  return {
    model,
    vocabulary: rows.length,
    weights: { ...weights, ...changed },
  };
}
