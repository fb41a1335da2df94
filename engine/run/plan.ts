/** Decides of each node whether its recorded result still holds, and if not, why. */
import { fromFileUrl, relative, resolve } from "@std/path";
import { inputError } from "../../base/input_error.ts";
import { irregular } from "../../base/input_file.ts";
import {
  type Artifact,
  contentOf,
  MANIFEST_SCHEMA,
  type Metrics,
  type NodeRecord,
} from "../../schemas/manifest.ts";
import { environmentOf, filesNamed } from "../graph/declarations.ts";
import type { Graph, Node } from "../graph/graph.ts";
import { filesOf, hashFile, hashListing } from "../files/hash.ts";
import { outputsRead } from "../graph/inputs.ts";
import { changes, type Described, keyOf } from "../keys/key.ts";
import { cachePath, readCached } from "../store/manifest.ts";
import type { Workspace } from "../store/workspace.ts";

/** The reason of a node that no manifest records. */
export const NEVER_RAN = "never ran";

/** The reason of a node that a manifest records as it would be made now. */
const NOT_CACHED = "no cached result that can be read";

export interface Result {
  readonly outputs: Readonly<Record<string, Artifact>>;
  readonly metrics: Metrics;
}

export interface Assessment {
  readonly node: Node;
  readonly state: "cached" | "stale";
  /** Why it is stale; empty otherwise. */
  readonly reasons: readonly string[];
  readonly described: Described;
  /** Undefined while an input is still to be made. */
  readonly key?: string;
  /** What the node has, where it is up to date. */
  readonly result?: Result;
}

/** Assesses every node as things are now; what waits for a stale node is stale. */
export async function plan(
  workspace: Workspace,
  graph: Graph,
): Promise<Map<string, Assessment>> {
  const assessments = new Map<string, Assessment>();
  for (const node of graph.values()) {
    const outputs = (name: string) => assessments.get(name)?.result?.outputs;
    assessments.set(node.name, await assess(workspace, node, outputs));
  }
  return assessments;
}

/** Assesses one node; `outputs` gives what a node above it has, or undefined where that is still to be made. */
export async function assess(
  workspace: Workspace,
  node: Node,
  outputs: (name: string) => Result["outputs"] | undefined,
): Promise<Assessment> {
  const recorded = workspace.manifest?.nodes[node.name];
  const inputs: Record<string, Record<string, string>> = {};
  const waiting: string[] = [];
  for (const [input, source] of Object.entries(node.inputs)) {
    const made = outputs(source);
    inputs[input] = {};
    for (const output of outputsRead(node.stage, input) ?? []) {
      const artifact = made?.[output];
      const content = artifact === undefined
        ? recorded?.preimage.inputs[input]?.[output]
        : contentOf(artifact);
      if (content !== undefined) inputs[input][output] = content;
    }
    if (made === undefined) {
      waiting.push(
        input === source
          ? `input ${input} is stale`
          : `input ${input}: ${source} is stale`,
      );
    }
  }
  const { code, hash } = await workspace.code.stage(node.stage.module);
  const described: Described = {
    code,
    preimage: {
      stage: node.stage.name,
      code: hash,
      config: node.config,
      inputs,
      files: await userFiles(workspace, node),
      seed: node.seed,
      environment: environmentOf(node),
    },
  };
  if (waiting.length > 0) {
    const own = explain(workspace, node, recorded, described);
    const reasons = recorded === undefined ? own : [...own, ...waiting];
    return { node, state: "stale", reasons, described };
  }
  const key = keyOf(described.preimage);
  const found = await findResult(workspace, node, key);
  if (found.result !== undefined) {
    return {
      node,
      state: "cached",
      reasons: [],
      described,
      key,
      result: found.result,
    };
  }
  const reasons = [
    ...explain(workspace, node, recorded, described),
    ...found.faults,
  ];
  if (found.faults.length > 0 && reasons[0] === NEVER_RAN) reasons.shift();
  if (reasons.length === 0) reasons.push(NOT_CACHED);
  return { node, state: "stale", reasons, described, key };
}

/** What differs from the recorded run; empty where nothing does. */
function explain(
  workspace: Workspace,
  node: Node,
  recorded: NodeRecord | undefined,
  described: Described,
): string[] {
  if (recorded === undefined) return [NEVER_RAN];
  const code = workspace.manifest?.code[recorded.preimage.code] ??
    { modules: {}, packages: {}, resolutions: {} };
  return changes(
    { preimage: recorded.preimage, code },
    described,
    relative(workspace.project.root, fromFileUrl(node.stage.module)),
  );
}

/** The cached result of a key, where its objects are whole; the manifest is for people and carries no checksum. */
async function findResult(
  workspace: Workspace,
  node: Node,
  key: string,
): Promise<{ result?: Result; faults: readonly string[] }> {
  workspace.looks.stat(cachePath(workspace.folder, key));
  const found = readCached(workspace.folder, key);
  if (found?.schema !== MANIFEST_SCHEMA) return { faults: [] };
  const { outputs, metrics } = found;
  const faults = await faultsOf(workspace, outputs);
  const declared = Object.keys(node.stage.outputs);
  return faults.length === 0 && declared.every((name) => name in outputs)
    ? { result: { outputs, metrics }, faults: [] }
    : { faults };
}

async function faultsOf(
  workspace: Workspace,
  outputs: Result["outputs"],
): Promise<string[]> {
  const faults: string[] = [];
  for (const [name, artifact] of Object.entries(outputs)) {
    const condition = await workspace.store.check(artifact);
    if (condition !== "whole") {
      faults.push(`object ${condition}: output ${name}`);
    }
  }
  return faults;
}

/** The user's data files that the config names: content by the path as it is written. */
async function userFiles(
  workspace: Workspace,
  node: Node,
): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const path of filesNamed(node)) {
    hashes[path] = await userFile(workspace, node, path);
  }
  return hashes;
}

async function userFile(
  workspace: Workspace,
  node: Node,
  path: string,
): Promise<string> {
  const absolute = resolve(path);
  try {
    const info = workspace.looks.stat(absolute);
    if (info === undefined) throw new Error("there is no such file");
    if (!info.isDirectory) {
      if (!info.isFile) throw new Error(irregular(info));
      return await hashByIndex(workspace, absolute, info);
    }
    const listing = [];
    for (const path of filesOf(absolute, workspace.looks.stat)) {
      const file = `${absolute}/${path}`;
      const info = workspace.looks.stat(file);
      if (info === undefined) throw new Error(`"${file}" has been removed`);
      const sha256 = await hashByIndex(workspace, file, info);
      listing.push({ path, sha256, bytes: info.size });
    }
    return contentOf({ sha256: hashListing(listing), folder: true });
  } catch (error) {
    throw inputError(
      `Cannot read "${path}", which the config of node "${node.name}" names: ${
        error instanceof Error ? error.message : error
      }.`,
    );
  }
}

async function hashByIndex(
  { index }: Workspace,
  path: string,
  info: Deno.FileInfo,
): Promise<string> {
  const known = index.file(path, info);
  if (known !== undefined) return known;
  const { sha256 } = await hashFile(path);
  index.rememberFile(path, info, sha256);
  return sha256;
}
