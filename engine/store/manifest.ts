/** The only file that writes the manifest, and the cache of results by key beside it. */
import { join } from "@std/path";
import { z } from "zod";
import { inputError } from "../../base/input_error.ts";
import { inputText } from "../../base/input_file.ts";
import {
  CachedResult,
  type Code,
  type Json,
  type Manifest,
  MANIFEST_SCHEMA,
  type NodeRecord,
  parseManifest,
  salvageManifest,
} from "../../schemas/manifest.ts";
import { isTemporary, namesIn, removeIfThere } from "../files/atomic.ts";
import { canonical, sha256 } from "../files/hash.ts";
import { readState, readStateJson, writeState } from "./state_file.ts";

const MANIFEST = "manifest.json";

export function manifestPath(folder: string): string {
  return join(folder, MANIFEST);
}

/**
 * The manifest of an artifact folder, or undefined before the first run. What is damaged in it is as if it were not
 * there: the next run writes it anew, from the cached results.
 */
export function readManifest(folder: string): Manifest | undefined {
  const path = manifestPath(folder);
  const text = readState(path);
  return text === undefined ? undefined : salvageManifest(text, path);
}

/** A manifest that a user names. */
export function readNamedManifest(path: string): Manifest {
  const refuse = (reason: string) =>
    inputError(`Cannot read manifest "${path}": ${reason}.`);
  return parseManifest(inputText(path, refuse), path);
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
  if (!isWritten(folder, text)) writeState(folder, MANIFEST, text);
}

export function isWritten(folder: string, text: string): boolean {
  return readState(manifestPath(folder)) === text;
}

/** The result of a key, or undefined where there is none that is as it was written. */
export function readCached(
  folder: string,
  key: string,
): CachedResult | undefined {
  const value = readStateJson(cachePath(folder, key));
  const result = CachedResult.safeParse(value).data;
  if (result?.key !== key) return undefined;
  const { checksum, ...checked } = result;
  return checksum === undefined || checksum === sha256(canonical(checked))
    ? result
    : undefined;
}

export function writeCached(
  folder: string,
  result: Omit<CachedResult, "schema" | "checksum">,
): void {
  const { key, outputs, metrics, measurements, seconds, run, time } = result;
  const checked = {
    ...{ schema: MANIFEST_SCHEMA, key, outputs, metrics, measurements },
    ...{ seconds, run, time },
  };
  const checksum = sha256(canonical(checked));
  const text = canonical({ ...checked, checksum }) + "\n";
  writeState(folder, cacheName(key), text);
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
    else if (key !== undefined || isTemporary(name, /[0-9a-f]{64}\.json/)) {
      refuseNewer(join(cache, name));
      damaged.push(join(cache, name));
    }
  }
  return { results, damaged };
}

function refuseNewer(path: string): void {
  const newer = z.object({ schema: z.int().gt(MANIFEST_SCHEMA) });
  if (!newer.safeParse(readStateJson(path)).success) return;
  throw inputError(
    `Cannot tell what may be removed: "${path}" was written by a newer version; update the project.`,
  );
}

/** Where the result of a key is kept. */
export function cachePath(folder: string, key: string): string {
  return join(folder, cacheName(key));
}

function cacheName(key: string): string {
  return `cache/${key}.json`;
}
