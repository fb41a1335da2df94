/** Extracts parallel messages from packages: one reader a format, joined by key. */
import { join } from "@std/path";
import type { Languages } from "../../../schemas/experiment/data.ts";
import type {
  Format,
  MessageFile,
  MessageSource,
} from "../../../schemas/descriptor.ts";
import { type ArchivedFile, readArchive } from "../fetch/archive.ts";
import { packagesOf, tarballName } from "../descriptors/descriptors.ts";
import { assignments, calls, firstVariable } from "./literals.ts";
import { parseProperties } from "./properties.ts";
import { undoPseudo } from "./pseudo_localisation.ts";

/** A message in two languages, as its authors wrote it. */
export interface Message {
  /** Label of the descriptor's source. */
  readonly label: string;
  readonly key: string;
  /** The file of the target side and the position in it: messages that stand together belong together. */
  readonly file: string;
  readonly position: number;
  readonly source: string;
  readonly target: string;
}

/** Texts by key, with the file that each is from. */
type Texts = Map<string, { readonly text: string; readonly file: string }>;

type Reader = (file: ArchivedFile) => Iterable<readonly [string, string]>;

const READERS: Readonly<Record<Format, Reader>> = {
  json: (file) => flatten(JSON.parse(file.text)),
  properties: function* (file) {
    // MessageFormat texts, where two apostrophes stand for one.
    for (const [key, text] of parseProperties(file.text)) {
      yield [key, text.replaceAll("''", "'")];
    }
  },
  vscode: (file) => {
    if (!file.path.endsWith(".js")) {
      return flatten(JSON.parse(file.text).contents);
    }
    return flatten(firstVariable(file.text));
  },
  typescript: function* (file) {
    if (!file.path.endsWith(".js")) {
      return yield* flatten(JSON.parse(file.text));
    }
    for (const [, , key, text] of calls(file.text, "diag")) {
      if (typeof key === "string" && typeof text === "string") {
        yield [key, text];
      }
    }
  },
  assignments: (file) => assignments(file.text),
  module: function* (file) {
    const module = firstVariable(file.text);
    if (typeof module === "object" && "lang" in module) {
      yield* flatten(module.lang);
    }
  },
};

/** The messages of a source that are there in both languages, in the order of the target side's files. */
export async function readMessages(
  source: MessageSource,
  languages: Languages,
  folder: string,
): Promise<Message[]> {
  const messages: Message[] = [];
  const ignored = source.ignoredKeys === undefined
    ? undefined
    : new RegExp(source.ignoredKeys);
  const texts = await readTexts(source, languages, folder);
  const positions = new Map<string, number>();
  for (const [key, { text, file }] of texts.target) {
    const other = texts.source.get(key);
    if (other === undefined || ignored?.test(key)) continue;
    const position = positions.get(file) ?? 0;
    positions.set(file, position + 1);
    messages.push({
      label: source.label,
      key,
      file,
      position,
      source: other.text,
      target: text,
    });
  }
  return messages;
}

async function readTexts(
  source: MessageSource,
  languages: Languages,
  folder: string,
): Promise<{ source: Texts; target: Texts }> {
  const texts: { source: Texts; target: Texts } = {
    source: new Map(),
    target: new Map(),
  };
  for (const one of packagesOf(source, languages)) {
    const patterns = {
      source: one.files[languages.source] ?? [],
      target: one.files[languages.target] ?? [],
    };
    const all = [...patterns.source, ...patterns.target];
    const files = await readArchive(
      join(folder, tarballName(one)),
      (path) => all.some((pattern) => matched(pattern, path) !== undefined),
    );
    for (const side of ["source", "target"] as const) {
      for (const pattern of patterns[side]) {
        const found = files.filter(({ path }) =>
          matched(pattern, path) !== undefined
        );
        if (found.length === 0) {
          throw new Error(
            `Package ${one.name}@${one.version} has no file ${pattern.path}: its descriptor does not fit it.`,
          );
        }
        for (const file of found) {
          const prefix = pattern.prefix.replace(
            "*",
            matched(pattern, file.path) ?? "",
          );
          for (const [key, text] of READERS[source.format](file)) {
            texts[side].set(prefix + key, {
              text: pattern.pseudo ? undoPseudo(text) : text,
              file: `${one.name}/${file.path}`,
            });
          }
        }
      }
    }
  }
  return texts;
}

/** What the `*` of a pattern stands for in a path ("" without one), or undefined where the path is another. */
function matched({ path: pattern }: MessageFile, path: string) {
  const star = pattern.indexOf("*");
  if (star < 0) return pattern === path ? "" : undefined;
  const start = pattern.slice(0, star), end = pattern.slice(star + 1);
  if (path.length < start.length + end.length) return undefined;
  if (!path.startsWith(start) || !path.endsWith(end)) return undefined;
  const middle = path.slice(start.length, path.length - end.length);
  return middle.includes("/") ? undefined : middle;
}

/** The texts of nested objects and arrays by their keys joined with dots. */
function* flatten(
  value: unknown,
  prefix = "",
): Generator<[string, string]> {
  if (typeof value !== "object" || value === null) return;
  for (const [name, child] of Object.entries(value)) {
    const key = prefix + name;
    const text = typeof child === "string" ? child : annotated(child);
    if (text !== undefined) yield [key, text];
    else yield* flatten(child, `${key}.`);
  }
}

/** The text of an entry that carries notes to its translators beside it. */
function annotated(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const text = (value as Record<string, unknown>).string;
  return typeof text === "string" ? text : undefined;
}
