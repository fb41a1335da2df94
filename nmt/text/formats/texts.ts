/** Reads the text of a descriptor's files, in pairs or one side: one reader a format, members of archives too. */
import { join } from "@std/path";
import type { Languages } from "../../../schemas/experiment/data.ts";
import {
  GROUP,
  IGNORED,
  type Place,
  placesOf,
  type Sides,
  type SidesFormat,
  type Table,
  type Text,
  type TextSource,
} from "../../../schemas/descriptor.ts";
import { languageAmong } from "../../../schemas/language.ts";
import { unpack } from "../fetch/archive.ts";
import { unescapeXml } from "./entities.ts";
import { type Lines, type NamedFile, readLines } from "./lines.ts";
import { readPairs } from "./pairs/pairs.ts";
import { type NamedLines, paired, readTable } from "./parallel.ts";
import type { Placed } from "../corpus/split.ts";

export interface TextFolders {
  /** The folder of the descriptor's files. */
  readonly files: string;
  /** Where members of archives are put while they are read. */
  readonly work: string;
}

/** What the lines of a file hold, by its format. */
const SENTENCES: Readonly<Record<SidesFormat, (lines: Lines) => Lines>> = {
  lines: (lines) => lines,
  tagged: untagged,
  segments,
};

async function* untagged(lines: Lines): Lines {
  for await (const line of lines) if (!TAG_LINE.test(line)) yield line.trim();
}

async function* segments(lines: Lines): Lines {
  for await (const line of lines) {
    for (const [, text, end] of line.matchAll(SEGMENT)) {
      if (end) yield unescapeXml(text.trim());
    }
  }
}

/** A line about a talk, in place of one that was spoken in it. */
const TAG_LINE =
  /^\s*<\/?(url|keywords|speaker|talkid|title|description|reviewer|translator|doc|transcript)\b/i;

/** With its end, which the last may lack. */
const SEGMENT = /<seg\b[^>]*(?:>(.*?)(<\/seg>|$)|$)/gi;

/** The pairs of a source's texts of one part, in the order of its descriptor; each with its place. */
export async function* readTexts(
  { label, texts }: TextSource,
  part: Text["part"],
  { source, target }: Languages,
  folders: TextFolders,
): AsyncGenerator<Placed> {
  for (const [i, text] of texts.entries()) {
    if (text.part !== part) continue;
    await using located = await locate(text, folders);
    const file = `${label}/${i}`;
    if ("table" in text) {
      yield* readGroups(text, located, file, source, target);
    } else if ("pairs" in text) {
      const named = fileOf(located, text.pairs);
      for await (
        const { number, ...pair } of readPairs(named, {
          source: ownName(source, text.languages),
          target: ownName(target, text.languages),
        })
      ) {
        yield { ...pair, file, position: number - 1 };
      }
    } else {
      yield* readSides(text, located, file, source, target);
    }
  }
}

/** The sentences of one language of a source's training texts, in the order of its descriptor. */
export async function* readSentences(
  { texts }: TextSource,
  language: string,
  folders: TextFolders,
): Lines {
  for (const text of texts) {
    if (text.part !== "train") continue;
    await using located = await locate(text, folders);
    if ("table" in text) {
      const column = text.columns.indexOf(language);
      for await (const { cells } of readRows(text, located)) {
        yield cells[column];
      }
    } else if ("pairs" in text) {
      const source = ownName(language, text.languages);
      const [other] = text.languages.filter((each) => each !== source);
      const pairs = readPairs(fileOf(located, text.pairs), {
        source,
        target: other,
      });
      for await (const { source } of pairs) yield source;
    } else yield* sideOf(text, located, language).lines;
  }
}

/** The name that a text has for a language: it may say a region that the experiment does not. */
function ownName(language: string, languages: readonly string[]): string {
  return languageAmong(language, languages) ?? language;
}

/** A place of a descriptor on the disk; `unpacked` is its path where it was taken out of an archive. */
interface LocatedFile extends NamedFile {
  readonly unpacked?: string;
}

/** At the end of its scope, what was taken out of archives is removed. */
type Located = ReadonlyMap<Place, LocatedFile> & AsyncDisposable;

async function* readSides(
  text: Sides,
  located: Located,
  file: string,
  source: string,
  target: string,
): AsyncGenerator<Placed> {
  const unit = text.format === "lines" ? "line" : "sentence";
  const side = (language: string) => sideOf(text, located, language);
  for await (
    const { number, ...pair } of paired(side(source), side(target), unit)
  ) {
    yield { ...pair, file, position: number - 1 };
  }
}

/** The sentences of one side, with the name of their file. */
function sideOf(
  { format, sides }: Sides,
  located: Located,
  language: string,
): NamedLines {
  const named = fileOf(located, sides[language]);
  return { name: named.name, lines: SENTENCES[format](readLines(named)) };
}

async function* readGroups(
  text: Table,
  located: Located,
  file: string,
  source: string,
  target: string,
): AsyncGenerator<Placed> {
  const [from, to, group] = [source, target, GROUP].map((name) =>
    text.columns.findIndex((column) => column === name)
  );
  for await (const { cells, number } of readRows(text, located)) {
    const pair = {
      source: cells[from],
      target: cells[to],
      position: number - 1,
    };
    yield group < 0
      ? { ...pair, file }
      : { ...pair, file: `${file}/${cells[group]}`, isOneGroup: true };
  }
}

function readRows({ table, columns }: Table, located: Located) {
  const expected = columns.map((name) => name === IGNORED ? "anything" : name);
  return readTable(fileOf(located, table), expected);
}

/** Where the places of a text are, once what is in archives has been taken out of them. */
async function locate(text: Text, folders: TextFolders): Promise<Located> {
  const located = new Map<Place, LocatedFile>();
  for (const place of placesOf(text)) {
    const path = join(folders.files, place.file);
    const { file, member } = place;
    const name = member === undefined ? file : `${file}/${member}`;
    if (member === undefined || file.endsWith(".zip")) {
      located.set(place, { path, name, member });
      continue;
    }
    const unpacked = join(folders.work, `member-${located.size}`);
    await unpack({ path, name: file }, member, unpacked);
    located.set(place, { path: unpacked, name, unpacked });
  }
  return Object.assign(located, {
    [Symbol.asyncDispose]: async () => {
      for (const { unpacked } of located.values()) {
        if (unpacked) await Deno.remove(unpacked);
      }
    },
  });
}

function fileOf(located: Located, place: Place): NamedFile {
  const file = located.get(place);
  if (file === undefined) throw new Error(`"${place.file}" was not located.`);
  return file;
}
