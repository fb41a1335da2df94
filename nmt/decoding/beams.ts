/** The host's part of batched beam search: source ids, batches, the state of the beams, and sentences that leave the batch. */
import { BOS, EOS, PAD } from "../../schemas/experiment/vocabulary.ts";
import {
  elements,
  type HostTensor,
  type HostTensors,
} from "../tensor/program.ts";
import { next } from "./decoder_parts.ts";
import { hiddenPadding } from "../transformer/batch_inputs.ts";
import { MASKED } from "../transformer/layers.ts";

/** Source positions of a batch, padding included. */
const BATCH_TOKENS = 4096;

/** Indices of the sentences that are not empty, longest first, cut into batches of at most so many. */
export function batchesByLength(
  sentences: readonly Int32Array[],
  most: number,
): number[][] {
  const length = (index: number) => sentences[index].length;
  const order = [...sentences.keys()].filter((index) => length(index) > 0)
    .sort((a, b) => length(b) - length(a) || a - b);
  const batches: number[][] = [];
  for (let start = 0; start < order.length;) {
    const rows = Math.min(
      most,
      Math.floor(BATCH_TOKENS / (length(order[start]) + 1)),
    );
    batches.push(order.slice(start, start += Math.max(1, rows)));
  }
  return batches;
}

/** Positions of the longest sentence, its end of sentence included. */
export const longestOf = (sources: readonly Int32Array[]): number =>
  Math.max(...sources.map(({ length }) => length)) + 1;

/**
 * `source` [time, batch]: each sentence, EOS, then PAD; `padding` [batch, 1, 1, time]: what hides PAD. By default they are
 * as long as the longest sentence.
 */
export function sourceTensors(
  sources: readonly Int32Array[],
  time = longestOf(sources),
): Record<"source" | "padding", HostTensor> {
  const batch = sources.length;
  const source = new Int32Array(time * batch).fill(PAD);
  sources.forEach((ids, row) => {
    ids.forEach((id, position) => source[position * batch + row] = id);
    source[ids.length * batch + row] = EOS;
  });
  return {
    source: { shape: [time, batch], data: source },
    padding: hiddenPadding(sources.map(({ length }) => length + 1), time),
  };
}

/** Preallocated outputs of a step: `token`, `score` and `parent` [going, kept], `ended` [going, beam]. */
export function choices(
  going: number,
  beam: number,
  kept: number,
): Record<string, HostTensor> {
  const shape = [going, kept];
  return {
    [next("token")]: { shape, data: new Int32Array(going * kept) },
    [next("score")]: { shape, data: new Float32Array(going * kept) },
    parent: { shape, data: new Int32Array(going * kept) },
    ended: { shape: [going, beam], data: new Float32Array(going * beam) },
  };
}

type State = Record<
  "token" | "living" | "hypothesis" | "place" | "row" | "score" | "from",
  HostTensor
>;

/**
 * Which hypotheses live, and where they are, as inputs of a step: `living` and `place` [living], `hypothesis` [beam, batch],
 * `row` [going, beam].
 */
function livingInputs(
  going: readonly { readonly place: number; readonly living: number }[],
  batch: number,
  beam: number,
): Pick<State, "living" | "hypothesis" | "place" | "row"> {
  const row = new Int32Array(going.length * beam);
  const hypothesis = new Int32Array(beam * batch);
  const living: number[] = [], places: number[] = [];
  going.forEach(({ place, living: count }, sentence) => {
    for (let i = 0; i < count; i++) {
      row[sentence * beam + i] = living.length;
      hypothesis[i * batch + place] = living.length;
      living.push(i * batch + place);
      places.push(place);
    }
  });
  const shape = [living.length];
  return {
    living: { shape, data: Int32Array.from(living) },
    hypothesis: { shape: [beam, batch], data: hypothesis },
    place: { shape, data: Int32Array.from(places) },
    row: { shape: [going.length, beam], data: row },
  };
}

