/** Resolves import specifiers of the project by its import map and lock file. */
import { dirname, fromFileUrl, join, relative, resolve } from "@std/path";
import { statIfThere } from "../../base/stat.ts";
import { inputError } from "../../base/input_error.ts";
import { readIfThere } from "../files/atomic.ts";

export type Resolved =
  | { readonly kind: "local"; readonly path: string }
  /** A file of a package: what lies behind `/` in the specifier, empty for its main module. */
  | { readonly kind: "package"; readonly id: string; readonly file: string }
  | { readonly kind: "builtin" };

export interface Resolution {
  readonly target: Resolved;
  /** For a specifier that was looked up in the import map or the lock file: what was looked up and found. */
  readonly lookup?: { readonly specifier: string; readonly found: string };
}

export interface Project {
  readonly root: string;
  /** Name and version of the TypeScript package, which prints modules for hashing. */
  readonly printer: string;
  /** Resolves a specifier in a module; `from` is the module's absolute path. */
  resolve(specifier: string, from: string): Resolution;
  /** Packages and their dependencies, with the integrity of each. */
  closure(ids: Iterable<string>): Record<string, string>;
  /** The folders of a package, by its name in the import map, and of its dependencies. */
  packageFolders(name: string): string[];
}

interface LockedPackage {
  readonly integrity?: string;
  readonly dependencies?: readonly string[];
  readonly optionalDependencies?: readonly string[];
  readonly optionalPeers?: readonly string[];
}

interface Lock {
  readonly specifiers: Readonly<Record<string, string>>;
  readonly npm: Readonly<Record<string, LockedPackage>>;
}

/** Root of the project that the engine lies in. */
export const ROOT = resolve(fromFileUrl(new URL("../..", import.meta.url)));

/** Opens the project in a folder. `read` returns the text of deno.json and deno.lock, such as those of another revision. */
export function openProject(
  root = ROOT,
  read: (path: string) => string | undefined = readIfThere,
): Project {
  const imports = readImports(join(root, "deno.json"), read);
  const lock = readLock(join(root, "deno.lock"), read);
  const idsByName = new Map<string, string[]>();
  for (const id of Object.keys(lock.npm)) {
    const { name } = splitId(id);
    idsByName.set(name, [...idsByName.get(name) ?? [], id]);
  }

  const packageOf = (specifier: string): { id: string; file: string } => {
    const [, request, name, file = ""] =
      /^npm:\/?((@[^/]+\/[^@/]+|[^@/]+)(?:@[^/]+)?)(?:\/(.*))?$/
        .exec(specifier) ?? [];
    const version = lock.specifiers[`npm:${request}`];
    if (version === undefined) {
      throw inputError(
        `Cannot find package "${specifier}" in deno.lock; run "deno install" and commit the lock file.`,
      );
    }
    return { id: `${name}@${version}`, file };
  };
  const mapped = (specifier: string): string => {
    if (imports[specifier] !== undefined) return imports[specifier];
    const key = Object.keys(imports)
      .filter((key) => specifier.startsWith(key.replace(/\/?$/, "/")))
      .sort((a, b) => b.length - a.length)[0];
    return key === undefined ? specifier : imports[key].replace(/\/$/, "") +
      specifier.slice(key.replace(/\/$/, "").length);
  };
  /** A path relative to the root, as the import map would name it. */
  const named = (specifier: string, from: string): string => {
    if (!isPath(specifier)) return specifier;
    const path = relative(root, resolve(dirname(from), specifier));
    return path.startsWith("..") ? resolve(root, path) : `./${path}`;
  };
  const resolved = (target: string): Resolved | undefined => {
    if (target.startsWith("npm:")) {
      return { kind: "package", ...packageOf(target) };
    }
    if (target.startsWith("node:")) return { kind: "builtin" };
    if (target.startsWith("file:")) {
      return { kind: "local", path: fromFileUrl(target) };
    }
    if (isPath(target)) return { kind: "local", path: resolve(root, target) };
    return undefined;
  };
  const dependencies = (id: string): string[] => {
    const entry = lock.npm[id];
    return [
      ...entry?.dependencies ?? [],
      ...entry?.optionalDependencies ?? [],
      ...entry?.optionalPeers ?? [],
    ].flatMap((dependency) => {
      if (lock.npm[dependency] !== undefined) return [dependency];
      const candidates = idsByName.get(dependency) ??
        idsByName.get(splitId(dependency).name) ?? [];
      return candidates.length === 1
        ? candidates
        : candidates.filter((id) => id.startsWith(dependency));
    });
  };
  const closure = (ids: Iterable<string>): Record<string, string> => {
    const found: Record<string, string> = {};
    const open = [...ids];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (id in found) continue;
      found[id] = lock.npm[id]?.integrity ?? "";
      open.push(...dependencies(id));
    }
    return found;
  };

  return {
    root,
    printer: packageOf(mapped("typescript")).id,
    closure,
    resolve: (specifier, from) => {
      const name = named(specifier, from);
      const to = mapped(name);
      const target = resolved(to);
      if (target === undefined) {
        throw inputError(
          `Cannot tell what "${specifier}" in ${from} is; expected a relative path, "node:", "npm:" or a name of ` +
            "deno.json's imports.",
        );
      }
      if (target.kind === "package") {
        const { id, file } = target;
        const found = `npm:${file === "" ? id : `${id}/${file}`}`;
        return { target, lookup: { specifier: name, found } };
      }
      return to === name
        ? { target }
        : { target, lookup: { specifier: name, found: to } };
    },
    packageFolders: (name) =>
      Object.keys(closure([packageOf(mapped(name)).id])).flatMap((id) => {
        const { name, version } = splitId(id);
        const modules = join(root, "node_modules");
        return [
          join(
            modules,
            ".deno",
            `${name.replace("/", "+")}@${version}`,
            "node_modules",
            name,
          ),
          join(modules, name),
        ].filter((folder) => statIfThere(folder) !== undefined)
          .flatMap((folder) => [folder, Deno.realPathSync(folder)]);
      }),
  };
}

