/** Reads gettext catalogues: messages with their translations, or the translations of two catalogues for equal messages. */
import type { Catalogue, Message } from "gettext-parser";
import type { Languages } from "../../../../schemas/experiment/data.ts";
import { languageAmong } from "../../../../schemas/language.ts";
import { inputError } from "../../../../base/input_error.ts";
import { decompressedName, type NamedFile, readBytes } from "../lines.ts";
import type { Line } from "../parallel.ts";
import { isCompiled, parseMo } from "./mo.ts";
import { type PluralPlaces, pluralPlaces } from "./plurals.ts";
import { parsePo } from "./po.ts";

/** A larger catalogue is not held in memory. */
const MOST_BYTES = 64 << 20;

/** A text, or those of one thing and of several. */
interface Forms {
  readonly one?: string;
  readonly other: string;
  readonly isPlural: boolean;
}

/** The messages of a catalogue that are translated, by context and text, and its language as it is written. */
interface Translated {
  readonly language: string;
  readonly messages: ReadonlyMap<
    string,
    { readonly original: Forms; readonly translation: Forms }
  >;
}

/** The translated messages of a catalogue, without fuzzy ones; of a plural, the singular too. */
export async function* readCatalogue(
  file: NamedFile,
  { source, target }: Languages,
): AsyncGenerator<Line> {
  const { language, messages } = await translated(file);
  const isTarget = languageAmong(target, [language]) !== undefined;
  if (!isTarget && languageAmong(source, [language]) === undefined) {
    throw otherLanguage(file, language, `"Language: ${target}" (or ${source})`);
  }
  let number = 0;
  for (const { original, translation } of messages.values()) {
    const sides = isTarget ? [original, translation] : [translation, original];
    for (const pair of pairsOf(sides[0], sides[1])) {
      yield { ...pair, number: ++number };
    }
  }
  if (number === 0) {
    throw inputError(
      `Cannot use "${file.name}": it has no translated message; give a catalogue that is translated.`,
    );
  }
}

/** The translations of the messages that two catalogues have, which differ in nothing but their language. */
export async function* readJoined(
  files: { readonly source: NamedFile; readonly target: NamedFile },
  languages: Languages,
): AsyncGenerator<Line> {
  const side = async (which: keyof Languages) => {
    const { language, messages } = await translated(files[which]);
    const wanted = languages[which];
    if (
      language !== "" && languageAmong(wanted, [language]) === undefined
    ) throw otherLanguage(files[which], language, `"Language: ${wanted}"`);
    return messages;
  };
  const source = await side("source"), target = await side("target");
  let number = 0;
  for (const [key, { translation }] of source) {
    const other = target.get(key)?.translation;
    if (other === undefined || other.isPlural !== translation.isPlural) {
      continue;
    }
    for (const pair of pairsOf(translation, other)) {
      yield { ...pair, number: ++number };
    }
  }
  if (number === 0) {
    throw inputError(
      `Cannot join "${files.source.name}" with "${files.target.name}": no message is translated in both; give two catalogues of one program.`,
    );
  }
}

function otherLanguage(
  { name }: NamedFile,
  language: string,
  expected: string,
): Error {
  return inputError(
    `Cannot use "${name}": its header has ${
      language === "" ? "no Language" : `the Language "${language}"`
    }, expected ${expected}; give another catalogue, or the experiment its language.`,
  );
}

/** The forms that both sides have. */
function pairsOf(
  source: Forms,
  target: Forms,
): { readonly source: string; readonly target: string }[] {
  return (["one", "other"] as const).flatMap((form) => {
    const [one, other] = [source[form], target[form]];
    return one && other ? [{ source: one, target: other }] : [];
  });
}

async function translated(file: NamedFile): Promise<Translated> {
  const { headers, translations } = await parsed(file);
  const messages = Object.values(translations).flatMap((each) =>
    Object.values(each)
  ).filter(({ msgid, comments }) =>
    msgid !== "" && !(comments?.flag?.includes("fuzzy") ?? false)
  );
  const places = pluralPlaces(headers?.["Plural-Forms"] ?? "");
  return {
    language: headers?.Language?.trim() || languageOfFolder(file.name),
    messages: new Map(
      messages.map((each) => [
        JSON.stringify([each.msgctxt ?? "", each.msgid]),
        formsOf(each, places),
      ]),
    ),
  };
}

/** Where systems install a catalogue, a folder has the name of its language. */
function languageOfFolder(name: string): string {
  const [language, folder] = name.split("/").slice(-3);
  return folder === "LC_MESSAGES" ? language : "";
}

function formsOf(
  { msgid, msgid_plural, msgstr }: Message,
  places: PluralPlaces | undefined,
) {
  const isPlural = msgid_plural !== undefined;
  if (!isPlural) {
    return {
      original: { other: msgid, isPlural },
      translation: { other: msgstr.at(-1) ?? "", isPlural },
    };
  }
  return {
    original: { one: msgid, other: msgid_plural, isPlural },
    translation: { ...pluralForms(msgstr, places), isPlural },
  };
}

/** The forms of a plural. Where the header does not tell, two are for one and for several, and of more nobody knows. */
function pluralForms(
  forms: readonly string[],
  places: PluralPlaces | undefined,
): Pick<Forms, "one" | "other"> {
  if (places === undefined && forms.length > 2) return { other: "" };
  const { one, other } = places ?? { one: 0, other: forms.length - 1 };
  return {
    ...one === other ? {} : { one: forms[one] },
    other: forms[other] ?? "",
  };
}

async function parsed(file: NamedFile): Promise<Catalogue> {
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
  const isNamed = /\.g?mo$/i.test(decompressedName(file.name));
  const parse = isNamed || isCompiled(all) ? parseMo : parsePo;
  return parse(all, file.name);
}
