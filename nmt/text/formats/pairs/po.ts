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

/** The encoding in the header of a catalogue; the template's word for one that is not known is "CHARSET". */
export function charsetOf(header: string): string {
  const [, encoding = "CHARSET"] = /charset=([\w.:-]+)/i.exec(header) ?? [];
  return encoding === "CHARSET" ? "utf-8" : encoding;
}
