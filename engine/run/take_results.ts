/** Takes from the remote cache what it has of some nodes, before jobs are submitted for the others. */
import type { Graph, Node } from "../graph/graph.ts";
import type { Selected } from "../graph/selection.ts";
import { claimKey, isClaimed } from "../store/lock.ts";
import type { Workspace } from "../store/workspace.ts";
import { assess, type Result } from "./plan.ts";
import type { RemoteCache } from "./runner.ts";

export interface TakeOptions {
  readonly remoteCache?: RemoteCache;
  /** Whether the nodes that were asked for are made anew. */
  readonly force: boolean;
  notice(line: string): void;
}

/** Takes results as far as keys are known: one that depends on what a job makes is left to its own job. */
export async function takeResults(
  workspace: Workspace,
  graph: Graph,
  { scope, asked }: Selected,
  { remoteCache, force, notice }: TakeOptions,
): Promise<void> {
  if (remoteCache === undefined) return;
  const { folder } = workspace;
  const results = new Map<string, Result>();
  const assessNow = (node: Node) =>
    assess(workspace, node, (name) => results.get(name)?.outputs);
  for (const node of graph.values()) {
    const { name } = node;
    const { result, key } = await assessNow(node);
    if (result !== undefined) results.set(name, result);
    const isWanted = result === undefined && scope.has(name) &&
      !(force && asked.has(name));
    // A run that makes it at this moment would be waited for.
    if (!isWanted || key === undefined || isClaimed(folder, key)) continue;
    using _claim = await claimKey(folder, key, { onWait: () => {} });
    const isTaken = await remoteCache(workspace, name, key, {
      found: (where) => notice(`${name}: taken from ${where}.`),
      progress: () => {},
      notice,
    });
    const { result: taken } = isTaken ? await assessNow(node) : {};
    if (taken !== undefined) results.set(name, taken);
  }
}