/** `@scope/name@1.2.3_peer@4` is version 1.2.3 of `@scope/name`. */
export function splitId(id: string): { name: string; version: string } {
  const at = id.indexOf("@", 1);
  return at < 0
    ? { name: id, version: "" }
    : { name: id.slice(0, at), version: id.slice(at + 1).split("_")[0] };
}

/** Whether a specifier is a path, relative or absolute. */
function isPath(specifier: string): boolean {
  return /^\.{0,2}\//.test(specifier);
}

/** The import map and the project's own exports, their paths written as from the root. */
function readImports(
  path: string,
  read: (path: string) => string | undefined,
): Readonly<Record<string, string>> {
  const { imports = {}, scopes, name = "", exports = {} }: {
    imports?: Record<string, string>;
    scopes?: unknown;
    name?: string;
    exports?: Record<string, string>;
  } = parsed(read(path) ?? "", path);
  if (scopes !== undefined) {
    throw inputError(
      `Cannot tell what modules import: "${path}" has "scopes", which are not read; name each package in "imports".`,
    );
  }
  const own = Object.entries(exports)
    .map(([entry, path]) => [name + entry.slice(1), path]);
  return { ...imports, ...Object.fromEntries(own) };
}

function readLock(
  path: string,
  read: (path: string) => string | undefined,
): Lock {
  const text = read(path);
  if (text === undefined) {
    throw inputError(
      `Cannot find ${path}, which pins the packages; run "deno install".`,
    );
  }
  const { specifiers = {}, npm = {} }: Partial<Lock> = parsed(text, path);
  return { specifiers, npm };
}

/** The value of a JSON text. @throws an input error if it is not valid, as while the file is being written */
function parsed(text: string, path: string) {
  try {
    return JSON.parse(text);
  } catch {
    throw inputError(
      `Cannot read "${path}": it is no JSON; mend it and run again.`,
    );
  }
}
