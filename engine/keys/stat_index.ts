/** What is known of files by their size, times and inode, so that an unchanged file is not read again. */
import { z } from "zod";
import { sha256 } from "../files/hash.ts";
import { identity, latestChange } from "./no_op_cache.ts";
import { readStateJson, writeState } from "../store/state_file.ts";

const VERSION = 3;
const NAME = "index.json";

/** A file changed and hashed within this time could change again unseen, so it is not remembered. */
export const RACY_MILLISECONDS = 50;

/** What a source module means: its hash without comments, formatting and types, and what it refers to. */
export interface Module {
  readonly sha256: string;
  readonly references: readonly Reference[];
}

/**
 * `file` is a `new URL(literal, import.meta.url)`: something that the code opens by itself. `bytes` is an import of a
 * file as text, bytes or JSON, of which each byte counts.
 */
export interface Reference {
  readonly kind: "import" | "bytes" | "file";
  readonly specifier: string;
}

type Entry<T> = readonly [identity: string, value: T];

export interface Index {
  file(name: string, info: Deno.FileInfo): string | undefined;
  /** `settled` files are read-only objects, which nobody writes in place. */
  rememberFile(
    name: string,
    info: Deno.FileInfo,
    sha256: string,
    settled?: boolean,
  ): void;
  module(name: string, info: Deno.FileInfo): Module | undefined;
  rememberModule(name: string, info: Deno.FileInfo, module: Module): void;
  /** Writes the index where something was learnt. */
  save(): void;
}

/** Opens the index of an artifact folder; modules are remembered for one version of the printer. */
export function openIndex(folder: string, printer: string): Index {
  const { files, modules } = load(`${folder}/${NAME}`, printer);
  /** When each file that is not known was asked for: it is read after that. */
  const asked = new Map<string, number>();
  let changed = false;
  const lookup = <T>(
    map: Map<string, Entry<T>>,
    name: string,
    info: Deno.FileInfo,
  ) => {
    const entry = map.get(name);
    if (entry?.[0] === identity(info)) return entry[1];
    asked.set(name, Date.now());
    return undefined;
  };
  const remember = <T>(
    map: Map<string, Entry<T>>,
    name: string,
    info: Deno.FileInfo,
    value: T,
    settled: boolean,
  ) => {
    const age = (asked.get(name) ?? Date.now()) - latestChange(info);
    if (!settled && age < RACY_MILLISECONDS) return;
    map.set(name, [identity(info), value]);
    changed = true;
  };
  return {
    file: (name, info) => lookup(files, name, info),
    rememberFile: (name, info, sha256, settled = false) =>
      remember(files, name, info, sha256, settled),
    module: (name, info) => lookup(modules, name, info),
    rememberModule: (name, info, module) =>
      remember(modules, name, info, module, false),
    save: () => {
      if (!changed) return;
      const content = { printer, files: [...files], modules: [...modules] };
      const stored = {
        version: VERSION,
        checksum: checksumOf(content),
        ...content,
      };
      const text = JSON.stringify(stored) + "\n";
      writeState(folder, NAME, text, { locked: false });
      changed = false;
    },
  };
}

interface Content {
  readonly printer: string;
  readonly files: readonly [string, Entry<string>][];
  readonly modules: readonly [string, Entry<Module>][];
}

/** What is under a right checksum was written by `save`, and needs no further parsing. */
const Stored = z.object({
  version: z.literal(VERSION),
  checksum: z.string(),
  printer: z.string(),
  files: z.custom<Content["files"]>(),
  modules: z.custom<Content["modules"]>(),
}).refine(({ checksum, ...content }) => checksum === checksumOf(content));

/** Of the content as JSON, whichever way that is written. */
function checksumOf({ printer, files, modules }: Content): string {
  return sha256(JSON.stringify([printer, files, modules]));
}

/** An index that is not as it was written costs rehashing and nothing else, so it is not an error. */
function load(path: string, printer: string) {
  const stored = Stored.safeParse(readStateJson(path)).data;
  return {
    files: new Map(stored?.files),
    modules: new Map(stored?.printer === printer ? stored.modules : []),
  };
}
