/**
 * Which results of a manifest are of its other ones. A manifest keeps what an earlier run, also of another experiment, left
 * under a name until a run comes to that node.
 */
import { changedInput } from "./coherence.ts";
import type { Manifest } from "../../schemas/manifest.ts";

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
    // One that is not recorded, as after a pull of few nodes, contradicts nothing.
    const there = Object.entries(record.inputs)
      .filter(([, source]) => records.has(source));
    const inputs = Object.fromEntries(there);
    const found = changedInput({ ...record, inputs }, records) ??
      there.map(([, source]) => find(source))
        .find((source) => source !== undefined);
    known.set(node, found);
    return found;
  };
  return find;
}
