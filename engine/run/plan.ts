/** Decides for each node whether its cached result is up to date, and if not, why. */
import { fromFileUrl, relative, resolve } from "@std/path";
import { inputError } from "../../base/input_error.ts";
import { irregular } from "../../base/input_file.ts";
import { isPathInside } from "../../base/names.ts";
import { lstatIfThere } from "../../base/stat.ts";
import {
  type Artifact,
  contentOf,
  MANIFEST_SCHEMA,
  type Metrics,
} from "../../schemas/manifest.ts";
import { dataFilesOf, environmentOf } from "../graph/declarations.ts";
import type { Graph, Node } from "../graph/graph.ts";
import { filesOf, hashFile, hashListing } from "../files/hash.ts";
import { outputsRead } from "../graph/inputs.ts";
import { changes, type Described, keyOf } from "../keys/key.ts";
import { cachePath, readCached } from "../store/manifest.ts";
import type { Workspace } from "../store/workspace.ts";

/** The reason of a node that was never made here, though the manifest that came with a clone may name it. */
export const NEVER_RAN = "never ran";

/** The reason of a node whose record is up to date, but whose cached result is lost. */
const NOT_CACHED = "no cached result that can be read";

export interface Result {
  readonly outputs: Readonly<Record<string, Artifact>>;
  readonly metrics: Metrics;
}

export interface Assessment {
  readonly node: Node;
  readonly state: "cached" | "stale";
  /** Why it is stale. */
  readonly reasons: readonly string[];
  readonly described: Described;
  /** The path of each of the user's data files as the stage names it, by its name in the preimage. */
  readonly paths: Readonly<Record<string, string>>;
  /** Undefined while an input is stale. */
  readonly key?: string;
  /** The cached result, if the node is up to date. */
  readonly result?: Result;
}

/** Assesses every node of a graph; dependents of stale nodes are stale. */
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

/** Assesses one node; `outputs` returns those of an input node, or undefined while it is stale. */
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
  const paths = pathsByName(dataFilesOf(node), workspace.project.root);
  const described: Described = {
    code,
    preimage: {
      stage: node.stage.name,
      code: hash,
      config: node.config,
      inputs,
      files: await userFiles(workspace, node, paths),
      seed: node.seed,
      environment: environmentOf(node),
    },
  };
  if (waiting.length > 0) {
    const own = explain(workspace, node, described);
    const reasons = own[0] === NEVER_RAN ? own : [...own, ...waiting];
    return { node, state: "stale", reasons, described, paths };
  }
  const key = keyOf(described.preimage);
  const found = await findResult(workspace, node, key);
  if (found.result !== undefined) {
    return {
      node,
      state: "cached",
      reasons: [],
      described,
      paths,
      key,
      result: found.result,
    };
  }
  const reasons = [
    ...explain(workspace, node, described),
    ...found.faults,
  ];
  if (found.faults.length > 0 && reasons[0] === NEVER_RAN) reasons.shift();
  if (reasons.length === 0) reasons.push(NOT_CACHED);
  return { node, state: "stale", reasons, described, paths, key };
}

/** The differences from the recorded run, if it was made here. */
function explain(
  workspace: Workspace,
  node: Node,
  described: Described,
): string[] {
  const recorded = workspace.manifest?.nodes[node.name];
  const isMade = recorded !== undefined &&
    lstatIfThere(cachePath(workspace.folder, recorded.key)) !== undefined;
  return isMade ? changesSince(workspace, node, described) : [NEVER_RAN];
}

/** The differences from what the manifest records, wherever that was made; none where it has no record. */
export function changesSince(
  workspace: Workspace,
  node: Node,
  described: Described,
): string[] {
  const recorded = workspace.manifest?.nodes[node.name];
  if (recorded === undefined) return [];
  const code = workspace.manifest?.code[recorded.preimage.code] ??
    { modules: {}, packages: {}, resolutions: {} };
  return changes(
    { preimage: recorded.preimage, code },
    described,
    relative(workspace.project.root, fromFileUrl(node.stage.module)),
  );
}

/** The cached result of a key, if its objects are whole. The manifest is not used, as it has no checksum. */
async function findResult(
  workspace: Workspace,
  node: Node,
  key: string,
): Promise<{ result?: Result; faults: readonly string[] }> {
  workspace.noOpRecord.stat(cachePath(workspace.folder, key));
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

/**
 * Files by the names that a preimage has of them. What lies in the project has its path there, whatever folder a path starts
 * from; everything else has the path as it is, and so has a file whose name would be that of another.
 */
function pathsByName(
  paths: readonly string[],
  root: string,
): Record<string, string> {
  const given = new Set(paths);
  const nameOf = (path: string) => {
    const absolute = resolve(path);
    const name = relative(root, absolute);
    const isFromHere = relative(Deno.cwd(), absolute) === path;
    return isFromHere && isPathInside(name) && !given.has(name) ? name : path;
  };
  return Object.fromEntries(paths.map((path) => [nameOf(path), path]));
}

/** The content of the user's data files that the config names, by their names in the preimage. */
async function userFiles(
  workspace: Workspace,
  node: Node,
  paths: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const [name, path] of Object.entries(paths)) {
    hashes[name] = await userFile(workspace, node, path);
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
    const info = workspace.noOpRecord.stat(absolute);
    if (info === undefined) throw new Error("there is no such file");
    if (!info.isDirectory) {
      if (!info.isFile) throw new Error(irregular(info));
      return await hashByIndex(workspace, absolute, info);
    }
    const listing = [];
    for (const path of filesOf(absolute, workspace.noOpRecord.stat)) {
      const file = `${absolute}/${path}`;
      const info = workspace.noOpRecord.stat(file);
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
