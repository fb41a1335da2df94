/** Applies a SentencePiece `precompiled_charsmap`: which characters become which, as a double-array trie of UTF-8. */

/** What the bytes at a position become. */
export interface Match {
  /** Bytes that are replaced; 0 where the map says nothing of them. */
  readonly length: number;
  /** UTF-8 of what replaces them. */
  readonly replacement: Uint8Array;
}

export type Charsmap = (text: Uint8Array, at: number) => Match;

/** Where the map says nothing. */
export const NO_MATCH: Match = { length: 0, replacement: new Uint8Array() };

/** Bytes that one match takes at most. Real maps take fewer, but a damaged one may lead in circles. */
const LONGEST = 256;
/** Marks of a unit: its label's own top bit, which is set in the units of values, and that a value is one of its children. */
const LABEL = 0x800000ff, HAS_VALUE = 0x100;

/**
 * Reads a map: the trie's size in bytes, the trie as Darts-clone lays it out, and the replacements, each with a zero byte
 * at its end. The longest match counts. Unlike the normalizer `Precompiled` of Hugging Face, which looks at one grapheme
 * at a time, it finds what SentencePiece finds.
 *
 * @throws What `damaged` makes of a reason, where the map is damaged.
 */
export function readCharsmap(
  bytes: Uint8Array,
  damaged: (reason: string) => Error,
): Charsmap {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = bytes.length < 4 ? 0 : view.getUint32(0, true);
  if (size < 4 || size % 4 !== 0 || size > bytes.length - 4) {
    throw damaged(
      `expected a trie of at most ${bytes.length} bytes, found ${size}`,
    );
  }
  const units = Uint32Array.from(
    { length: size / 4 },
    (_, i) => view.getUint32(4 + 4 * i, true),
  );
  const replacements = bytes.slice(4 + size);
  if (replacements.at(-1) !== 0) {
    throw damaged("expected a zero byte at its end");
  }
  units.forEach((unit, node) => {
    if ((unit & HAS_VALUE) === 0 || unit >>> 31 === 1) return;
    const value = valueAt(node ^ offset(unit));
    if (!(value < replacements.length)) {
      throw damaged(
        `expected a replacement below ${replacements.length}, found ${value}`,
      );
    }
  });
  function valueAt(node: number): number {
    return node < units.length ? units[node] & 0x7fffffff : Infinity;
  }
  return (text, at) => {
    let length = 0, value = 0;
    let node = offset(units[0]);
    const end = Math.min(text.length, at + LONGEST);
    for (let i = at; i < end; i++) {
      node ^= text[i];
      const unit = units[node];
      // No byte follows a value.
      if (unit === undefined || (unit & LABEL) !== text[i]) break;
      node ^= offset(unit);
      if ((unit & HAS_VALUE) === 0) continue;
      value = valueAt(node);
      length = i + 1 - at;
    }
    if (length === 0) return NO_MATCH;
    const to = replacements.indexOf(0, value);
    return { length, replacement: replacements.subarray(value, to) };
  };
}

/** How far a node's children are from it. */
function offset(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}
