/**
 * Normalizes text as SentencePiece does before it is cut into pieces: characters, then white space. Browsers run it too: it
 * imports nothing but the map of characters.
 */
import { NO_MATCH, readCharsmap } from "./charsmap.ts";

/** What a SentencePiece model says of normalization. */
export interface Normalization {
  /** The `precompiled_charsmap`; empty where characters stay as they are. */
  readonly charsmap: Uint8Array;
  /** Whether a space is put before the text. */
  readonly addsPrefix: boolean;
  /** Whether spaces at the ends go, and several become one. */
  readonly removesSpaces: boolean;
}

/** The parts of a `tokenizer.json` in which an import stores a normalization. */
export interface StoredNormalization {
  readonly normalizer: {
    readonly normalizers: readonly {
      readonly type: string;
      readonly precompiled_charsmap?: string;
    }[];
  };
  readonly pre_tokenizer: { readonly prepend_scheme: "always" | "never" };
}

/** The normalization that such parts say. */
export function normalizationOf(
  { normalizer: { normalizers }, pre_tokenizer }: StoredNormalization,
): Normalization {
  const map = normalizers.find(({ type }) => type === "Precompiled")
    ?.precompiled_charsmap ?? "";
  return {
    charsmap: Uint8Array.from(atob(map), (byte) => byte.charCodeAt(0)),
    addsPrefix: pre_tokenizer.prepend_scheme === "always",
    removesSpaces: normalizers.some(({ type }) => type === "Replace"),
  };
}

/** Stands for a space in pieces. */
export const SPACE = "▁";

/**
 * A function from text to its normalized form, in which `▁` stands for a space. `damaged` makes the error of a map
 * of characters that is damaged.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { normalizer } from "./normalizer.ts";
 *
 * const normalize = normalizer({ charsmap: new Uint8Array(), addsPrefix: true, removesSpaces: true });
 * assertEquals(normalize("  two   words "), "▁two▁words");
 * ```
 */
export function normalizer(
  { charsmap, addsPrefix, removesSpaces }: Normalization,
  damaged: (reason: string) => Error = Error,
): (text: string) => string {
  const match = charsmap.length === 0
    ? () => NO_MATCH
    : readCharsmap(charsmap, damaged);
  const encoder = new TextEncoder(),
    decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return (text) => {
    const input = encoder.encode(text);
    let output = new Uint8Array(2 * input.length + 64);
    let length = 0;
    if (addsPrefix && input.length > 0) output[length++] = 0x20;
    // SentencePiece looks at the parts of a text that the map replaces one by one: spaces inside a replacement stay.
    let afterSpace = removesSpaces;
    const add = (part: Uint8Array) => {
      let begin = 0;
      if (afterSpace) { while (part[begin] === 0x20) begin++; }
      if (begin === part.length) return;
      if (length + part.length > output.length) {
        const larger = new Uint8Array(2 * (length + part.length));
        larger.set(output);
        output = larger;
      }
      for (let i = begin; i < part.length; i++) output[length++] = part[i];
      afterSpace = removesSpaces && part[part.length - 1] === 0x20;
    };
    for (let at = 0; at < input.length;) {
      const found = match(input, at);
      const end = at + (found.length || characterBytes(input[at]));
      add(found.length > 0 ? found.replacement : input.subarray(at, end));
      at = end;
    }
    const spaced = decoder.decode(output.subarray(0, length))
      .replaceAll(" ", SPACE);
    return removesSpaces ? withoutSpacesAtEnd(spaced) : spaced;
  };
}

function withoutSpacesAtEnd(text: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === SPACE) end--;
  return text.slice(0, end);
}

/** Bytes of the character of valid UTF-8 that begins with a byte. */
function characterBytes(first: number): number {
  return first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}
