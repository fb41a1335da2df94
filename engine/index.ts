/** What is known of files by their size, times and inode, so that an unchanged file is not read again. */
import { readIfThere, writeAtomically } from "./atomic.ts";
import { identity, latestChange } from "./idle.ts";

const VERSION = 1;

/** A file changed and hashed within this time could change again unseen, so it is not remembered. */
export const RACY_MILLISECONDS = 50;

/** What a source module means: its hash without comments, formatting and types, and what it refers to. */
export interface Module {
  readonly sha256: string;
  readonly references: readonly Reference[];
}

/** `file` is a `new URL(literal, import.meta.url)`: something that the code opens by itself. */
export interface Reference {
  readonly kind: "import" | "file";
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
  const path = `${folder}/index.json`;
  const { files, modules } = load(path, printer);
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
      const content = {
        version: VERSION,
        printer,
        files: [...files],
        modules: [...modules],
      };
      writeAtomically(path, JSON.stringify(content) + "\n", { locked: false });
      changed = false;
    },
  };
}

interface Stored {
  readonly files: Map<string, Entry<string>>;
  readonly modules: Map<string, Entry<Module>>;
}

/** An index that cannot be used costs rehashing and nothing else, so it is not an error. */
function load(path: string, printer: string): Stored {
  try {
    const stored = JSON.parse(readIfThere(path) ?? "");
    const isCurrent = stored.version === VERSION;
    return {
      files: new Map(isCurrent ? stored.files : []),
      modules: new Map(
        isCurrent && stored.printer === printer ? stored.modules : [],
      ),
    };
  } catch {
    return { files: new Map(), modules: new Map() };
  }
}
