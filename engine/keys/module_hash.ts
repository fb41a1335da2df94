/** Hashes the code of a stage: every local module that it reaches, and every package that those import. */
import { dirname, fromFileUrl, relative, resolve } from "@std/path";
import { inputError } from "../../base/input_error.ts";
import type { Code } from "../../schemas/manifest.ts";
import { canonical, sha256 } from "../files/hash.ts";
import type { Index, Module, Reference } from "./stat_index.ts";
import type { NoOpRecord } from "./no_op_record.ts";
import type { Project } from "./project.ts";

export interface StageCode {
  readonly code: Code;
  readonly hash: string;
  /** Files that the code opens by `new URL(name, import.meta.url)`, such as a worker's script. */
  readonly opened: readonly string[];
}

/** Local modules and the local modules that each imports at run time, as absolute paths. */
export type ModuleGraph = ReadonlyMap<string, readonly string[]>;

export interface CodeReader {
  /** The code of a stage; `module` is the URL of the module that exports it. */
  stage(module: string): Promise<StageCode>;
  graph(entries: readonly string[]): Promise<ModuleGraph>;
}

const SOURCE = /\.[mc]?[jt]sx?$/;

interface Links {
  readonly module: Module;
  readonly local: readonly string[];
  readonly opened: readonly string[];
  /** Local files that are read, not executed, so that each byte counts. */
  readonly read: readonly string[];
  readonly packages: readonly string[];
  readonly resolutions: ReadonlyMap<string, string>;
}

export function createCodeReader(
  project: Project,
  index: Index,
  noOpRecord: NoOpRecord,
): CodeReader {
  const links = new Map<string, Promise<Links>>();
  const stages = new Map<string, Promise<StageCode>>();
  const realRoot = Deno.realPathSync(project.root);

  /** Deno lets a module import any file without a permission, so files outside of the project are refused. */
  const checkInside = (path: string, specifier: string, from: string) => {
    if (noOpRecord.stat(path) === undefined) return;
    if (isWithin(Deno.realPathSync(path), realRoot)) return;
    throw inputError(
      `Cannot use module "${
        relative(project.root, from)
      }": it imports "${specifier}", which is outside of the ` +
        "project; move it into the project, or return its path from the stage's `files` where it is data.",
    );
  };
  const read = async (path: string): Promise<Links> => {
    const name = relative(project.root, path);
    const module = await readModule(path, name, index, noOpRecord);
    const local: string[] = [], opened: string[] = [], packages: string[] = [];
    const asBytes: string[] = [];
    const resolutions = new Map<string, string>();
    for (const { kind, specifier } of module.references) {
      if (kind === "file") {
        // A URL does not use the import map.
        if (!/^\.{1,2}\//.test(specifier)) continue;
        const target = resolve(dirname(path), specifier);
        if (!noOpRecord.stat(target)?.isFile) continue;
        checkInside(target, specifier, path);
        local.push(target);
        opened.push(target);
        asBytes.push(target);
        continue;
      }
      const { target, lookup } = project.resolve(specifier, path);
      if (lookup !== undefined) resolutions.set(lookup.specifier, lookup.found);
      if (target.kind === "local") {
        checkInside(target.path, specifier, path);
        local.push(target.path);
        if (kind === "bytes") asBytes.push(target.path);
      }
      if (target.kind === "package") packages.push(target.id);
    }
    return { module, local, opened, read: asBytes, packages, resolutions };
  };
  const linksOf = (path: string): Promise<Links> => {
    const known = links.get(path) ?? read(path);
    links.set(path, known);
    return known;
  };
  const reach = async (
    entries: readonly string[],
  ): Promise<Map<string, Links>> => {
    const reached = new Map<string, Links>();
    const open = [...entries];
    for (let path = open.pop(); path !== undefined; path = open.pop()) {
      if (reached.has(path)) continue;
      const found = await linksOf(path);
      reached.set(path, found);
      open.push(...found.local);
    }
    return reached;
  };
  const describe = async (path: string): Promise<StageCode> => {
    const reached = await reach([path]);
    const all = [...reached.values()];
    const packages = all.flatMap((links) => links.packages);
    const asBytes = new Set(all.flatMap((links) => links.read));
    const code: Code = {
      modules: Object.fromEntries(
        [...reached].map(([path, { module }]) => [
          relative(project.root, path),
          asBytes.has(path)
            ? hashOfBytes(path, index, noOpRecord)
            : module.sha256,
        ]),
      ),
      packages: project.closure(packages),
      resolutions: Object.fromEntries(
        all.flatMap(({ resolutions }) => [...resolutions]),
      ),
    };
    // A worker's script imports others, which are read when it is started.
    const opened = await reach(all.flatMap((links) => links.opened));
    return {
      code,
      hash: sha256(canonical(code)),
      opened: [...opened.keys()],
    };
  };

  return {
    stage: (module) => {
      const known = stages.get(module) ?? describe(fromFileUrl(module));
      stages.set(module, known);
      return known;
    },
    graph: async (entries) =>
      new Map(
        [...await reach(entries)].map(([path, { local }]) => [path, local]),
      ),
  };
}

function hashOfBytes(
  path: string,
  index: Index,
  noOpRecord: NoOpRecord,
): string {
  const info = noOpRecord.stat(path);
  const known = info && index.file(path, info);
  if (known !== undefined) return known;
  const hash = sha256(Deno.readFileSync(path));
  if (info !== undefined) index.rememberFile(path, info, hash);
  return hash;
}

function isWithin(path: string, folder: string): boolean {
  return !/^\.\.([\\/]|$)/.test(relative(folder, path));
}

async function readModule(
  path: string,
  name: string,
  index: Index,
  noOpRecord: NoOpRecord,
): Promise<Module> {
  const info = noOpRecord.stat(path);
  if (info === undefined) {
    throw inputError(
      `Cannot find module "${path}", which another module imports; mend the import or bring the module back.`,
    );
  }
  const known = index.module(name, info);
  if (known !== undefined) return known;
  const module = await moduleOf(Deno.readFileSync(path), path);
  index.rememberModule(name, info, module);
  return module;
}

/** Hash and imports of a module; a file that is not a source module is hashed by its bytes. */
export async function moduleOf(
  bytes: Uint8Array,
  path: string,
): Promise<Module> {
  if (!SOURCE.test(path)) {
    const references = /\.wasm$/.test(path) ? wasmImports(bytes) : [];
    return { sha256: sha256(bytes), references };
  }
  const { summarizeSource } = await import("./source_tokens.ts");
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return summarizeSource(decoder.decode(bytes), path);
}

/** The hashes that a key may have for a file: that of its bytes if it is read, that of its tokens if it is executed. */
export async function possibleHashes(
  bytes: Uint8Array,
  path: string,
): Promise<string[]> {
  return [sha256(bytes), (await moduleOf(bytes, path)).sha256];
}

/** The modules that WebAssembly imports by path; other names are provided on instantiation. */
function wasmImports(bytes: Uint8Array): Reference[] {
  const own = new Uint8Array(bytes);
  if (!WebAssembly.validate(own)) return [];
  return WebAssembly.Module.imports(new WebAssembly.Module(own))
    .filter(({ module }) => /^\.{0,2}\//.test(module))
    .map(({ module }) => ({ kind: "import", specifier: module }));
}
