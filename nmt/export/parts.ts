/** The encoder and the decoder step as parts that exported graphs are assembled from. */
import type { SavedModel } from "../transformer/checkpoint.ts";
import type { Graph } from "../tensor/onnx/graph.ts";
import { insert, type ModelParts, TYPES } from "../tensor/onnx/onnx_model.ts";
import { record } from "../tensor/onnx/trace.ts";
import { MASKED } from "../transformer/layers.ts";
import { crossProgram, encoderProgram, stepProgram } from "./programs.ts";
import type { Shortlist } from "../shortlist/shortlist.ts";
import { sinusoids, type StoredWeights } from "./weights.ts";

/** A model without what it stores. */
export type Unweighted = Omit<ModelParts, "stored">;

export interface Parts {
  readonly saved: SavedModel;
  /** What the step's ids are chosen from, in place of all ids. */
  readonly shortlist?: Shortlist;
  readonly candidates: StoredWeights["candidates"];
  /** Puts in the encoder, over `source` int64 [batch, source] and its `mask`; gives its output [batch, source, d]. */
  encoder(
    graph: Graph,
    values: Readonly<Record<"source" | "mask", string>>,
  ): string;
  /** Puts in what the decoder keeps of that output; gives it by the names of `cacheNames`. */
  cross(graph: Graph, hidden: string): Record<string, string>;
  /** Puts in a step, from `token` int64 [batch, beam] at `place` int64 [1]; what else it reads has its own name, or one of `more`. */
  step(
    graph: Graph,
    values: Readonly<Record<"token" | "place", string>>,
    more?: Readonly<Record<string, string>>,
  ): Record<string, string>;
}

export function partsOf(
  saved: SavedModel,
  { rewrite, candidates }: StoredWeights,
  shortlist?: Shortlist,
): Parts {
  const encoder = record(encoderProgram(saved));
  const cross = record(crossProgram(saved));
  const step = record(stepProgram(saved, shortlist !== undefined));
  const int32 = (graph: Graph, name: string) =>
    graph.emit("Cast", [name], { to: TYPES.int32 });
  return {
    saved,
    shortlist,
    candidates,
    encoder: (graph, { source, mask }) => {
      const width = graph.emit("Shape", [source], { start: 1 });
      return insert(graph, encoder, {
        source: int32(graph, source),
        mask,
        positions: sinusoids(graph, range(graph, width)),
      }, rewrite).hidden;
    },
    cross: (graph, hidden) => insert(graph, cross, { hidden }, rewrite),
    step: (graph, { token, place }, more) =>
      insert(graph, step, {
        ...more,
        token: int32(graph, token),
        position: sinusoids(graph, place),
      }, rewrite),
  };
}

/** What a step adds to the scores of the source, [batch, 1, 1, source], from which of its places, bool [batch, source], are padding. */
export function hiding(graph: Graph, isPadding: string): string {
  const bias = graph.emit("Where", [
    isPadding,
    graph.scalar(MASKED, "float32"),
    graph.scalar(0, "float32"),
  ]);
  return graph.emit("Unsqueeze", [bias, graph.int64s([1, 2])]);
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
