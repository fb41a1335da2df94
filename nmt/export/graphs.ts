/** The three graphs of an exported model: a complete translation, and encoder and decoder for Hugging Face's libraries. */
import type { SavedModel } from "../transformer/checkpoint.ts";
import type { Precision } from "../decoding/precision.ts";
import type { ExportPrecision } from "../../schemas/exported_model.ts";
import { graph } from "../tensor/onnx/graph.ts";
import { modelFile, TYPES } from "../tensor/onnx/onnx_model.ts";
import type { Shortlist } from "../shortlist/shortlist.ts";
import { decoderGraph } from "./decoder.ts";
import { give, hiding, type Parts, partsOf, type Unweighted } from "./parts.ts";
import { translationGraph } from "./translation.ts";
import { storedWeights } from "./weights.ts";

/** The graphs of each precision. */
export const GRAPHS = [
  "translate",
  "encoder_model",
  "decoder_model_merged",
] as const;
export type GraphName = typeof GRAPHS[number];

/** The path of a graph in the folder of an exported model; libraries know those of encoder and decoder. */
export function graphPath(name: GraphName, precision: ExportPrecision): string {
  if (name === "translate") return `${precision}/translate.onnx`;
  return `onnx/${name}${precision === "int8" ? "_quantized" : ""}.onnx`;
}

/**
 * The bytes of a model's graphs, as ONNX files; scores are divided by length^lengthPenalty. A short-list is part of the one
 * that translates; the decoder has the logits of all ids.
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
    encoder_model: file(encoderGraph(stepwise.parts)),
    decoder_model_merged: file(decoderGraph(stepwise.parts)),
  };
}

/** `input_ids` [batch, source] with `attention_mask`, which is 0 where padding is, to `last_hidden_state` [batch, source, d]. */
function encoderGraph({ saved, encoder }: Parts): Unweighted {
  const built = graph([]);
  const isShown = built.emit("Cast", ["attention_mask"], { to: TYPES.bool });
  const mask = hiding(built, built.emit("Not", [isShown]));
  give(
    built,
    "last_hidden_state",
    encoder(built, { source: "input_ids", mask }),
  );
  const places = { type: "int64", shape: ["batch", "source"] } as const;
  return {
    name: "encoder_model",
    recording: built.finish(),
    inputs: [
      { name: "input_ids", ...places },
      { name: "attention_mask", ...places },
    ],
    outputs: [{
      name: "last_hidden_state",
      type: "float32",
      shape: ["batch", "source", saved.model.width],
    }],
  };
}
