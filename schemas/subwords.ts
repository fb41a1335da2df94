/** Which node of a manifest has the subwords of a model. */
import type { Manifest } from "./manifest.ts";

/** The output with the subwords. */
export const SUBWORDS = "tokenizer";

/** The node whose subwords a model has; undefined if a node's outputs are no model, or have them. */
export function subwordsOf(
  nodes: Manifest["nodes"],
  node: string,
): string | undefined {
  const { outputs, inputs } = nodes[node];
  if (!("model" in outputs) || SUBWORDS in outputs) return undefined;
  return inputs.tokens ?? `${prefixOf(node)}tokenize`;
}

/** A name with its language pair before it, where there are several. */
export function withPair(pair: string | undefined, name: string): string {
  return pair === undefined ? name : `${pair}/${name}`;
}

/** `pt-en/` of a node in a language pair, else nothing. */
export function prefixOf(node: string): string {
  return node.slice(0, node.lastIndexOf("/") + 1);
}
