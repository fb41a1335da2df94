/** Reads an experiment file and applies settings such as `corpus.test=500`. */
import { basename, dirname, join, resolve } from "@std/path";
import { parse as parseJsonc } from "@std/jsonc";
import { statIfThere } from "../../base/stat.ts";
import { inputError, parse, suggestion } from "../../base/input_error.ts";
import { checkInput } from "../../base/input_file.ts";
import { Slurm } from "../../schemas/experiment/slurm.ts";
import { type Json, Manifest } from "../../schemas/manifest.ts";
import { canonical } from "../files/hash.ts";
import { z } from "zod";

export interface GivenExperiment {
  readonly name: string;
  readonly path: string;
  /** As given, before validation and defaults. */
  readonly value: Json;
  /** What it asks of Slurm, which is no part of it: where an experiment runs does not change it. */
  readonly slurm: Slurm;
  /** How errors call it. */
  readonly what: string;
}

/** The file that `init` writes, whose experiment is named after its folder. */
const FILE = "experiment.jsonc";

/** A manifest stands for the experiment that it was made of. */
const Recorded = z.object({
  schema: z.int(),
  experiment: Manifest.shape.experiment,
  nodes: z.record(z.string(), z.unknown()),
});

/**
 * `given` is the name of an experiment in the folder, a file, a folder with an `experiment.jsonc`, or a manifest; each
 * setting is `path.to.key=value`.
 */
export function readExperiment(
  folder: string,
  given: string,
  settings: readonly string[],
): GivenExperiment {
  const path = experimentPath(folder, given);
  if (path === undefined) {
    const names = experimentNames(folder);
    const hint = statIfThere(given)?.isFile
      ? `; there is a file of that name, expected one that ends in .jsonc or .json, or its path, "./${given}"`
      : suggestion(given, names).replace(/\?$/, "") ||
        `; there are ${names.join(", ") || "none"}`;
    throw inputError(`Cannot find experiment "${given}" in ${folder}${hint}.`);
  }
  const refuse = (reason: string) =>
    inputError(`Cannot read experiment "${given}": ${reason}.`);
  if (statIfThere(path)?.isDirectory) {
    throw refuse(`expected "${FILE}" in the folder, found none`);
  }
  checkInput(path, refuse);
  const read = withoutSchema(readJsonc(path));
  const { name, value } = Recorded.safeParse(read).data?.experiment ??
    { name: experimentName(folder, given), value: read };
  const what = `experiment "${name}"`;
  const set = settings.reduce(applySetting, value);
  const isObject = typeof set === "object" && set !== null && !isArray(set);
  if (!isObject || set.slurm === undefined) {
    return { name, path, value: set, slurm: {}, what };
  }
  const { slurm, ...rest } = set;
  return {
    ...{ name, path, value: rest, what },
    slurm: parse(Slurm, slurm, `"slurm" of ${what}`),
  };
}

/** The name of an experiment that may be given as a file or folder, which need not be there. */
export function experimentName(folder: string, given: string): string {
  const path = experimentPath(folder, given) ?? given;
  const own = basename(path) === FILE ? dirname(resolve(path)) : path;
  return basename(own).replace(/\.jsonc?$/, "");
}

function experimentPath(folder: string, given: string): string | undefined {
  const named = join(folder, `${given}.jsonc`);
  const isPath = /[\\/]|\.jsonc?$/.test(given);
  if (!isPath && statIfThere(named)?.isFile) return named;
  if (statIfThere(join(given, FILE)) !== undefined) return join(given, FILE);
  return isPath || statIfThere(given)?.isDirectory ? given : undefined;
}

/** The experiments of a folder. */
export function experimentNames(folder: string): string[] {
  if (!statIfThere(folder)?.isDirectory) return [];
  return [...Deno.readDirSync(folder)].map((entry) => entry.name)
    .filter((name) => name.endsWith(".jsonc"))
    .map((name) => name.slice(0, -".jsonc".length)).sort();
}

/** What an editor reads says nothing of the experiment. */
function withoutSchema(read: Json): Json {
  if (typeof read !== "object" || read === null || isArray(read)) return read;
  const { $schema: _, ...experiment } = read;
  return experiment;
}

