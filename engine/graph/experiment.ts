/** Reads an experiment file and applies settings such as `corpus.test=500`. */
import { basename, join } from "@std/path";
import { parse as parseJsonc } from "@std/jsonc";
import { statIfThere } from "../../base/stat.ts";
import { inputError, suggestion } from "../../base/input_error.ts";
import { checkInput } from "../../base/input_file.ts";
import type { Json } from "../../schemas/manifest.ts";

export interface GivenExperiment {
  readonly name: string;
  readonly path: string;
  /** As given, before validation and defaults. */
  readonly value: Json;
  /** How errors call it. */
  readonly what: string;
}

/** `nameOrFile` is a file where it has a slash or ends in .json or .jsonc; each setting is `path.to.key=value`. */
export function readExperiment(
  folder: string,
  nameOrFile: string,
  settings: readonly string[],
): GivenExperiment {
  const isFile = /[\\/]|\.jsonc?$/.test(nameOrFile);
  const path = isFile ? nameOrFile : join(folder, `${nameOrFile}.jsonc`);
  if (isFile) {
    checkInput(
      path,
      (reason) =>
        inputError(`Cannot read experiment "${nameOrFile}": ${reason}.`),
    );
  } else if (!statIfThere(path)?.isFile) {
    const names = experimentNames(folder);
    const hint = suggestion(nameOrFile, names).replace(/\?$/, "") ||
      `; there are ${names.join(", ") || "none"}`;
    throw inputError(
      `Cannot find experiment "${nameOrFile}" in ${folder}${hint}.`,
    );
  }
  const name = basename(path).replace(/\.jsonc?$/, "");
  const value = settings.reduce(applySetting, readJsonc(path));
  const what = `experiment "${name}"`;
  return { name, path, value, what };
}

/** The experiments of a folder. */
export function experimentNames(folder: string): string[] {
  if (!statIfThere(folder)?.isDirectory) return [];
  return [...Deno.readDirSync(folder)].map((entry) => entry.name)
    .filter((name) => name.endsWith(".jsonc"))
    .map((name) => name.slice(0, -".jsonc".length)).sort();
}

function readJsonc(path: string): Json {
  try {
    const bytes = Deno.readFileSync(path);
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    try {
      return parseJsonc(text) as Json;
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
