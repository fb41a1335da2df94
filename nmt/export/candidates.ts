/** A short-list inside an exported graph: the candidates of the source's sentences, found from constants. */
import { CANDIDATE } from "../decoding/candidates.ts";
import { PAD } from "../../schemas/experiment/vocabulary.ts";
import {
  alwaysCandidates,
  longestList,
  type Shortlist,
} from "../shortlist/shortlist.ts";
import type { Graph } from "../tensor/onnx/graph.ts";
import { TYPES } from "../tensor/onnx/onnx_model.ts";
import { give, type Parts, range } from "./parts.ts";

/**
 * Puts in the candidates of `source`, int64 [batch, width], as the host's search finds them, where there is a short-list. A step
 * reads them by their names: `CANDIDATE.ids` int64 [candidates], ascending, `CANDIDATE.hidden` [batch, 1, candidates], and
 * their part of the output matrix.
 */
export function giveCandidates(
  graph: Graph,
  { shortlist, candidates }: Parts,
  source: string,
): void {
  if (shortlist === undefined) return;
  const { emit, int64s } = graph;
  const batch = emit("Shape", [source], { end: 1 });
  const rows = (values: string) =>
    emit("Reshape", [
      values,
      emit("Concat", [batch, int64s([-1])], { axis: 0 }),
    ]);
  const everyRow = (values: string, columns: string) =>
    emit("Expand", [values, emit("Concat", [batch, columns], { axis: 0 })]);
  const always = alwaysCandidates(shortlist);
  const constant = constantIds(graph, "shortlist.always", always);
  const all = emit("Concat", [
    everyRow(constant, int64s([always.length])),
    source,
    rows(translations(graph, shortlist, source)),
  ], { axis: 1 });
  const [no, yes] = [0, 1].map((value) => graph.scalar(value, "uint8"));
  const isCandidate = emit("ScatterElements", [
    everyRow(no, int64s([shortlist.offsets.length - 1])),
    all,
    emit("Expand", [yes, emit("Shape", [all])]),
  ], { axis: 1 }); // [batch, vocabulary]
  const ofAny = emit("ReduceMax", [isCandidate, int64s([0])], { keepdims: 0 });
  const ids = emit("Reshape", [emit("NonZero", [ofAny]), int64s([-1])]);
  const isOwn = emit("Cast", [
    emit("Gather", [isCandidate, ids], { axis: 1 }),
  ], { to: TYPES.bool });
  const hidden = emit("Where", [
    emit("Unsqueeze", [isOwn, int64s([1])]),
    graph.scalar(0, "float32"),
    graph.scalar(-Infinity, "float32"),
  ]);
  give(graph, CANDIDATE.ids, ids);
  give(graph, CANDIDATE.hidden, hidden);
  for (const [name, value] of Object.entries(candidates(graph, ids))) {
    give(graph, name, value);
  }
}

/** What translates each id of `source`, int64 [batch, width, longest list]; shorter lists are filled up with padding. */
function translations(
  graph: Graph,
  shortlist: Shortlist,
  source: string,
): string {
  const { emit, int64s } = graph;
  const { offsets, ids } = shortlist;
  const column = (values: string) => emit("Unsqueeze", [values, int64s([2])]);
  const table = graph.constant(
    Int32Array.from(offsets),
    [offsets.length],
    "int32",
    "shortlist.offsets",
  );
  const offset = (ids: string) =>
    column(emit("Gather", [table, ids], { axis: 0 }));
  // One at least: nothing can be broadcast to lists of no places.
  const longest = int64s([Math.max(1, longestList(shortlist))]);
  const order = emit("Cast", [range(graph, longest)], {
    to: TYPES.int32,
  });
  const places = emit("Add", [offset(source), order]);
  const isListed = emit("Less", [
    places,
    offset(emit("Add", [source, int64s([1])])),
  ]);
  const first = graph.scalar(0, "int32");
  const listed = idsAt(graph, ids, emit("Where", [isListed, places, first]));
  return emit("Where", [isListed, listed, graph.scalar(PAD, "int64")]);
}

/** The ids at some places, int64; each is stored as two bytes, or as three where the vocabulary needs it. */
function idsAt(graph: Graph, ids: Int32Array, places: string): string {
  const { emit, int64s } = graph;
  const size = ids.some((id) => id > 0xffff) ? 3 : 2;
  const bytes = new Uint8Array(size * Math.max(1, ids.length)); // One at least, for places of empty lists.
  ids.forEach((id, i) => {
    for (let byte = 0; byte < size; byte++) {
      bytes[size * i + byte] = id >> (8 * byte);
    }
  });
  const stored = graph.constant(
    bytes,
    [bytes.length / size, size],
    "uint8",
    "shortlist.ids",
  );
  const digits = emit("Cast", [emit("Gather", [stored, places], { axis: 0 })], {
    to: TYPES.int64,
  });
  const values = int64s(Array.from({ length: size }, (_, i) => 256 ** i));
  return emit("ReduceSum", [emit("Mul", [digits, values]), int64s([-1])], {
    keepdims: 0,
  });
}

function constantIds(
  graph: Graph,
  name: string,
  ids: readonly number[],
): string {
  return graph.constant(
    BigInt64Array.from(ids, BigInt),
    [ids.length],
    "int64",
    name,
  );
}
