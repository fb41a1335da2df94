/** Selects the nodes of a command: all, named ones with their dependencies, or a narrower part. */
import { globToRegExp } from "@std/path";
import { inputError, suggestion } from "../../base/input_error.ts";
import type { Graph } from "./graph.ts";

export interface Selection {
  /** Names or globs; they run with their dependencies. */
  readonly nodes?: readonly string[];
  readonly only?: readonly string[];
  readonly from?: readonly string[];
  readonly until?: readonly string[];
}

export interface Selected {
  /** What may run. */
  readonly scope: ReadonlySet<string>;
  /** What was named; the whole scope if nothing was. */
  readonly asked: ReadonlySet<string>;
}

/**
 * Applies a selection to a graph.
 *
 * @param words other words that the user may have mistyped, such as commands
 * @throws an input error for a name or glob that matches no node, and for parts that have no node in common
 */
export function select(
  graph: Graph,
  selection: Selection,
  words: readonly string[] = [],
): Selected {
  const match = (globs: readonly string[]) =>
    new Set(globs.flatMap((glob) => matches(graph, glob, words)));
  const { nodes = [], only = [], from = [], until = [] } = selection;
  const all = new Set(graph.keys());
  const asked = [
    ...nodes.length > 0 ? [match(nodes)] : [],
    ...only.length > 0 ? [match(only)] : [],
    ...from.length > 0 ? [descendants(graph, match(from))] : [],
    ...until.length > 0 ? [ancestors(graph, match(until))] : [],
  ].reduce<ReadonlySet<string>>((a, b) => a.intersection(b), all);
  if (asked.size === 0 && graph.size > 0) {
    const parts = [
      ...nodes,
      ...only.map((glob) => `--only ${glob}`),
      ...from.map((glob) => `--from ${glob}`),
      ...until.map((glob) => `--until ${glob}`),
    ];
    throw inputError(
      `Cannot select nodes with ${
        parts.join(" ")
      }: expected a node that all of them select, found none; leave one of them out.`,
    );
  }
  const open = only.length === 0 && from.length === 0 && nodes.length > 0;
  return { scope: open ? ancestors(graph, asked) : asked, asked };
}

/** Nodes and their dependencies. */
function ancestors(graph: Graph, names: ReadonlySet<string>): Set<string> {
  const found = new Set(names);
  for (const node of [...graph.values()].reverse()) {
    if (!found.has(node.name)) continue;
    for (const input of Object.values(node.inputs)) found.add(input);
  }
  return found;
}

/** Nodes and their dependents. */
function descendants(graph: Graph, names: ReadonlySet<string>): Set<string> {
  const found = new Set(names);
  for (const node of graph.values()) {
    const inputs = Object.values(node.inputs);
    if (inputs.some((input) => found.has(input))) found.add(node.name);
  }
  return found;
}

/** The nodes that a name or a glob means. */
export function nodesNamed(graph: Graph, glob: string): string[] {
  if (graph.has(glob)) return [glob];
  if (!/[*?[{]/.test(glob)) return [];
  const pattern = globToRegExp(glob);
  return [...graph.keys()].filter((name) => pattern.test(name));
}

function matches(
  graph: Graph,
  glob: string,
  words: readonly string[],
): string[] {
  const names = [...graph.keys()];
  const found = nodesNamed(graph, glob);
  if (found.length > 0) return found;
  if (words.includes(glob)) {
    throw inputError(
      `Cannot find node "${glob}": it is a command, and stands before all options.`,
    );
  }
  const hint = suggestion(glob, [...words, ...names]) ||
    `; the nodes are ${names.join(", ")}`;
  throw inputError(`Cannot find node "${glob}"${hint.replace(/\?$/, "")}.`);
}
