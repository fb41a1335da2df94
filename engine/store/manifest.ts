/** Reads and writes the manifest, and the cache of results by key; the only file that writes them. */
import { join } from "@std/path";
import { z } from "zod";
import { inputError } from "../../base/input_error.ts";
import { inputText } from "../../base/input_file.ts";
import { statIfThere } from "../../base/stat.ts";
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
import { readState, readStateJson, writeState } from "../files/state_file.ts";

const MANIFEST = "manifest.json";

export function manifestPath(folder: string): string {
  return join(folder, MANIFEST);
}

/**
 * The manifest of an artifact folder, or undefined before the first run. Damaged records are left out: the next run writes
 * them again from the cached results.
 */
export function readManifest(folder: string): Manifest | undefined {
  const path = manifestPath(folder);
  const text = readState(path);
  return text === undefined ? undefined : salvageManifest(text, path);
}

/** A manifest of an artifact folder: its own, or one of its committed results. */
export interface KnownManifest {
  readonly path: string;
  readonly manifest: Manifest;
}

/** The folders of committed results, by name; one may be a link. */
export function committedFolders(folder: string): string[] {
  const results = join(folder, "results");
  return namesIn(results).filter((name) => !isTemporary(name, /.+/))
    .map((name) => join(results, name))
    .filter((path) => statIfThere(path)?.isDirectory).sort();
}

/** The folders of an artifact folder that may hold a manifest: itself, then its committed results. */
export function foldersOfManifests(folder: string): string[] {
  return [folder, ...committedFolders(folder)];
}

/** All manifests of an artifact folder. */
export function readKnownManifests(folder: string): KnownManifest[] {
  return foldersOfManifests(folder).flatMap((folder) => {
    const manifest = readManifest(folder);
    return manifest === undefined
      ? []
      : [{ path: manifestPath(folder), manifest }];
  });
}

/** A manifest that a user names. @throws an input error if it cannot be read */
export function readNamedManifest(path: string): Manifest {
  const refuse = (reason: string) =>
    inputError(`Cannot read manifest "${path}": ${reason}.`);
  return parseManifest(inputText(path, refuse), path);
}

/** The text of a manifest, which is equal for equal runs. */
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

/** Writes the manifest if its text changed. */
export function writeManifest(folder: string, text: string): void {
  if (!isWritten(folder, text)) writeState(folder, MANIFEST, text);
}

export function isWritten(folder: string, text: string): boolean {
  return readState(manifestPath(folder)) === text;
}

/** The cached result of a key, or undefined if there is none or it was changed since it was written. */
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
  /** Paths of damaged entries. */
  readonly damaged: readonly string[];
}

/** All cached results of a folder, by key. @throws an input error for an entry of a newer version */
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

/** The file of the cached result of a key. */
export function cachePath(folder: string, key: string): string {
  return join(folder, cacheName(key));
}

function cacheName(key: string): string {
  return `cache/${key}.json`;
}
