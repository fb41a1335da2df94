/**
 * Reserved subwords: each is one symbol of `placeholders.ts`, which no other subword is merged with. They come right after
 * the special ones, so that a `tokenizer.json` says by its vocabulary how many it has, to any reader.
 */

/** Their first id, after those of padding, begin and end. Browsers read this file, so that it imports no schema. */
const FIRST = 3;

/** What the first two bytes of every symbol in UTF-8, 0xEE and 0x80, are called by a byte-level encoding. */
const PREFIX = ["î", "Ģ"] as const;

/** What the third byte is called: 0x80 and those after it follow each other, as do the symbols. */
const third = (index: number) => String.fromCharCode(0x122 + index);

/** The reserved subword of a symbol. */
const subwordOf = (index: number) => PREFIX.join("") + third(index);

/** The subwords of `count` symbols, with the one on the way to them last, and the merges that are to be the first. */
export function reservedSubwords(count: number): {
  readonly subwords: readonly string[];
  readonly merges: readonly (readonly [string, string])[];
} {
  if (count === 0) return { subwords: [], merges: [] };
  const prefix = PREFIX.join("");
  const indices = Array.from({ length: count }, (_, index) => index);
  return {
    subwords: [...indices.map(subwordOf), prefix],
    merges: [
      PREFIX,
      ...indices.map((index) => [prefix, third(index)] as const),
    ],
  };
}

/** How many symbols have reserved subwords in a vocabulary, which gives the id of a subword. */
export function reservedCount(
  idOf: (subword: string) => number | undefined,
): number {
  let count = 0;
  while (idOf(subwordOf(count)) === FIRST + count) count++;
  return count;
}

/** The symbol that an id stands for, by its number; undefined for another id of a vocabulary with so many of them. */
export function symbolOf(id: number, count: number): number | undefined {
  const index = id - FIRST;
  return index >= 0 && index < count ? index : undefined;
}
