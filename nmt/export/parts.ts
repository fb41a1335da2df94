/** The encoder and the decoder step as parts that exported graphs are assembled from. */
import type { SavedModel } from "../transformer/checkpoint.ts";
import type { Graph } from "../tensor/onnx/graph.ts";
import {
  type Border,
  insert,
  type ModelParts,
  TYPES,
} from "../tensor/onnx/onnx_model.ts";
import { record } from "../tensor/onnx/trace.ts";
import {
  cacheNames,
  cacheShape,
  encoderProgram,
  stepProgram,
} from "./programs.ts";
import type { Shortlist } from "../shortlist/shortlist.ts";
import { sinusoids, type StoredWeights } from "./weights.ts";

/** A model without what it stores. */
export type Unweighted = Omit<ModelParts, "stored">;

export interface Parts {
  readonly saved: SavedModel;
  /** What the step's ids are chosen from, in place of all ids. */
  readonly shortlist?: Shortlist;
  readonly candidates: StoredWeights["candidates"];
  /** Puts in the encoder, over `source` int64 [batch, source] at `places` int64 [source]; gives its outputs. */
  encoder(
    graph: Graph,
    values: Readonly<Record<"source" | "places", string>>,
  ): Record<string, string>;
  /** Puts in a step, from `token` int64 [batch, beam] at `place` int64 [1]; what else it reads has its own name. */
  step(
    graph: Graph,
    values: Readonly<Record<"token" | "place", string>>,
  ): Record<string, string>;
}

export function partsOf(
  saved: SavedModel,
  { rewrite, candidates }: StoredWeights,
  shortlist?: Shortlist,
): Parts {
  const encoder = record(encoderProgram(saved));
  const step = record(stepProgram(saved, shortlist !== undefined));
  const int32 = (graph: Graph, name: string) =>
    graph.emit("Cast", [name], { to: TYPES.int32 });
  return {
    saved,
    shortlist,
    candidates,
    encoder: (graph, { source, places }) =>
      insert(graph, encoder, {
        source: int32(graph, source),
        positions: sinusoids(graph, places),
      }, rewrite),
    step: (graph, { token, place }) =>
      insert(graph, step, {
        token: int32(graph, token),
        position: sinusoids(graph, place),
      }, rewrite),
  };
}

/** 0 to a length, which is one number of any shape. */
export function range(graph: Graph, length: string): string {
  const [zero, one] = [0, 1].map((value) => graph.scalar(value, "int64"));
  return graph.emit("Range", [zero, graph.emit("Squeeze", [length]), one]);
}

/** Gives a value a name, by which it is an output of the graph or read by what is repeated in it. */
export function give(graph: Graph, name: string, value: string): void {
  graph.output(name, graph.value(value, [], "float32"));
}

/** What the encoder gives and a step reads. */
export function encoderOutputs(saved: SavedModel): Border[] {
  return [
    { name: "mask", type: "float32", shape: ["batch", 1, 1, "source"] },
    ...cacheBorders(saved, "cross"),
  ];
}

export function cacheBorders(
  { model }: SavedModel,
  part: "cross" | "past" | "present",
): Border[] {
  return cacheNames(part, model).map((name) => ({
    name,
    type: "float32",
    shape: cacheShape(part, model),
  }));
}
