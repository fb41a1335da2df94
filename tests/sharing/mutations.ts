/** What a seed does to bytes and to JSON that come from elsewhere. */

export type Next = () => number;

/** A whole number below a limit. */
export function below(next: Next, limit: number): number {
  return Math.floor(next() * limit);
}

export function oneOf<T>(next: Next, items: readonly T[]): T {
  return items[below(next, items.length)];
}

/** Between one and four changes of bytes, anywhere. */
export function mutated(
  bytes: Uint8Array,
  next: Next,
): Uint8Array<ArrayBuffer> {
  let result = Uint8Array.from(bytes);
  for (let left = 1 + below(next, 4); left > 0; left--) {
    result = oneOf(next, BYTES)(result, next);
  }
  return result;
}

type Change = (
  bytes: Uint8Array<ArrayBuffer>,
  next: Next,
) => Uint8Array<ArrayBuffer>;

const BYTES: readonly Change[] = [
  (bytes, next) => {
    if (bytes.length > 0) {
      bytes[below(next, bytes.length)] ^= 1 << below(next, 8);
    }
    return bytes;
  },
  (bytes, next) => {
    if (bytes.length > 0) bytes[below(next, bytes.length)] = below(next, 256);
    return bytes;
  },
  (bytes, next) => bytes.slice(0, below(next, bytes.length + 1)),
  (bytes, next) => bytes.slice(below(next, bytes.length + 1)),
  (bytes, next) => {
    const at = below(next, bytes.length + 1);
    const more = Uint8Array.from(
      { length: below(next, 600) },
      () => below(next, 256),
    );
    return joined(bytes.subarray(0, at), more, bytes.subarray(at));
  },
  (bytes, next) => {
    const [from, to] = range(bytes, next);
    return joined(bytes.subarray(0, from), bytes.subarray(to));
  },
  (bytes, next) => {
    const [from, to] = range(bytes, next);
    return joined(bytes.subarray(0, to), bytes.subarray(from));
  },
  // Whole blocks of a tar: left out, twice, or in another order.
  (bytes, next) => {
    const [one, other] = [1, 2].map(() =>
      512 * below(next, bytes.length / 512)
    );
    const [first, second] = [one, other].map((at) => bytes.slice(at, at + 512));
    bytes.set(second, Math.min(one, bytes.length - second.length));
    bytes.set(first, Math.min(other, bytes.length - first.length));
    return bytes;
  },
  (bytes, next) => {
    const at = 512 * below(next, bytes.length / 512);
    return joined(bytes.subarray(0, at), bytes.subarray(at + 512));
  },
];

function range(bytes: Uint8Array, next: Next): [number, number] {
  const from = below(next, bytes.length + 1);
  return [from, Math.min(bytes.length, from + below(next, 1500))];
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(
    parts.reduce((sum, part) => sum + part.length, 0),
  );
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** What nobody expects in a place of some value. */
const VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  0.5,
  2 ** 53,
  1e308,
  "",
  "..",
  "../../../../outside",
  "/outside",
  "a\0b",
  "a\\..\\b",
  "\u202e\u0000\u001b[2J",
  "x".repeat(5000),
  "0".repeat(64),
  [],
  {},
  { ["__proto__"]: { sha256: "0".repeat(64) } },
  Array.from({ length: 200 }).reduce((inner) => [inner], 1),
];

/** A copy of a JSON value with one value replaced, removed, moved or named anew, anywhere in it. */
export function reshaped(value: unknown, next: Next): unknown {
  if (typeof value !== "object" || value === null || next() < 0.08) {
    return oneOf(next, VALUES);
  }
  if (Array.isArray(value)) {
    if (value.length === 0) return oneOf(next, VALUES);
    const at = below(next, value.length);
    if (next() < 0.1) return [...value, value[at]];
    return value.map((item, i) => i === at ? reshaped(item, next) : item);
  }
  const entries = Object.entries(value);
  if (entries.length === 0) return oneOf(next, VALUES);
  const at = below(next, entries.length);
  const change = next();
  if (change < 0.1) return Object.fromEntries(entries.toSpliced(at, 1));
  if (change < 0.2) {
    const name = String(oneOf(next, VALUES));
    return Object.fromEntries(entries.with(at, [name, entries[at][1]]));
  }
  return Object.fromEntries(
    entries.with(at, [entries[at][0], reshaped(entries[at][1], next)]),
  );
}

/** Paths that a listing should not have. */
export const EVIL_PATHS = [
  "../outside",
  "../../../../../outside",
  "a/../../../outside",
  "/outside",
  "//outside",
  "a//b",
  "./a",
  "a/.",
  "a/..",
  "..",
  ".",
  "a\\..\\..\\outside",
  "C:\\outside",
  "C:/outside",
  "a\0b",
  "a\nb",
  "\u202ea",
  "x".repeat(300),
  "a/".repeat(600) + "b",
  " ",
  "0.txt/b",
] as const;
