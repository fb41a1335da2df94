/** Builds the manifest of a run: the nodes of its experiment, each as it was last brought up to date. */
import { resolve } from "@std/path";
import type { Code, Json, NodeRecord } from "../../schemas/manifest.ts";
import { canonical } from "../files/hash.ts";
import type { Graph } from "../graph/graph.ts";
import { isCurrent, writeCurrent } from "../store/current.ts";
import { withCommitLock } from "../store/lock.ts";
import {
  isWritten,
  manifestText,
  readManifest,
  writeManifest,
} from "../store/manifest.ts";
import type { Assessment } from "./plan.ts";
import type { Workspace } from "../store/workspace.ts";

/** What a run is of. */
export interface RunExperiment {
  readonly name: string;
  readonly value: Json;
  /** Its file; undefined where it is made again from a manifest. */
  readonly path?: string;
  /** What was set of its file's values, as `path.to.key=value`. */
  readonly set?: readonly string[];
}

export interface NextManifest {
  /** Adds a node that is up to date. */
  add(assessment: Assessment): void;
  /** Whether the manifest on disk is equal, and the experiment current. */
  isWritten(): boolean;
  /** Writes the manifest and the stat index. */
  save(): void;
  /** Saves unless saving has taken more than a tenth of the time so far: a large manifest is not written for each node. */
  saveNowAndThen(): void;
}

/** @param job whether it is the manifest of a job, which leaves that of another experiment as it is */
export function openNextManifest(
  { folder, manifest, index }: Workspace,
  graph: Graph,
  { path, set = [], ...experiment }: RunExperiment,
  { job = false } = {},
): NextManifest {
  // What another experiment left under the same names is nothing of this one.
  const recorded = manifest?.experiment.name === experiment.name
    ? Object.entries(manifest.nodes)
    : [];
  const nodes = new Map<string, NodeRecord>(
    recorded.filter(([name]) => graph.has(name)),
  );
  const code = new Map<string, Code>(Object.entries(manifest?.code ?? {}));
  const text = () => manifestText(experiment, nodes, code);
  const current = path === undefined
    ? undefined
    : { name: experiment.name, path: resolve(path), set: [...set] };
  const isRecorded = () => current === undefined || isCurrent(folder, current);
  const added = new Set<string>();
  /** Takes over what other runs of the experiment have recorded meanwhile; returns whether the manifest is of it. */
  const merge = () => {
    const written = readManifest(folder);
    const isOurs = written !== undefined &&
      canonical(written.experiment) === canonical(experiment);
    if (!isOurs) return false;
    for (const [name, record] of Object.entries(written.nodes)) {
      if (graph.has(name) && !added.has(name)) nodes.set(name, record);
    }
    for (const [hash, each] of Object.entries(written.code)) {
      code.set(hash, each);
    }
    return true;
  };
  const save = () => {
    withCommitLock(folder, () => {
      if (!merge() && job) return;
      writeManifest(folder, text());
      if (current !== undefined && !isRecorded()) writeCurrent(folder, current);
    });
    index.save();
  };
  let next = 0;
  return {
    add: ({ node, key, described, result }) => {
      if (key === undefined || result === undefined) return;
      code.set(described.preimage.code, described.code);
      added.add(node.name);
      nodes.set(node.name, {
        key,
        preimage: described.preimage,
        inputs: node.inputs,
        ...result,
      });
    },
    isWritten: () => isWritten(folder, text()) && isRecorded(),
    save,
    saveNowAndThen: () => {
      const began = performance.now();
      if (began < next) return;
      save();
      const ended = performance.now();
      next = ended + 9 * (ended - began);
    },
  };
}
