/** Refuses to sign or share a manifest whose records contradict each other. */
import type { Manifest } from "../../schemas/manifest.ts";
import { failure } from "../files/failure.ts";
import type { Graph } from "../graph/graph.ts";
import { incoherence } from "./coherence.ts";
import { incoherent } from "./trust_policy.ts";

/** What a command does with a manifest, such as `sign`, and how it calls it. */
export interface PublishAction {
  readonly verb: string;
  readonly what: string;
}

/** @throws a failure unless the records of a manifest agree with each other and with its experiment */
export function checkCoherent(
  manifest: Manifest,
  graph: Graph,
  { verb, what }: PublishAction,
): void {
  const found = incoherence(manifest, graph);
  if (found !== undefined) throw failure(incoherent(verb, what, found));
}
