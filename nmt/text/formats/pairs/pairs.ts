/** The formats of files that hold both sides of a corpus, and how each is read. */
import type { Languages } from "../../../../schemas/experiment/data.ts";
import { inputError } from "../../../../base/input_error.ts";
import {
  decompressedName,
  type NamedFile,
  readBytes,
  readLines,
} from "../lines.ts";
import { type Line, paired } from "../parallel.ts";
import { readCatalogue } from "./catalogues.ts";
import { isPlain, namesColumns, readCsv, readTsv } from "./delimited.ts";
import { readJsonl } from "./jsonl.ts";
import { readTmx, unitsLeftOut } from "./tmx.ts";
import { languageAmong } from "../../../../schemas/language.ts";
import { zipMembers } from "../zip.ts";

/** A format of pairs. */
export interface PairFormat {
  readonly name: string;
  /** Of file names, without that of a compression. */
  readonly endings: readonly string[];
  /** How a file begins whose name does not tell. */
  readonly begins: RegExp;
  /** The pairs of a file; what is wrong with it is an input error that names file and line. */
  readonly read: (
    file: NamedFile,
    languages: Languages,
  ) => AsyncGenerator<Line>;
}

const TSV: PairFormat = {
  name: "TSV",
  endings: [".tsv", ".tab"],
  begins: /^[^\n]*\t/,
  read: readTsv,
};

/** A record of CSV, where some cell of the text has quotes around it: a TAB is between quotes alone. */
const CSV_RECORD =
  /^(?:ï»¿)?(?=(?:[^]*[,;\n])?")(?:"(?:[^"]|"")*"|[^",;\t\r\n]*)(?:[,;](?:"(?:[^"]|"")*"|[^",;\t\r\n]*))+\r?(?:\n|$)/;

/** Of a file's beginning, so many bytes tell its format. */
const BEGINNING = 1 << 16;

/** As text, or compiled, of either order of bytes. */
const GETTEXT: PairFormat = {
  name: "gettext",
  endings: [".po", ".mo", ".gmo"],
  begins: /^(?:(?:#.*\n|\s)*msgid\s+"|Þ\p{Cc}{2}•|•\p{Cc}{2}Þ)/u,
  read: readCatalogue,
};

/** In the order in which a file's beginning is tried. */
const FORMATS: readonly PairFormat[] = [
  {
    name: "zip",
    endings: [".zip"],
    begins: /^PK(?!\s)\p{Cc}{2}/u,
    read: readZip,
  },
  {
    name: "TMX",
    endings: [".tmx"],
    begins: /^[^\w]{0,4}<(\?xml|tmx)/,
    read: readTmx,
  },
  GETTEXT,
  { name: "CSV", endings: [".csv"], begins: CSV_RECORD, read: readCsv },
  TSV,
  {
    name: "JSON lines",
    endings: [".jsonl", ".ndjson", ".json"],
    begins: /^\s*\{"/,
    read: readJsonl,
  },
];

/** Whether the ending of a file's name is that of a format of pairs. */
export function isPairs(name: string): boolean {
  return formatByName(name) !== undefined;
}

function formatByName(name: string): PairFormat | undefined {
  const plain = decompressedName(name).toLowerCase();
  return FORMATS.find(({ endings }) =>
    endings.some((ending) => plain.endsWith(ending))
  );
}

/** Whether a file is a catalogue of gettext. */
export async function isCatalogue(file: NamedFile): Promise<boolean> {
  return await formatOf(file) === GETTEXT;
}

/** The format of a file: by the ending of its name, or else by how it begins. */
export async function formatOf(file: NamedFile): Promise<PairFormat> {
  const byName = formatByName(file.member ?? file.name);
  if (byName !== undefined) return byName;
  let start = "";
  for await (const chunk of readBytes(file)) {
    start = new TextDecoder("latin1").decode(chunk.subarray(0, BEGINNING));
    break;
  }
  return FORMATS.find(({ begins }) => begins.test(start)) ?? TSV;
}

/** What a file of pairs is taken for, in words. */
export async function pairsAs(
  file: NamedFile,
  languages: Languages,
): Promise<string> {
  const { name } = await formatOf(file);
  if (name === "TMX") {
    const leftOut = await unitsLeftOut(file, languages);
    return leftOut === 0
      ? name
      : `${name} (units left out, as one language is missing or not clear: ${leftOut})`;
  }
  const delimiter = { TSV: "\t", CSV: /[,;]/ }[name];
  return delimiter !== undefined &&
      await namesColumns(file, languages, delimiter)
    ? `${name} whose first line names the columns`
    : name;
}

/** The pairs of a file in any of the formats. */
export async function* readPairs(
  file: NamedFile,
  languages: Languages,
): AsyncGenerator<Line> {
  const { read } = await formatOf(file);
  yield* read(file, languages);
}

/** Whether a file is a plain table already: source TAB target in each line. */
export async function isPlainTable(
  file: NamedFile,
  languages: Languages,
): Promise<boolean> {
  return await formatOf(file) === TSV && await isPlain(file, languages);
}

/** The pairs of a zip: of two members that are named by the languages, as in OPUS's Moses files, or of its only one. */
async function* readZip(
  file: NamedFile,
  languages: Languages,
): AsyncGenerator<Line> {
  const members = await zipMembers(file.path, file.name);
  const named = (member: string) => ({
    path: file.path,
    name: `${file.name}/${member}`,
    member,
  });
  const stems = Map.groupBy(
    members,
    (member) => decompressedName(member).replace(/\.[^./]*$/, ""),
  );
  const moses = [...stems.values()].flatMap((group) => {
    const endings = group.map((member) =>
      decompressedName(member).split(".").at(-1) ?? ""
    );
    const [source, target] = [languages.source, languages.target]
      .map((each) => languageAmong(each, endings));
    return source === undefined || target === undefined || source === target
      ? []
      : [{
        source: group[endings.indexOf(source)],
        target: group[endings.indexOf(target)],
      }];
  });
  if (moses.length === 1) {
    const [source, target] = [moses[0].source, moses[0].target].map(named);
    yield* paired(
      { name: source.name, lines: readLines(source) },
      { name: target.name, lines: readLines(target) },
    );
    return;
  }
  const tables = members.filter((member) =>
    isPairs(member) && !member.endsWith(".zip")
  );
  if (moses.length > 0 || tables.length !== 1) {
    throw inputError(
      `Cannot use "${file.name}": expected one pair of members such as NAME.${languages.source} and NAME.${languages.target}, or one file of pairs, found ${
        members.slice(0, 6).map((member) => `"${member}"`).join(", ")
      }${members.length > 6 ? " and others" : ""}; unpack those that you want.`,
    );
  }
  yield* readPairs(named(tables[0]), languages);
}
