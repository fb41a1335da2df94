/** Finds the git revision whose modules and packages are those that made some nodes. */
import { join } from "@std/path";
import { z } from "zod";
import { isInputError } from "../../base/input_error.ts";
import type { Code } from "../../schemas/manifest.ts";
import { jsonIfValid } from "../files/atomic.ts";
import { possibleHashes } from "../keys/module_hash.ts";
import { git, gitBytes, type Revision, revisionsOf } from "../files/git.ts";
import { openProject, type Project } from "../keys/project.ts";

const [MAP, LOCK] = ["deno.json", "deno.lock"];

/** The newest revision that has all of some codes, or undefined. */
export async function findRevision(
  root: string,
  codes: readonly Code[],
): Promise<Revision | undefined> {
  const modules = codes.flatMap(({ modules }) => Object.keys(modules));
  const paths = [...new Set(modules), MAP, LOCK];
  const contents = readContents(root);
  const hasAll = async (blobs: ReadonlyMap<string, string>) => {
    for (const code of codes) {
      if (!await has(code, blobs, contents)) return false;
    }
    return true;
  };
  for (const revision of revisionsOf(root, paths)) {
    if (await hasAll(blobsOf(root, revision, paths))) return revision;
  }
  return undefined;
}

/** The git hashes of files of a revision, by path. */
function blobsOf(
  root: string,
  { commit }: Revision,
  paths: readonly string[],
): Map<string, string> {
  const tree = git(root, "ls-tree", "-r", "-z", commit, "--", ...paths) ?? "";
  return new Map(
    tree.split("\0").filter((entry) => entry !== "").map((entry) => {
      const [about, path] = entry.split("\t");
      return [path, about.split(" ")[2]];
    }),
  );
}

async function has(
  { modules, packages, resolutions = {} }: Code,
  blobs: ReadonlyMap<string, string>,
  contents: Contents,
): Promise<boolean> {
  const integrities = contents.packages(blobs.get(LOCK) ?? "");
  const isLocked = Object.entries(packages)
    .every(([id, integrity]) => integrities.get(id) === integrity);
  if (!isLocked) return false;
  const project = contents.project(blobs.get(MAP) ?? "", blobs.get(LOCK) ?? "");
  const isResolved = Object.entries(resolutions)
    .every(([specifier, found]) => project?.(specifier) === found);
  if (!isResolved) return false;
  for (const [path, hash] of Object.entries(modules)) {
    const blob = blobs.get(path);
    if (blob === undefined) return false;
    if (!(await contents.hashes(blob, path)).includes(hash)) return false;
  }
  return true;
}

/** Contents of files of the repository, each read once. */
interface Contents {
  hashes(blob: string, path: string): Promise<readonly string[]>;
  /** The integrity of each package of a lock file. */
  packages(blob: string): ReadonlyMap<string, string>;
  /** Resolves specifiers by an import map and a lock file; undefined if they are not valid. */
  project(map: string, lock: string): Resolve | undefined;
}

type Resolve = (specifier: string) => string | undefined;

const Lock = z.object({
  npm: z.record(z.string(), z.object({ integrity: z.string().optional() })),
});

function readContents(root: string): Contents {
  const known = new Map<string, readonly string[]>();
  const locks = new Map<string, ReadonlyMap<string, string>>();
  const projects = new Map<string, Resolve | undefined>();
  const read = (blob: string) =>
    gitBytes(root, "cat-file", "blob", blob) ?? new Uint8Array();
  const text = (blob: string) => new TextDecoder().decode(read(blob));
  return {
    project: (map, lock) => {
      const name = `${map} ${lock}`;
      if (!projects.has(name)) {
        projects.set(name, resolver(text(map), text(lock)));
      }
      return projects.get(name);
    },
    hashes: async (blob, path) => {
      const hashes = known.get(blob) ?? await possibleHashes(read(blob), path);
      known.set(blob, hashes);
      return hashes;
    },
    packages: (blob) => {
      const known = locks.get(blob) ??
        lockedPackages(text(blob));
      locks.set(blob, known);
      return known;
    },
  };
}

function resolver(map: string, lock: string): Resolve | undefined {
  const root = "/";
  try {
    const project = openProject(
      root,
      (path) => path.endsWith(MAP) ? map : lock,
    );
    return (specifier) => lookedUp(project, specifier, root);
  } catch (error) {
    if (!isInputError(error)) throw error;
    return undefined;
  }
}

function lookedUp(
  project: Project,
  specifier: string,
  root: string,
): string | undefined {
  try {
    return project.resolve(specifier, join(root, "module.ts")).lookup?.found;
  } catch (error) {
    if (!isInputError(error)) throw error;
    return undefined;
  }
}

function lockedPackages(text: string): Map<string, string> {
  const { npm = {} } = Lock.safeParse(jsonIfValid(text)).data ?? {};
  return new Map(
    Object.entries(npm).map(([id, { integrity = "" }]) => [id, integrity]),
  );
}
