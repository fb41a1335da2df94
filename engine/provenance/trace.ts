/** Traces bytes back: which node left them, of what that was made, down to the data from outside of the pipeline. */
import { join } from "@std/path";
import { isInputError } from "../../base/input_error.ts";
import {
  type CachedResult,
  hashesOf,
  hashOf,
  type Json,
  type Manifest,
  type NodeRecord,
} from "../../schemas/manifest.ts";
import { entriesOf, isTemporary, readIfThere } from "../files/atomic.ts";
import type { Origin, Pipeline } from "../graph/graph.ts";
import { manifestPath, readManifest } from "../store/manifest.ts";
import type { Store } from "../store/object_store.ts";
import { listingIn } from "./trust_policy.ts";

/** A manifest that this folder has: its own, or one of its committed results. */
export interface Known {
  readonly path: string;
  readonly manifest: Manifest;
}

/** Bytes as a manifest names them. */
export interface Found {
  readonly known: Known;
  readonly node: string;
  /** The output that they are. */
  readonly output?: string;
  /** The path that they have in that output, which is a folder; or of the data file that they are to the node. */
  readonly path?: string;
}

/** A node, with all that its result was made of. */
export interface Ancestor {
  readonly node: string;
  readonly stage: string;
  readonly key: string;
  readonly config: Json;
  readonly seed: number;
  readonly inputs: readonly Source[];
  /** Data files that the config names: SHA-256 by path. */
  readonly files: Readonly<Record<string, string>>;
  readonly origins: readonly Origin[];
}

export interface Source {
  readonly input: string;
  readonly node: string;
  /** SHA-256 of what was read, by output. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Whether a manifest here tells how it was made. */
  readonly isKnown: boolean;
}

/** Where a folder has manifests: its own, and those of its committed results. */
export function foldersOfManifests(folder: string): string[] {
  const results = join(folder, "results");
  const folders = entriesOf(results)
    .filter(({ name, isDirectory }) => isDirectory && !isTemporary(name, /.+/))
    .map(({ name }) => join(results, name)).sort();
  return [folder, ...folders];
}

export function knownManifests(folder: string): Known[] {
  return foldersOfManifests(folder).flatMap((folder) => {
    const manifest = readManifest(folder);
    return manifest === undefined
      ? []
      : [{ path: manifestPath(folder), manifest }];
  });
}

/** Every place where bytes of this hash are named: whole outputs, then files in them, then data files. */
export function findBytes(
  sha256: string,
  known: readonly Known[],
  store: Store,
): Found[] {
  const records = known.flatMap((known) =>
    Object.entries(known.manifest.nodes)
      .map(([node, record]) => ({ known, node, record }))
  );
  const whole: Found[] = [], inside: Found[] = [], data: Found[] = [];
  for (const { known, node, record } of records) {
    for (const [output, artifact] of Object.entries(record.outputs)) {
      if (artifact.sha256 === sha256) whole.push({ known, node, output });
      if (!artifact.folder) continue;
      const path = fileWithin(store.listingPath(artifact), sha256);
      if (path !== undefined) inside.push({ known, node, output, path });
    }
    for (const [path, hash] of Object.entries(record.preimage.files)) {
      if (hashOf(hash) === sha256) data.push({ known, node, path });
    }
  }
  return [...whole, ...inside, ...data];
}

/** Cached results that have bytes of this hash, which no manifest need name any more. */
export function findCached(
  sha256: string,
  results: Iterable<CachedResult>,
): CachedResult[] {
  return [...results].filter(({ outputs }) =>
    Object.values(outputs).some((artifact) => artifact.sha256 === sha256)
  );
}

/** A node and all that it was made of, each before what it needs. */
export function lineageOf(
  { known, node }: Found,
  all: readonly Known[],
  { origins }: Pick<Pipeline, "origins">,
): Ancestor[] {
  const lineage = new Map<string, Ancestor>();
  const open = [{ known, node }];
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    const { known, node } = next;
    const record = known.manifest.nodes[node];
    if (lineage.has(record.key)) continue;
    const sources = Object.entries(record.inputs).map(([input, source]) => {
      const outputs = hashesOf(record.preimage.inputs[input] ?? {});
      const maker = makerOf(source, outputs, [known, ...all]);
      if (maker !== undefined) open.push(maker);
      const name = maker?.node ?? source;
      return { input, node: name, outputs, isKnown: maker !== undefined };
    });
    lineage.set(record.key, ancestor(node, record, sources, origins));
  }
  return [...lineage.values()];
}

/** The recorded node that left some outputs: the one of this name, or another that has the same bytes. */
function makerOf(
  name: string,
  outputs: Readonly<Record<string, string>>,
  known: readonly Known[],
): { readonly known: Known; readonly node: string } | undefined {
  const hasThem = ({ outputs: made }: NodeRecord) =>
    Object.entries(outputs)
      .every(([output, hash]) => made[output]?.sha256 === hash);
  for (const each of known) {
    const { nodes } = each.manifest;
    const node = [name, ...Object.keys(nodes)]
      .find((node) => Object.hasOwn(nodes, node) && hasThem(nodes[node]));
    if (node !== undefined) return { known: each, node };
  }
  return undefined;
}

function ancestor(
  node: string,
  { key, preimage }: NodeRecord,
  inputs: readonly Source[],
  origins: Pipeline["origins"],
): Ancestor {
  const { stage, config, seed, files } = preimage;
  return {
    node,
    stage,
    key,
    config,
    seed,
    inputs,
    files: hashesOf(files),
    origins: originsOf(stage, config, origins),
  };
}

/** What the pipeline of today cannot tell of an old config is told as that. */
function originsOf(
  stage: string,
  config: Json,
  origins: Pipeline["origins"],
): readonly Origin[] {
  try {
    return origins?.(stage, config) ?? [];
  } catch (error) {
    if (!isInputError(error)) throw error;
    return [{ name: error.message, licence: "not known", source: "" }];
  }
}

/** The path of a file in a folder object that has these bytes. */
function fileWithin(listing: string, sha256: string): string | undefined {
  const text = readIfThere(listing);
  if (text === undefined) return undefined;
  return listingIn(text)?.find((file) => file.sha256 === sha256)?.path;
}
