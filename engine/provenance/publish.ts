/** Refuses a manifest whose records do not hold together, before it is signed or shared. */
import type { Manifest } from "../../schemas/manifest.ts";
import { failure } from "../files/failure.ts";
import type { Graph } from "../graph/graph.ts";
import { incoherence } from "./coherence.ts";
import { incoherent } from "./trust_policy.ts";

/** What a command does with a manifest, such as `sign`, and how it calls it. */
export interface Deed {
  readonly verb: string;
  readonly what: string;
}

/** A failure unless the records of a manifest are of each other and of its experiment. */
export function checkCoherent(
  manifest: Manifest,
  graph: Graph,
  { verb, what }: Deed,
): void {
  const torn = incoherence(manifest, graph);
  if (torn !== undefined) throw failure(incoherent(verb, what, torn));
}
