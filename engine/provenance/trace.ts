/** Traces bytes back to the node that made them, its inputs, and the data from outside the pipeline. */
import { isInputError } from "../../base/input_error.ts";
import {
  type CachedResult,
  hashesOf,
  hashOf,
  type Json,
  type NodeRecord,
} from "../../schemas/manifest.ts";
import { readIfThere } from "../files/atomic.ts";
import type { Origin, Pipeline } from "../graph/graph.ts";
import type { KnownManifest } from "../store/manifest.ts";
import type { Store } from "../store/object_store.ts";
import { listingIn } from "./trust_policy.ts";

/** A place where a manifest names some bytes. */
export interface Occurrence {
  readonly known: KnownManifest;
  readonly node: string;
  /** The output, unless they are a data file. */
  readonly output?: string;
  /** Their path in an output that is a folder, or the path of the data file. */
  readonly path?: string;
}

/** A node with its inputs and data files. */
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
  /** Whether a known manifest has the node. */
  readonly isKnown: boolean;
}

/** Every place where some bytes are named, by their hash: outputs, then files in them, then data files. */
export function findBytes(
  sha256: string,
  known: readonly KnownManifest[],
  store: Store,
): Occurrence[] {
  const records = known.flatMap((known) =>
    Object.entries(known.manifest.nodes)
      .map(([node, record]) => ({ known, node, record }))
  );
  const whole: Occurrence[] = [],
    inside: Occurrence[] = [],
    data: Occurrence[] = [];
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

/** Cached results with an output of this hash, also those that no manifest names. */
export function findCached(
  sha256: string,
  results: Iterable<CachedResult>,
): CachedResult[] {
  return [...results].filter(({ outputs }) =>
    Object.values(outputs).some((artifact) => artifact.sha256 === sha256)
  );
}

/** A node and all nodes that it was made from, each before its inputs. */
export function lineageOf(
  { known, node }: Occurrence,
  all: readonly KnownManifest[],
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

/** The recorded node that made some outputs: the one of this name, or another one with the same bytes. */
function makerOf(
  name: string,
  outputs: Readonly<Record<string, string>>,
  known: readonly KnownManifest[],
): { readonly known: KnownManifest; readonly node: string } | undefined {
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

/** The origins of a config; if the present pipeline cannot read an old config, its message instead. */
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
