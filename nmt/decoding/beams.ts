/** The host's part of a batch in search: source ids, the state of the beams from step to step, sentences that leave. */
import { BOS, EOS, PAD } from "../../schemas/experiment/vocabulary.ts";
import {
  elements,
  type HostTensor,
  type HostTensors,
} from "../tensor/program.ts";
import { next } from "./decoder_parts.ts";
import { MASKED } from "../transformer/layers.ts";

/** Memory that is used again and grows. */
export interface Memory {
  /** A tensor at the start of the memory, with the values that are there. */
  tensor(shape: readonly number[]): HostTensor;
}

export function memory(): Memory {
  let values = new Float32Array(0);
  return {
    tensor: (shape) => {
      const length = elements(shape);
      if (values.length < length) {
        const larger = new Float32Array(2 * length);
        larger.set(values);
        values = larger;
      }
      return { shape, data: values.subarray(0, length) };
    },
  };
}

/** `source` [source, batch]: each sentence, EOS, then PAD; `padding` [batch, 1, 1, source]: what hides PAD. */
export function sourceTensors(
  sources: readonly Int32Array[],
): Record<"source" | "padding", HostTensor> {
  const time = Math.max(...sources.map(({ length }) => length)) + 1;
  const batch = sources.length;
  const source = new Int32Array(time * batch).fill(PAD);
  const padding = new Float32Array(batch * time);
  sources.forEach((ids, row) => {
    ids.forEach((id, position) => source[position * batch + row] = id);
    source[ids.length * batch + row] = EOS;
    padding.fill(MASKED, row * time + ids.length + 1, (row + 1) * time);
  });
  return {
    source: { shape: [time, batch], data: source },
    padding: { shape: [batch, 1, 1, time], data: padding },
  };
}

/** Where a step writes what it chose: `token`, `score` and `parent` [going, kept], `ended` [going, beam]. */
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

type State = Record<"token" | "going" | "score" | "ancestors", HostTensor>;

/** Each sentence has one hypothesis, the empty one; others in its beam are impossible. */
export function firstState(batch: number, beam: number): State {
  const count = batch * beam;
  const score = new Float32Array(count).fill(-Infinity);
  const ancestors = new Float32Array(count * beam).fill(MASKED);
  for (let i = 0; i < count; i++) {
    if (i % beam === 0) score[i] = 0;
    ancestors[i * beam + i % beam] = 0;
  }
  return {
    token: {
      shape: [beam, batch],
      data: new Int32Array(count).fill(BOS),
    },
    going: {
      shape: [batch],
      data: Int32Array.from({ length: batch }, (_, place) => place),
    },
    score: { shape: [batch, beam], data: score },
    ancestors: { shape: [batch, 1, beam, beam], data: ancestors },
  };
}

/** A sentence whose search goes on. */
export interface Going {
  /** Its place in the batch of the step that was taken. */
  readonly before: number;
  /** Its row in what the step found. */
  readonly row: number;
  /** Its place in the batch of the next step. */
  readonly place: number;
}

/**
 * What a step found, for the next one with a batch of so many; a hypothesis descends from its parent, whom that descends
 * from, and itself. What is there of sentences that do not go on is of no meaning.
 */
export function nextState(
  { shape: [, , beam, slots], data }: HostTensor,
  results: HostTensors,
  batch: number,
  going: readonly Going[],
  kept: number,
): State {
  const longer = slots + kept;
  const token = new Int32Array(kept * batch).fill(PAD);
  const score = new Float32Array(going.length * kept);
  const ancestors = new Float32Array(batch * kept * longer).fill(MASKED);
  const tokens = results[next("token")].data;
  const scores = results[next("score")].data;
  const parents = results.parent.data;
  going.forEach(({ before, row, place }, order) => {
    for (let i = 0; i < kept; i++) {
      const from = row * kept + i, to = place * kept + i;
      token[i * batch + place] = tokens[from];
      score[order * kept + i] = scores[from];
      const parent = (before * beam + parents[from]) * slots;
      ancestors.set(data.subarray(parent, parent + slots), to * longer);
      ancestors[to * longer + slots + i] = 0;
    }
  });
  return {
    token: { shape: [kept, batch], data: token },
    going: {
      shape: [going.length],
      data: Int32Array.from(going, ({ place }) => place),
    },
    score: { shape: [going.length, kept], data: score },
    ancestors: { shape: [batch, 1, kept, longer], data: ancestors },
  };
}

/** Some places of an axis of a tensor, ascending, moved together at the start of its memory. */
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
