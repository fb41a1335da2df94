/** Which outputs of a run push and export send, and how that is printed. */
import { format } from "@std/fmt/bytes";
import { SUBWORDS, subwordsOf } from "../../schemas/subwords.ts";
import type { Graph } from "../../engine/graph/graph.ts";
import { select } from "../../engine/graph/selection.ts";
import { failure } from "../../engine/files/failure.ts";
import {
  type Artifact,
  contentOf,
  type Manifest,
} from "../../schemas/manifest.ts";
import { argument, choice } from "../options.ts";
import { counted, table } from "../console/table.ts";

/** What those who receive a run do with it. */
const PURPOSES = ["use", "reproduce", "all"] as const;
type Purpose = (typeof PURPOSES)[number];

/** The option of commands that send. */
export const purpose = choice(
  "<purpose>",
  "use: what the nodes made (default if any are named); reproduce: also what it was made of, but no states; " +
    "all: also states",
  PURPOSES,
);

export const sentNodes = argument(
  "[nodes...]",
  "names or globs; all unless given",
);

/** What the user asks for. */
export interface Wish {
  readonly nodes: readonly string[];
  readonly for: Purpose | undefined;
}

/** A node, and which of its outputs are sent. */
export interface Share {
  readonly node: string;
  readonly outputs: readonly string[];
  /** Of these outputs. */
  readonly bytes: number;
  /** Of all its outputs. */
  readonly allBytes: number;
}

/**
 * The nodes of a manifest, in the order of the graph, with those of their outputs that are sent.
 *
 * @param remade stages whose outputs are remade sooner than they are sent
 * @throws an input error for a name that is no node, a failure for one that the manifest lacks
 */
export function sharesOf(
  { nodes: records }: Pick<Manifest, "nodes">,
  graph: Graph,
  { nodes, for: given }: Wish,
  remade: readonly string[],
): Share[] {
  const purpose = given ?? (nodes.length === 0 ? "reproduce" : "use");
  const { asked, scope } = select(graph, { nodes });
  const inner = new Set(
    [...graph.values()].flatMap(({ inputs }) => Object.values(inputs)),
  );
  const used = nodes.length === 0 ? asked.difference(inner) : asked;
  const never = nodes.length === 0
    ? undefined
    : [...asked].find((name) => records[name] === undefined);
  if (never !== undefined) {
    throw failure(
      `Cannot share node "${never}": the manifest lacks it; run it first, or pull it.`,
    );
  }
  const withSubwords = new Set(
    [...used].filter((name) => records[name] !== undefined)
      .map((name) => subwordsOf(records, name)),
  );
  const isNamed = (node: string) => nodes.length > 0 && asked.has(node);
  const isSent = (node: string, output: string): boolean => {
    if (purpose === "all") return scope.has(node);
    if (purpose === "reproduce") {
      const { stage } = records[node].preimage;
      return scope.has(node) && (!remade.includes(stage) || isNamed(node));
    }
    return used.has(node) || output === SUBWORDS && withSubwords.has(node);
  };
  return [...graph.keys()].filter((node) => records[node] !== undefined)
    .map((node) => {
      const outputs = Object.entries(records[node].outputs);
      const sent = outputs.filter(([output]) => isSent(node, output));
      return {
        node,
        outputs: sent.map(([output]) => output),
        bytes: bytesOf(sent),
        allBytes: bytesOf(outputs),
      };
    });
}

function bytesOf(outputs: readonly (readonly [string, Artifact])[]): number {
  return outputs.reduce((sum, [, { bytes }]) => sum + bytes, 0);
}

/** The contents that are sent. */
export function contentsIn(
  { nodes }: Pick<Manifest, "nodes">,
  shares: readonly Share[],
): ReadonlySet<string> {
  return new Set(
    shares.flatMap(({ node, outputs }) =>
      outputs.map((output) => contentOf(nodes[node].outputs[output]))
    ),
  );
}

/** The nodes that are sent with their sizes, then what is not, as text. */
export function sharesText(shares: readonly Share[]): string {
  const sent = shares.filter(({ outputs }) => outputs.length > 0);
  const rows = sent.map(({ node, bytes, allBytes, outputs }) => [
    node,
    format(bytes),
    bytes < allBytes ? `only ${outputs.join(", ")}` : "",
  ]);
  const left = shares.filter(({ bytes, allBytes }) => bytes < allBytes);
  const bytes = left.reduce((sum, each) => sum + each.allBytes - each.bytes, 0);
  return [
    ...rows.length === 0 ? ["Nothing to send."] : [table(rows)],
    ...left.length === 0 ? [] : [
      `Not sent: ${format(bytes)} of ${
        fewNodes(left.map(({ node }) => node))
      } (--for decides).`,
    ],
  ].join("\n") + "\n";
}

/** The names of a few nodes, or how many there are. */
export function fewNodes(nodes: readonly string[]): string {
  return nodes.length > 3 ? counted(nodes.length, "node") : nodes.join(", ");
}