/** The initial state: each sentence has the empty hypothesis; the others of its beam do not live. */
export function firstState(batch: number, beam: number): State {
  const score = new Float32Array(batch * beam).fill(-Infinity);
  for (let i = 0; i < score.length; i += beam) score[i] = 0;
  const places = Array.from({ length: batch }, (_, place) => place);
  return {
    token: { shape: [1, batch], data: new Int32Array(batch).fill(BOS) },
    ...livingInputs(
      places.map((place) => ({ place, living: 1 })),
      batch,
      beam,
    ),
    score: { shape: [batch, beam], data: score },
    from: { shape: [batch], data: Int32Array.from(places) },
  };
}

/** The ancestors at first: each hypothesis sees itself. */
export function firstAncestors(batch: number, beam: number): HostTensor {
  const data = new Float32Array(batch * beam * beam).fill(MASKED);
  for (let i = 0; i < batch * beam; i++) data[i * beam + i % beam] = 0;
  return { shape: [batch, 1, beam, beam], data };
}

/** An unfinished sentence. */
export interface Going {
  /** Its place in the batch of the step that was taken. */
  readonly before: number;
  /** Its row in the outputs of the step. */
  readonly row: number;
  /** How many of its continuations live on, the first ones. */
  readonly living: number;
  /** Its place in the batch of the next step. */
  readonly place: number;
}

/** The state after a step with the state `before`; `batch` is how many sentences there will be in the batch. */
export function nextState(
  before: Pick<State, "row">,
  results: HostTensors,
  batch: number,
  going: readonly Going[],
  kept: number,
): State {
  const beam = before.row.shape[1];
  const score = new Float32Array(going.length * kept).fill(-Infinity);
  const token: number[] = [], from: number[] = [];
  const tokens = results[next("token")].data;
  const scores = results[next("score")].data;
  const parents = results.parent.data;
  going.forEach(({ row, living }, order) => {
    for (let i = 0; i < living; i++) {
      const chosen = row * kept + i;
      token.push(tokens[chosen]);
      from.push(before.row.data[row * beam + parents[chosen]]);
      score[order * kept + i] = scores[chosen];
    }
  });
  return {
    token: { shape: [1, token.length], data: Int32Array.from(token) },
    from: { shape: [from.length], data: Int32Array.from(from) },
    ...livingInputs(going, batch, kept),
    score: { shape: [going.length, kept], data: score },
  };
}

/**
 * The ancestors in the next step, of `batch` sentences: those of a hypothesis are its parent, the parent's ancestors, and
 * itself. Values of finished sentences are undefined.
 */
export function nextAncestors(
  { shape: [, , beam, slots], data }: HostTensor,
  { parent: { data: parents } }: HostTensors,
  batch: number,
  going: readonly Going[],
  kept: number,
): HostTensor {
  const longer = slots + kept;
  const ancestors = new Float32Array(batch * kept * longer).fill(MASKED);
  for (const { before, row, place } of going) {
    for (let i = 0; i < kept; i++) {
      const to = (place * kept + i) * longer;
      const parent = (before * beam + parents[row * kept + i]) * slots;
      ancestors.set(data.subarray(parent, parent + slots), to);
      ancestors[to + slots + i] = 0;
    }
  }
  return { shape: [batch, 1, kept, longer], data: ancestors };
}

/** Selects places of an axis, ascending, in place: they are moved to the start of the tensor's memory. */
export function take(
  { shape, data }: HostTensor,
  axis: number,
  places: readonly number[],
): HostTensor {
  const outer = elements(shape.slice(0, axis));
  const inner = elements(shape.slice(axis + 1));
  const smaller = shape.with(axis, places.length);
  let end = 0;
  for (let block = 0; block < outer; block++) {
    const start = block * shape[axis];
    for (let i = 0; i < places.length;) {
      let next = i + 1;
      while (places[next] === places[next - 1] + 1) next++;
      const from = (start + places[i]) * inner;
      data.copyWithin(end, from, from + (next - i) * inner);
      end += (next - i) * inner;
      i = next;
    }
  }
  return { shape: smaller, data: data.subarray(0, end) };
}
