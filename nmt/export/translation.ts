/** The exported graph that translates: source ids in, best translations out. */
import { MAXIMUM_LENGTH } from "../decoding/beam_search.ts";
import { EOS, PAD } from "../../schemas/experiment/vocabulary.ts";
import { type Graph, graph } from "../tensor/onnx/graph.ts";
import { type Border, TYPES } from "../tensor/onnx/onnx_model.ts";
import { give, hiding, type Parts, range, type Unweighted } from "./parts.ts";
import { giveCandidates } from "./candidates.ts";
import { search } from "./beam_search.ts";

/** The inputs beside the source, each int64 [1]. */
const OPTIONS = ["beam", "maximum_length", "count"] as const;

/**
 * Inputs, all int64:
 * - `source` [batch, length]: the ids of each sentence, with or without its end, then padding;
 * - `beam` [1]: hypotheses kept a sentence; 1 and less is greedy search;
 * - `maximum_length` [1]: ids of a translation at most; 0 is twice the source's and 20 more;
 * - `count` [1]: how many of the best translations are wanted, from 1 to the beam.
 *
 * Outputs:
 * - `translation` int64 [batch, longest]: the best ids, without begin and end, then padding;
 * - `score` [batch]: log p of these ids and of their end;
 * - `attention` [batch, longest, source]: the last layer's cross-attention for each id, the mean over its heads; the
 *   source's end counts as a place;
 * - `alternatives` int64 [batch, count, longest], `scores` [batch, count]: as many as are wanted, best first by score /
 *   length^lengthPenalty, where the length counts the end; a score is -Infinity where there is none.
 *
 * With a count of 1 this finds what `searchSentence` finds; with more, the search goes on until no hypothesis that is alive
 * can come among the best.
 */
export function translationGraph(
  parts: Parts,
  lengthPenalty: number,
): Unweighted {
  const built = graph([]);
  const { emit, int64s } = built;
  const { source, lengths, width } = endedSources(built);
  giveCandidates(built, parts, source);
  const padding = built.scalar(PAD, "int64");
  const mask = hiding(built, emit("Equal", [source, padding]));
  const hidden = parts.encoder(built, { source, mask });
  const read = { mask, ...parts.cross(built, hidden) };
  for (const [name, value] of Object.entries(read)) give(built, name, value);
  // ONNX Runtime's kernels divide by zero where there is no hypothesis.
  const beam = emit("Max", ["beam", int64s([1])]);
  const count = emit("Max", [emit("Min", ["count", beam]), int64s([1])]);
  const found = search(built, parts, {
    lengths,
    width,
    limit: limits(built, lengths, (usual) => {
      const isGiven = emit("Greater", ["maximum_length", int64s([0])]);
      return emit("Where", [isGiven, "maximum_length", usual]);
    }),
    beam,
    count,
    lengthPenalty,
  });

  const take = (values: string, end: string, axis: number) =>
    emit("Slice", [values, int64s([0]), end, int64s([axis])]);
  const best = (values: string) =>
    emit("Gather", [values, built.scalar(0, "int64")], { axis: 1 });
  const [after, end, axis] = [1, MAXIMUM_LENGTH + 2, 2].map((value) =>
    int64s([value])
  );
  const ids = emit("Slice", [found.ids, after, end, axis]); // [batch, beam, longest], without the begin
  const translation = best(ids);
  const longest = longestRow(built, translation, 1);
  const alternatives = take(ids, count, 1);
  const outputs: Record<string, Omit<Border, "name"> & { value: string }> = {
    translation: {
      value: take(translation, longest, 1),
      type: "int64",
      shape: ["batch", "longest"],
    },
    score: { value: best(found.scores), type: "float32", shape: ["batch"] },
    attention: {
      value: take(found.attention, longest, 1),
      type: "float32",
      shape: ["batch", "longest", "source"],
    },
    alternatives: {
      value: take(alternatives, longestRow(built, alternatives, 2), 2),
      type: "int64",
      shape: ["batch", "count", "longest alternative"],
    },
    scores: {
      value: take(found.scores, count, 1),
      type: "float32",
      shape: ["batch", "count"],
    },
  };
  for (const [name, { value }] of Object.entries(outputs)) {
    give(built, name, value);
  }
  return {
    name: "translate",
    recording: built.finish(),
    inputs: [
      { name: "source", type: "int64", shape: ["batch", "length"] },
      ...OPTIONS.map((name): Border => ({ name, type: "int64", shape: [1] })),
    ],
    outputs: Object.entries(outputs).map(([name, { type, shape }]) => ({
      name,
      type,
      shape,
    })),
    repetition: found.repetition,
  };
}

/** The sources with one end each, cut to the longest; how many ids each has before its end, [batch, 1]. */
function endedSources(
  built: Graph,
): Readonly<Record<"source" | "lengths" | "width", string>> {
  const { emit, int64s } = built;
  const isWord = emit("Greater", ["source", int64s([EOS])]);
  const lengths = emit("ReduceSum", [
    emit("Cast", [isWord], { to: TYPES.int64 }),
    int64s([1]),
  ], { keepdims: 1 });
  const width = emit("Add", [largest(built, lengths), int64s([1])]);
  const column = emit("Expand", [
    built.scalar(PAD, "int64"),
    emit("Shape", [lengths]),
  ]);
  const longer = emit("Concat", ["source", column], { axis: 1 });
  const cut = emit("Slice", [longer, int64s([0]), width, int64s([1])]);
  const isEnd = emit("Equal", [range(built, width), lengths]);
  const source = emit("Where", [isEnd, int64s([EOS]), cut]);
  return { source, lengths, width };
}

/**
 * Ids that the translation of each source of so many ids [batch, 1] may have, [batch, 1]: twice as many and 20 more, unless
 * `choose` gives another number; of nothing, nothing is the translation.
 */
export function limits(
  { emit, int64s }: Graph,
  lengths: string,
  choose = (usual: string) => usual,
): string {
  const usual = emit("Add", [
    emit("Mul", [lengths, int64s([2])]),
    int64s([20]),
  ]);
  return emit("Where", [
    emit("Equal", [lengths, int64s([0])]),
    int64s([0]),
    emit("Min", [choose(usual), int64s([MAXIMUM_LENGTH])]),
  ]);
}

/** How many ids the longest row has, int64 [1]; padding is at the end of a row, along the last `axis`. */
function longestRow(built: Graph, ids: string, axis: number): string {
  const { emit, int64s } = built;
  const isWord = emit("Greater", [ids, int64s([PAD])]);
  const lengths = emit("ReduceSum", [
    emit("Cast", [isWord], { to: TYPES.int64 }),
    int64s([axis]),
  ], { keepdims: 0 });
  return largest(built, lengths);
}

/** The largest of some integers, [1]. */
function largest(built: Graph, values: string): string {
  const most = built.emit("ReduceMax", [values], { keepdims: 0 });
  return built.emit("Reshape", [most, built.int64s([1])]);
}
