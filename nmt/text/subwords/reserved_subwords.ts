/** Subwords of text whose language is told by a token, whose placeholders are masked, and whose case is marked. */
import { inputError } from "../../../base/input_error.ts";
import { cased, uncased } from "./casing.ts";
import { languageOf, unmarked } from "./language_tokens.ts";
import { mask, maskedPlaceholders, unmask } from "./placeholders.ts";
import { isToken, type Reserved, tokenIdOf } from "./reserved.ts";

/** What cuts text without tokens and placeholders, and joins it. */
interface Plain {
  encode(
    lines: readonly string[],
    side?: "source" | "target",
  ): Promise<Int32Array<ArrayBuffer>[]>;
  decode(ids: readonly (readonly number[] | Int32Array)[]): Promise<string[]>;
}

/** The same with the reserved subwords of a vocabulary. */
export function withReserved<Cut extends Plain>(
  plain: Cut,
  reserved: Reserved,
) {
  const { languages, placeholders, casing } = reserved;
  const maskedOf = (line: string) => maskedPlaceholders(line, placeholders);
  const hasTokens = languages.length > 0, masks = placeholders > 0;
  return {
    ...plain,
    ...hasTokens && { languages },
    ...masks && { placeholders },
    ...casing && { casing },
    encode: async (
      lines: readonly string[],
      side: "source" | "target" = "source",
      sources = lines,
    ) => {
      const isMarked = hasTokens && side === "source";
      const texts = isMarked ? lines.map(unmarked) : lines;
      const masked = masks
        ? texts.map((text, i) => mask(text, maskedOf(sources[i])))
        : texts;
      const ids = await plain.encode(casing ? masked.map(cased) : masked, side);
      if (!isMarked) return ids;
      return ids.map((list, i) =>
        lines[i] === ""
          ? list
          : Int32Array.of(tokenOfLine(lines[i], reserved), ...list)
      );
    },
    decode: async (
      ids: readonly (readonly number[] | Int32Array)[],
      sources?: readonly string[],
    ) => {
      const texts = await plain.decode(
        hasTokens
          ? ids.map((list) =>
            Array.from(list).filter((id) => !isToken(id, reserved))
          )
          : ids,
      );
      const masked = casing ? texts.map(uncased) : texts;
      if (sources === undefined || !masks) return masked;
      return masked.map((text, i) => unmask(text, maskedOf(sources[i])));
    },
  };
}

/** The id of the token that a source line begins with; a line without one would be translated badly. */
function tokenOfLine(line: string, reserved: Reserved): number {
  const id = tokenIdOf(languageOf(line), reserved);
  if (id !== undefined) return id;
  throw inputError(
    `Cannot translate "${
      line.slice(0, 40)
    }": expected the language of the text, one of ${
      reserved.languages.join(", ")
    }, found none; name it.`,
  );
}
