/**
 * How the tokens of a side of a batch lie in memory: a row each where a layer looks at one token, without padding, and a
 * rectangle [batch, heads, time, size] where the tokens of a sentence attend to each other.
 */
import { differentiable } from "../tensor/gradient.ts";
import type { Tensor } from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";

/** The way from rows to heads of a rectangle, and back. */
export interface Arrangement {
  /** `count` maps side by side, [rows, count * d], to `count` tensors [batch, heads, time, d / heads]. */
  split(x: Tensor, count: number): Tensor[];
  /** [batch, heads, time, size] to [rows, heads * size]. */
  join(x: Tensor): Tensor;
}

/** Rows that are the rectangle's, one after the other, padding included: batch * time. */
export const rectangular = (batch: number, heads: number): Arrangement => ({
  split: (x, count) => splitHeads(x, batch, heads, count),
  join: joinHeads,
});

/** Where the heads of a side's tokens lie; each number counts vectors of a head's features. */
export interface Places {
  /** For each place of the rectangle the vector among those of the rows, [batch, heads, time]. */
  readonly split: Tensor;
  /** For each row's heads a place of the rectangle, [rows, heads]. */
  readonly join: Tensor;
}

/**
 * A row for each token; where the rectangle has padding, further rows for it. No loss and no token reads the output at
 * padding, so its gradient is 0 in every row and place: each place of padding may read any row of padding, and back.
 */
export function packed({ split, join }: Places): Arrangement {
  const [rows, heads] = join.shape as [number, number];
  const [batch, , time] = split.shape as [number, number, number];
  return {
    split: (x, count) => {
      const parts = count === 1 ? [x] : tf.split(x as tf.Tensor2D, count, 1);
      return parts.map((part) => {
        const vectors = tf.reshape(part, [rows * heads, -1]);
        return moved(vectors, split, join);
      });
    },
    join: (x) => {
      const size = x.shape[3] ?? 0;
      const vectors = tf.reshape(x, [batch * heads * time, size]);
      return tf.reshape(moved(vectors, join, split), [rows, heads * size]);
    },
  };
}

/** The vectors [count, size] at some places, [...places, size]; `back` has the places of their gradients. */
function moved(vectors: Tensor, places: Tensor, back: Tensor): Tensor {
  return differentiable([vectors], ([vectors]) => ({
    value: tf.gather(vectors, places as tf.Tensor1D),
    saved: [],
    gradient: (dy) => {
      const dVectors = tf.reshape(dy, [places.size, vectors.shape[1] ?? 0]);
      const gathered = tf.gather(dVectors, back as tf.Tensor1D);
      return [tf.reshape(gathered, vectors.shape)];
    },
  }));
}

/**
 * Splits `count` maps side by side into heads: [batch * time, count * d] to `count` tensors [batch, heads, time, d / heads].
 */
export function splitHeads(
  x: Tensor,
  batch: number,
  heads: number,
  count: number,
): Tensor[] {
  const [rows, features] = x.shape as [number, number];
  const time = rows / batch;
  const size = features / count / heads;
  const parts = count === 1 ? [x] : tf.split(x as tf.Tensor2D, count, 1);
  return parts.map((part) =>
    tf.transpose(tf.reshape(part, [batch, time, heads, size]), [0, 2, 1, 3])
  );
}

/** [batch, heads, time, size] to [batch * time, heads * size]. */
export function joinHeads(x: Tensor): Tensor {
  const [batch, heads, time, size] = x.shape as [
    number,
    number,
    number,
    number,
  ];
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [
    batch * time,
    heads * size,
  ]);
}
