/** The three graphs of an exported model: encoder, decoder step, and a complete translation. */
import type { SavedModel } from "../transformer/checkpoint.ts";
import type { Precision } from "../decoding/precision.ts";
import { graph } from "../tensor/onnx/graph.ts";
import { type Border, modelFile } from "../tensor/onnx/onnx_model.ts";
import {
  cacheBorders,
  encoderOutputs,
  give,
  type Parts,
  partsOf,
  range,
  type Unweighted,
} from "./parts.ts";
import { cacheNames } from "./programs.ts";
import type { Shortlist } from "../shortlist/shortlist.ts";
import { translationGraph } from "./translation.ts";
import { storedWeights } from "./weights.ts";

/** The graphs of each precision. */
export const GRAPHS = ["translate", "encoder", "decoder"] as const;
export type GraphName = typeof GRAPHS[number];

/**
 * The bytes of a model's graphs, as ONNX files; scores are divided by length^lengthPenalty. A short-list is part of the one
 * that translates; the step has the logits of all ids.
 */
export function exportedGraphs(
  saved: SavedModel,
  precision: Precision,
  lengthPenalty: number,
  shortlist?: Shortlist,
): Record<GraphName, Uint8Array<ArrayBuffer>> {
  const inPrecision = (shortlist?: Shortlist) => {
    const weights = storedWeights(saved, precision, shortlist !== undefined);
    return { weights, parts: partsOf(saved, weights, shortlist) };
  };
  const stepwise = inPrecision();
  const translating = shortlist ? inPrecision(shortlist) : stepwise;
  const file = (graph: Unweighted, { weights: { stored } } = stepwise) =>
    modelFile({ ...graph, stored });
  return {
    translate: file(
      translationGraph(translating.parts, lengthPenalty),
      translating,
    ),
    encoder: file(encoderGraph(stepwise.parts)),
    decoder: file(stepGraph(stepwise.parts)),
  };
}

/** `source` [batch, source], each sentence with its end and then padding, to what a step reads. */
function encoderGraph({ saved, encoder }: Parts): Unweighted {
  const built = graph([]);
  const places = range(built, built.emit("Shape", ["source"], { start: 1 }));
  const made = encoder(built, { source: "source", places });
  const outputs = encoderOutputs(saved);
  for (const { name } of outputs) give(built, name, made[name]);
  return {
    name: "encoder",
    recording: built.finish(),
    inputs: [{ name: "source", type: "int64", shape: ["batch", "source"] }],
    outputs,
  };
}

/**
 * A step as `stepProgram` has it, with the place of its tokens read off the cache, or, where a decoder of recurrent units has
 * none, as one more input: `place` int64 [1], the number of ids before the tokens.
 */
function stepGraph({ saved, step }: Parts): Unweighted {
  const { model, vocabulary } = saved;
  const built = graph([]);
  const isRecurrent = model.autoregression === "ssru";
  const [first] = cacheNames("past", model);
  const place = isRecurrent
    ? "place"
    : built.emit("Shape", [first], { start: 3, end: 4 });
  const made = step(built, { token: "token", place });
  const beside = (name: string, of: number | string): Border => ({
    name,
    type: "float32",
    shape: ["batch", "beam", of],
  });
  const outputs = [
    beside("logits", vocabulary),
    beside("attention", "source"),
    ...cacheBorders(saved, "present"),
  ];
  for (const { name } of outputs) give(built, name, made[name]);
  return {
    name: "decoder",
    recording: built.finish(),
    inputs: [
      { name: "token", type: "int64", shape: ["batch", "beam"] },
      ...isRecurrent
        ? [{ name: "place", type: "int64", shape: [1] } as const]
        : [],
      ...encoderOutputs(saved),
      ...cacheBorders(saved, "past"),
    ],
    outputs,
  };
}
