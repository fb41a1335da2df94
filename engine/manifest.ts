/** The only file that writes the manifest, and the cache of results by key beside it. */
import { join } from "@std/path";
import { z } from "zod";
import { inputError } from "../schemas/errors.ts";
import {
  CachedResult,
  type Code,
  type Json,
  type Manifest,
  MANIFEST_SCHEMA,
  type NodeRecord,
  parseManifest,
} from "../schemas/manifest.ts";
import {
  isTemporary,
  jsonIfWhole,
  namesIn,
  readIfThere,
  reasonOf,
  removeIfThere,
  writeAtomically,
} from "./atomic.ts";
import { canonical } from "./hash.ts";

export function manifestPath(folder: string): string {
  return join(folder, "manifest.json");
}

/** The manifest of an artifact folder, or undefined before the first run. */
export function readManifest(folder: string): Manifest | undefined {
  const path = manifestPath(folder);
  const text = readIfThere(path);
  return text === undefined ? undefined : parseManifest(text, path);
}

/** A manifest that a user names. */
export function readNamedManifest(path: string): Manifest {
  let text: string | undefined;
  try {
    text = readIfThere(path);
  } catch (error) {
    throw inputError(`Cannot read manifest "${path}": ${reasonOf(error)}.`);
  }
  if (text === undefined) {
    throw inputError(`Cannot read manifest "${path}": there is no such file.`);
  }
  return parseManifest(text, path);
}

/** A manifest as it is written: equal runs give equal text. */
export function manifestText(
  experiment: { readonly name: string; readonly value: Json },
  nodes: ReadonlyMap<string, NodeRecord>,
  code: ReadonlyMap<string, Code>,
): string {
  const used = new Set([...nodes.values()].map((node) => node.preimage.code));
  return canonical({
    schema: MANIFEST_SCHEMA,
    experiment,
    code: Object.fromEntries([...code].filter(([hash]) => used.has(hash))),
    nodes: Object.fromEntries(nodes),
  }) + "\n";
}

/** Writes the manifest where its text differs from what is there. */
export function writeManifest(folder: string, text: string): void {
  if (!isWritten(folder, text)) writeAtomically(manifestPath(folder), text);
}

export function isWritten(folder: string, text: string): boolean {
  return readIfThere(manifestPath(folder)) === text;
}

/** The result of a key, or undefined where there is none that can be used. */
export function readCached(
  folder: string,
  key: string,
): CachedResult | undefined {
  const text = readIfThere(cachePath(folder, key));
  if (text === undefined) return undefined;
  const result = CachedResult.safeParse(jsonIfWhole(text)).data;
  return result?.key === key ? result : undefined;
}

export function writeCached(
  folder: string,
  result: Omit<CachedResult, "schema">,
): void {
  writeAtomically(
    cachePath(folder, result.key),
    canonical({ schema: MANIFEST_SCHEMA, ...result }) + "\n",
  );
}

export function removeCached(folder: string, key: string): void {
  removeIfThere(cachePath(folder, key));
}

export interface Cache {
  readonly results: ReadonlyMap<string, CachedResult>;
  /** Paths of entries that no run can use. */
  readonly damaged: readonly string[];
}

/** All results of a folder, by key; an entry of a newer version is refused, as nobody here knows what it is for. */
export function readCache(folder: string): Cache {
  const results = new Map<string, CachedResult>();
  const damaged: string[] = [];
  const cache = join(folder, "cache");
  for (const name of namesIn(cache)) {
    const [, key] = /^([0-9a-f]{64})\.json$/.exec(name) ?? [];
    const result = key === undefined ? undefined : readCached(folder, key);
    if (result !== undefined) results.set(result.key, result);
    else if (key !== undefined || isTemporary(name)) {
      refuseNewer(join(cache, name));
      damaged.push(join(cache, name));
    }
  }
  return { results, damaged };
}

function refuseNewer(path: string): void {
  const newer = z.object({ schema: z.int().gt(MANIFEST_SCHEMA) });
  if (!newer.safeParse(jsonIfWhole(readIfThere(path) ?? "")).success) return;
  throw inputError(
    `Cannot tell what may be removed: "${path}" was written by a newer version; update the project.`,
  );
}

function cachePath(folder: string, key: string): string {
  return join(folder, "cache", `${key}.json`);
}
