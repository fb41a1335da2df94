/** Stat index: hashes of known files by size, times and inode, so that unchanged files are not read again. */
import { z } from "zod";
import { sha256 } from "../files/hash.ts";
import { identity, latestChange } from "./no_op_cache.ts";
import { readStateJson, writeState } from "../files/state_file.ts";

const VERSION = 3;
const NAME = "index.json";

/** A file that changed this shortly before it was hashed could change again unseen, so it is not remembered. */
export const RACY_MILLISECONDS = 50;

/** A source module: its hash without comments, formatting and types, and its imports. */
export interface Module {
  readonly sha256: string;
  readonly references: readonly Reference[];
}

/**
 * `import` executes a module. `bytes` imports a file as text, bytes or JSON. `file` is a `new URL(literal,
 * import.meta.url)`, which the code opens by itself.
 */
export interface Reference {
  readonly kind: "import" | "bytes" | "file";
  readonly specifier: string;
}

type Entry<T> = readonly [identity: string, value: T];

export interface Index {
  file(name: string, info: Deno.FileInfo): string | undefined;
  /** `isObject`: a read-only object, which is never written in place. */
  rememberFile(
    name: string,
    info: Deno.FileInfo,
    sha256: string,
    isObject?: boolean,
  ): void;
  module(name: string, info: Deno.FileInfo): Module | undefined;
  rememberModule(name: string, info: Deno.FileInfo, module: Module): void;
  /** Writes the index if it changed. */
  save(): void;
}

/** Opens the index of an artifact folder; hashes of modules are kept for one version of the package that prints them. */
export function openIndex(folder: string, printer: string): Index {
  const { files, modules } = load(`${folder}/${NAME}`, printer);
  /** When each unknown file was looked up, which is before it is read. */
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
    isObject: boolean,
  ) => {
    const age = (asked.get(name) ?? Date.now()) - latestChange(info);
    if (!isObject && age < RACY_MILLISECONDS) return;
    map.set(name, [identity(info), value]);
    changed = true;
  };
  return {
    file: (name, info) => lookup(files, name, info),
    rememberFile: (name, info, sha256, isObject = false) =>
      remember(files, name, info, sha256, isObject),
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

/** A matching checksum shows that `save` wrote the content, so it needs no further parsing. */
const Stored = z.object({
  version: z.literal(VERSION),
  checksum: z.string(),
  printer: z.string(),
  files: z.custom<Content["files"]>(),
  modules: z.custom<Content["modules"]>(),
}).refine(({ checksum, ...content }) => checksum === checksumOf(content));

/** The checksum of the content's JSON. */
function checksumOf({ printer, files, modules }: Content): string {
  return sha256(JSON.stringify([printer, files, modules]));
}

/** A damaged index costs rehashing only, so it is not an error. */
function load(path: string, printer: string) {
  const stored = Stored.safeParse(readStateJson(path)).data;
  return {
    files: new Map(stored?.files),
    modules: new Map(stored?.printer === printer ? stored.modules : []),
  };
}
