/** Parses gettext catalogues as people write them. */
import gettext, { type Catalogue } from "gettext-parser";
import { inputError } from "../../../../base/input_error.ts";
import { reasonOf } from "../../fetch/untrusted.ts";
import { decode, decoderOf } from "./encoding.ts";

/** The messages in the bytes of a file; what is wrong with them is an input error. */
export function parsePo(bytes: Uint8Array, file: string): Catalogue {
  const [, header = ""] = new TextDecoder("latin1").decode(bytes)
    .split(/^msgid\s/m, 2);
  const text = decode(decoderOf(charsetOf(header), file), bytes, file);
  checkLines(text, file);
  try {
    return gettext.po.parse(text);
  } catch (error) {
    throw inputError(
      `Cannot use "${file}": it is no gettext catalogue (${
        reasonOf(error).replace(/^Error parsing PO data: /, "").replace(
          /\. This .*/s,
          "",
        )
      }).`,
    );
  }
}

/**
 * Words, each with a string that is closed where its line ends; obsolete messages are written so too. The library refuses
 * words that are no keywords.
 */
const LINE =
  /^(?:#(?!~)|#~\||(?:#~)?\s*(?:(?:[\w[\]-]+\s*)?"(?:[^"\\]|\\.)*"\s*)*(?:msg(?:ctxt|id(?:_plural)?|str(?:\[\d+\])?)\s*)?(?:#.*)?$)/s;

/** So much of a line is shown. */
const SHOWN = 60;

/** The library takes a string that is not closed, and all that follows, for one text. */
function checkLines(text: string, file: string): void {
  const lines = text.split("\n");
  const index = lines.findIndex((line) => !LINE.test(line));
  if (index < 0) return;
  throw inputError(
    `Cannot use "${file}": expected keywords and strings in double quotes in line ${
      index + 1
    }, found ${
      lines[index].trim().slice(0, SHOWN)
    }; mend the line, or get the whole file.`,
  );
}

/** The encoding in the header of a catalogue; the template's word for one that is not known is "CHARSET". */
export function charsetOf(header: string): string {
  const [, encoding = "CHARSET"] = /charset=([\w.:-]+)/i.exec(header) ?? [];
  return encoding === "CHARSET" ? "utf-8" : encoding;
}