function readJsonc(path: string): Json {
  try {
    const bytes = Deno.readFileSync(path);
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    try {
      const read = parseJsonc(text) as Json;
      checkKeys(text);
      return read;
    } catch (error) {
      throw new Error(place(error, text));
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw inputError(
      `Cannot read experiment file "${path}": ${reason.replace(/\.$/, "")}.`,
    );
  }
}

const TOKENS = /\/\/[^\n\r]*|\/\*.*?\*\/|"(?:\\.|[^"\\])*"|[{}[\]:]/gs;

/** An error for a key that an object of valid JSONC has twice, of which the parser takes the last. */
function checkKeys(text: string): void {
  /** The keys of each open object or list. */
  const open: Set<string>[] = [];
  let before = "", at = 0;
  for (const { 0: token, index } of text.matchAll(TOKENS)) {
    if (token.startsWith("/")) continue;
    if (token === "{" || token === "[") open.push(new Set());
    if (token === "}" || token === "]") open.pop();
    if (token === ":") {
      const key: string = JSON.parse(before);
      if (open.at(-1)?.has(key)) {
        throw new Error(
          `expected each key once, found "${key}" twice in JSONC at position ${at}`,
        );
      }
      open.at(-1)?.add(key);
    }
    [before, at] = [token, index];
  }
}

/** The parser's message, with line and column for its position. */
function place(error: unknown, text: string): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^Cannot parse JSONC: /, "")
    .replace(/ in JSONC at position (\d+)/, (_, position) => {
      const before = text.slice(0, Number(position)).split("\n");
      return ` at line ${before.length}, column ${
        (before.at(-1) ?? "").length + 1
      }`;
    });
}

/** Sets one value; what the path names is for the schema to judge. */
function applySetting(experiment: Json, setting: string): Json {
  const at = setting.indexOf("=");
  const path = setting.slice(0, at);
  if (at < 1 || path.split(".").includes("")) {
    throw inputError(
      `Cannot set "${setting}": expected path.to.key=value, such as corpus.test=500.`,
    );
  }
  return setAt(
    experiment,
    path.split("."),
    valueOf(setting.slice(at + 1)),
    path,
  );
}

function setAt(
  target: Json | undefined,
  [key, ...rest]: readonly string[],
  value: Json,
  path: string,
): Json {
  if (key === undefined) return value;
  if (isArray(target)) {
    const index = Number(key);
    if (!Number.isInteger(index) || index < 0 || index > target.length) {
      throw inputError(
        `Cannot set "${path}": "${key}" is no index of a list of ${target.length}.`,
      );
    }
    const copy = [...target];
    copy[index] = setAt(target[index], rest, value, path);
    return copy;
  }
  if (target !== undefined && (typeof target !== "object" || target === null)) {
    throw inputError(
      `Cannot set "${path}": what "${key}" would be in is ${
        JSON.stringify(target)
      }, not an object.`,
    );
  }
  const entries = new Map(Object.entries(target ?? {}));
  entries.set(key, setAt(entries.get(key), rest, value, path));
  return Object.fromEntries(entries);
}

/**
 * The settings that make one experiment of another, such as `corpus.test=500`; undefined where none do, as for a key that
 * would have to go.
 */
export function settingsBetween(
  from: Json | undefined,
  to: Json,
  path: readonly string[] = [],
): string[] | undefined {
  if (from !== undefined && canonical(from) === canonical(to)) return [];
  const [before, after] = [from, to].map(entriesOf);
  if (before === undefined || after === undefined) {
    const isPath = path.length > 0 && path.every((key) => /^[^.=]+$/.test(key));
    if (!isPath) return undefined;
    const isText = typeof to === "string" && valueOf(to) === to;
    return [`${path.join(".")}=${isText ? to : JSON.stringify(to)}`];
  }
  const found: string[] = [];
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const value = after.get(key);
    const settings = value === undefined
      ? undefined
      : settingsBetween(before.get(key), value, [...path, key]);
    if (settings === undefined) return undefined;
    found.push(...settings);
  }
  return found;
}

/** Undefined for what is no object. */
function entriesOf(value: Json | undefined): Map<string, Json> | undefined {
  if (typeof value !== "object" || value === null || isArray(value)) {
    return undefined;
  }
  return new Map(
    Object.entries(value).flatMap(([key, each]) =>
      each === undefined ? [] : [[key, each]]
    ),
  );
}

function isArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** JSON where it is JSON, else the text itself. */
function valueOf(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
