/** Renumbers the vocabulary of an imported model: padding, begin and end of sentence come first. */
import { z } from "zod";
import { EOS } from "../../schemas/experiment/vocabulary.ts";
import { inputError } from "../../base/input_error.ts";

/** Ids of a model and of its subwords, both ways. */
export interface ImportedVocabulary {
  /** The id here of each id of the file. */
  readonly ids: Int32Array<ArrayBuffer>;
  /** The subword of each id here; those of padding, begin and end are no subwords. */
  readonly subwords: readonly string[];
  /** Id here of the subword for what is unknown. */
  readonly unknown: number;
}

/** Which subword has which id in a file. */
export interface FileVocabulary {
  /** By id. */
  readonly subwords: readonly string[];
  readonly end: number;
  readonly unknown: number;
  /** Absent where the model needs no padding. */
  readonly padding?: number;
}

/** Names of the first ids. */
const FIRST = ["<pad>", "<s>", "</s>"];

/**
 * Gives each subword its id: `</s>` is 2, `<pad>` is 0, and the others follow in their order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { renumber } from "./vocabulary.ts";
 *
 * const { ids } = renumber({ subwords: ["</s>", "<unk>", "▁a"], end: 0, unknown: 1 });
 * assertEquals([...ids], [2, 3, 4]);
 * ```
 */
export function renumber(
  { subwords, end, unknown, padding }: FileVocabulary,
): ImportedVocabulary {
  const ids = new Int32Array(subwords.length);
  const renumbered = [...FIRST];
  subwords.forEach((subword, id) => {
    if (id === end) ids[id] = EOS;
    else if (id !== padding) ids[id] = renumbered.push(subword) - 1;
  });
  return { ids, subwords: renumbered, unknown: ids[unknown] };
}

/**
 * The vocabulary of a file that maps subwords to ids, `vocab.json` or `vocab.yml`; `what` is its name for the user.
 *
 * @throws An input error where an id is missing or given twice, or there is no `</s>` or `<unk>`.
 */
export function fileVocabulary(
  idOf: Readonly<Record<string, number>>,
  what: string,
): FileVocabulary {
  const broken = (reason: string) =>
    inputError(`Cannot use ${what}: ${reason}; get the file again.`);
  const entries = Object.entries(idOf);
  const subwords = new Array<string | undefined>(entries.length);
  for (const [subword, id] of entries) {
    if (id >= entries.length || subwords[id] !== undefined) {
      throw broken(
        `expected the ids 0 to ${
          entries.length - 1
        }, each once, found ${id} for "${subword}"`,
      );
    }
    subwords[id] = subword;
  }
  const special = (subword: string) => {
    if (Object.hasOwn(idOf, subword)) return idOf[subword];
    throw broken(`expected an id for ${subword}, found none`);
  };
  return {
    subwords: subwords.filter((subword) => subword !== undefined),
    end: special("</s>"),
    unknown: special("<unk>"),
    ...Object.hasOwn(idOf, "<pad>") ? { padding: idOf["<pad>"] } : {},
  };
}

/**
 * One subword of a `vocab.yml`, in quotes where it has to be. White space is that of ASCII to YAML; ends of lines it folds
 * in single quotes.
 */
const LINE =
  /^(?:("(?:[^"\\]|\\.)*")|'((?:[^'\u0085\u2028\u2029]|'')*)'|([^"'\t\n\r ].*)): (\d{1,9})$/s;

/** What stands before a subword and before its id where these have lines of their own, as long subwords do. */
const KEY = "? ", VALUE = ": ";

/** A longer line is none: a subword has a few letters, of which each may be written as ten. */
const LONGEST_LINE = 20_000;

/** Whether the first lines of a file look like a `vocab.yml`: nothing but subwords and their ids. */
export function isVocabulary(lines: string): boolean {
  // The id of the last subword may stand in a line beyond.
  return entriesOf(lines.replace(/\n\? [^\n]*\n?$/, "\n"))
    .every(({ entry }) => entry !== undefined);
}

/**
 * The ids of subwords in the text of a `vocab.json` or `vocab.yml`; `path` is the file's name.
 *
 * @throws An input error where the text is neither.
 */
export function readVocabulary(
  text: string,
  path: string,
): Readonly<Record<string, number>> {
  const what = `the vocabulary "${path}"`;
  const entries = path.endsWith(".json") ? jsonEntries(text) : entriesOf(text);
  const ids = new Map<string, number>();
  entries?.forEach(({ entry, line }) => {
    if (entry === undefined) {
      throw inputError(
        `Cannot read ${what}: expected a subword and its id in line ${line}, found something else; get the file again.`,
      );
    }
    if (ids.has(entry[0])) {
      throw inputError(
        `Cannot read ${what}: expected each subword once, found "${
          entry[0]
        }" twice; get the file again.`,
      );
    }
    ids.set(...entry);
  });
  if (ids.size > 0) return Object.fromEntries(ids);
  throw inputError(
    `Cannot read ${what}: expected subwords and their ids, found none; get the file again.`,
  );
}

const Ids = z.record(z.string(), z.int().min(0));

/** A subword and its id, and where they stand; what is no entry is undefined. */
interface Entry {
  readonly entry: readonly [string, number] | undefined;
  readonly line: number;
}

function jsonEntries(text: string): Entry[] | undefined {
  try {
    return Object.entries(Ids.parse(JSON.parse(text)))
      .map((entry) => ({ entry, line: 1 }));
  } catch {
    return undefined;
  }
}

function entriesOf(text: string): Entry[] {
  const lines = text.replace(/\n$/, "").split("\n");
  const isPart = (i: number) =>
    lines[i]?.startsWith(KEY) && lines[i + 1]?.startsWith(VALUE);
  return lines.flatMap((line, i) => {
    if (isPart(i - 1)) return [];
    const whole = isPart(i)
      ? line.slice(KEY.length).replace(/\r$/, "") + lines[i + 1]
      : line;
    return [{ entry: entryOf(whole), line: i + 1 }];
  });
}

function entryOf(line: string): [string, number] | undefined {
  if (line.length > LONGEST_LINE) return undefined;
  const [, double, single, plain, id] = LINE.exec(line.trimEnd()) ?? [];
  const subword = double === undefined
    ? single?.replaceAll("''", "'") ?? plain
    : unquoted(double);
  return subword === undefined ? undefined : [subword, Number(id)];
}

/** Escapes that YAML has and JSON lacks. */
const ESCAPES: Readonly<Record<string, string>> = {
  "\\0": "\0",
  "\\a": "\x07",
  "\\v": "\v",
  "\\e": "\x1b",
  "\\ ": " ",
  "\\_": "\xa0",
  "\\N": "\x85",
  "\\L": "\u2028",
  "\\P": "\u2029",
};

/** The text in double quotes; of YAML's escapes, JSON lacks \x and \U with digits and some letters. */
function unquoted(text: string): string | undefined {
  try {
    return String(JSON.parse(text.replace(
      /\\(?:x([0-9A-Fa-f]{2})|U([0-9A-Fa-f]{8})|.)/gs,
      (escape, short, long) => {
        const code = short ?? long;
        const meant = code === undefined
          ? ESCAPES[escape]
          : String.fromCodePoint(Number.parseInt(code, 16));
        return meant === undefined
          ? escape
          : JSON.stringify(meant).slice(1, -1);
      },
    )));
  } catch {
    return undefined;
  }
}
