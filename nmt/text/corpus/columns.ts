/** Numbers that gather without their count being known: a typed array that grows, so that a number takes its own bytes. */

/** What a column may hold. */
type Numbers =
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

export interface Column<Values extends Numbers> {
  readonly length: number;
  /** The numbers so far, as a view that is valid until more come. */
  readonly values: Values;
  at(index: number): number;
  push(value: number): void;
  append(values: Values): void;
}

/** An empty column of a kind of typed array, such as `column(Int32Array)`. */
export function column<Values extends Numbers>(
  make: new (length: number) => Values,
): Column<Values> {
  let held = new make(1024), length = 0;
  const room = (more: number) => {
    if (length + more <= held.length) return;
    const grown = new make(Math.max(2 * held.length, length + more));
    grown.set(held);
    held = grown;
  };
  return {
    get length() {
      return length;
    },
    get values() {
      return held.subarray(0, length) as Values;
    },
    at: (index) => held[index],
    push(value) {
      room(1);
      held[length++] = value;
    },
    append(values) {
      room(values.length);
      held.set(values, length);
      length += values.length;
    },
  };
}
