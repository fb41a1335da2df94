/** Subwords of text whose placeholders are masked. */
import { mask, maskedPlaceholders, unmask } from "./placeholders.ts";

/** What cuts masked text, and joins it. */
interface Cut {
  encode(
    lines: readonly string[],
    side?: "source" | "target",
  ): Promise<Int32Array<ArrayBuffer>[]>;
  decode(ids: readonly (readonly number[] | Int32Array)[]): Promise<string[]>;
}

/** The same with so many reserved subwords for the placeholders of a line. */
export function withPlaceholders<Plain extends Cut>(
  plain: Plain,
  most: number,
) {
  const placeholdersOf = (line: string) => maskedPlaceholders(line, most);
  return {
    ...plain,
    placeholders: most,
    encode: (
      lines: readonly string[],
      side?: "source" | "target",
      sources = lines,
    ) =>
      plain.encode(
        lines.map((line, i) => mask(line, placeholdersOf(sources[i]))),
        side,
      ),
    decode: async (
      ids: readonly (readonly number[] | Int32Array)[],
      sources?: readonly string[],
    ) => {
      const texts = await plain.decode(ids);
      if (sources === undefined) return texts;
      return texts.map((text, i) => unmask(text, placeholdersOf(sources[i])));
    },
  };
}
