/** The only file that writes the manifest, and the cache of results by key beside it. */
import { join } from "@std/path";
import {
  CachedResult,
  type Code,
  type Json,
  type Manifest,
  MANIFEST_SCHEMA,
  type NodeRecord,
  parseManifest,
} from "../schemas/manifest.ts";
import { readIfThere, writeAtomically } from "./atomic.ts";
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
  try {
    const result = CachedResult.parse(JSON.parse(text));
    return result.key === key ? result : undefined;
  } catch {
    return undefined;
  }
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

function cachePath(folder: string, key: string): string {
  return join(folder, "cache", `${key}.json`);
}
