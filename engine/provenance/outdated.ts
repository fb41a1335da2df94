/**
 * Which results of a manifest are outdated: made of inputs other than those recorded now. A manifest keeps what an earlier
 * run left under a name until a run comes to that node.
 */
import type { Manifest } from "../../schemas/manifest.ts";
import { commandToRun } from "../store/command_to_run.ts";
import type { Workspace } from "../store/workspace.ts";
import { changedInput, withRecordedInputs } from "./coherence.ts";

/**
 * A function of a node's name: the node of which it, or what it was made of, had another result than is recorded now;
 * undefined where there is none.
 */
export function outdatedBy(
  nodes: Manifest["nodes"],
): (node: string) => string | undefined {
  const records = new Map(Object.entries(nodes));
  const known = new Map<string, string | undefined>();
  const find = (node: string): string | undefined => {
    const record = records.get(node);
    if (record === undefined) return undefined;
    if (known.has(node)) return known.get(node);
    known.set(node, undefined);
    const recorded = withRecordedInputs(record, records);
    const found = changedInput(recorded, records) ??
      Object.values(recorded.inputs).map(find)
        .find((source) => source !== undefined);
    known.set(node, found);
    return found;
  };
  return find;
}

/**
 * Why what a node made is not to be used, and the command that makes it again, as the end of a sentence; undefined where it
 * is not outdated.
 */
export function whyOutdated(
  workspace: Workspace,
  node: string,
): string | undefined {
  const source = outdatedBy(workspace.manifest?.nodes ?? {})(node);
  if (source === undefined) return undefined;
  return `it is of an earlier run, with another result of "${source}" than the last; run "${
    commandToRun(workspace, [node])
  }"`;
}
