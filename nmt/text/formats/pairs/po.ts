/** Reads gettext catalogues: `msgid` in one language, `msgstr` in the one that the header names. */
import gettext from "gettext-parser";
import type { Languages } from "../../../../schemas/experiment/data.ts";
import { languageAmong } from "../../../../schemas/language.ts";
import { inputError } from "../../../../base/input_error.ts";
import { type NamedFile, readBytes } from "../lines.ts";
import type { Line } from "../parallel.ts";
import { reasonOf } from "../../fetch/untrusted.ts";
import { decode, decoderOf } from "./encoding.ts";

/** A larger catalogue is not held in memory. */
const MOST_BYTES = 64 << 20;

/** The translated messages of a catalogue, without fuzzy ones; of a plural, the singular too. */
export async function* readPo(
  file: NamedFile,
  { source, target }: Languages,
): AsyncGenerator<Line> {
  const { headers, translations } = await parsed(file);
  const language = headers?.Language?.trim() ?? "";
  const isTarget = languageAmong(target, [language]) !== undefined;
  if (!isTarget && languageAmong(source, [language]) === undefined) {
    throw inputError(
      `Cannot use "${file.name}": its header has ${
        language === "" ? "no Language" : `the Language "${language}"`
      }, expected "Language: ${target}" (or ${source}).`,
    );
  }
  let number = 0;
  for (const messages of Object.values(translations)) {
    for (
      const { msgid, msgid_plural, msgstr, comments } of Object.values(messages)
    ) {
      const isFuzzy = comments?.flag?.includes("fuzzy") ?? false;
      if (msgid === "" || isFuzzy) continue;
      const pairs = msgid_plural === undefined
        ? [[msgid, msgstr[0]]]
        : [...msgstr.length > 1 ? [[msgid, msgstr[0]]] : [], [
          msgid_plural,
          msgstr[msgstr.length - 1],
        ]];
      for (const [original, translation] of pairs) {
        if (!translation) continue;
        number++;
        yield isTarget
          ? { source: original, target: translation, number }
          : { source: translation, target: original, number };
      }
    }
  }
  if (number === 0) {
    throw inputError(
      `Cannot use "${file.name}": it has no translated message.`,
    );
  }
}

async function parsed(file: NamedFile) {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of readBytes(file)) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MOST_BYTES) {
      throw inputError(
        `Cannot use "${file.name}": it has more than ${MOST_BYTES} bytes, expected a smaller catalogue; split it.`,
      );
    }
  }
  const all = new Uint8Array(
    await new Blob(chunks as BlobPart[]).arrayBuffer(),
  );
  const text = decode(
    decoderOf(encodingOf(all), file.name),
    all,
    file.name,
  );
  try {
    return gettext.po.parse(text);
  } catch (error) {
    throw inputError(
      `Cannot use "${file.name}": it is no gettext catalogue (${
        reasonOf(error).replace(/^Error parsing PO data: /, "").replace(
          /\. This .*/s,
          "",
        )
      }).`,
    );
  }
}

/** The encoding in the header, which is the first message; the template's word for one that is not known is "CHARSET". */
function encodingOf(bytes: Uint8Array): string {
  const text = new TextDecoder("latin1").decode(bytes);
  const [, header = ""] = text.split(/^msgid\s/m, 2);
  const [, encoding = "CHARSET"] = /charset=([\w.:-]+)/i.exec(header) ?? [];
  return encoding === "CHARSET" ? "utf-8" : encoding;
}
