/** Growing buffers: typed arrays that are allocated again only when more room is needed. */

type Numbers =
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>;

/**
 * A function that returns the first `length` values of one buffer, as a view. Earlier values are kept as the buffer grows,
 * and a view is valid until it does.
 *
 * @example
 * ```ts
 * import { growingArray } from "./growing_array.ts";
 *
 * const take = growingArray(Int32Array);
 * take(1)[0] = 7;
 * console.assert(take(1000)[0] === 7);
 * ```
 */
export function growingArray<Values extends Numbers>(
  make: new (length: number) => Values,
): (length: number) => Values {
  let held = new make(0);
  return (length) => {
    if (held.length < length) {
      const grown = new make(Math.max(length, 2 * held.length));
      grown.set(held);
      held = grown;
    }
    return held.subarray(0, length) as Values;
  };
}

/** A list of numbers in a typed array. */
export interface Column<Values extends Numbers> {
  readonly length: number;
  /** The numbers so far, as a view that is valid until more are added. */
  readonly values: Values;
  at(index: number): number;
  push(value: number): void;
  append(values: ArrayLike<number>): void;
}

/** An empty column of a kind of typed array, such as `column(Int32Array)`. */
export function column<Values extends Numbers>(
  make: new (length: number) => Values,
): Column<Values> {
  const take = growingArray(make);
  let values = take(0);
  return {
    get length() {
      return values.length;
    },
    get values() {
      return values;
    },
    at: (index) => values[index],
    push(value) {
      const { length } = values;
      values = take(length + 1);
      values[length] = value;
    },
    append(more) {
      const { length } = values;
      values = take(length + more.length);
      values.set(more, length);
    },
  };
}
