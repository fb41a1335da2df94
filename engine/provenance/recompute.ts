/** Recomputes recorded metrics from the artifacts: a signature proves who recorded them, not that they are right. */
import { statIfThere } from "../../base/stat.ts";
import { isInputError } from "../../base/input_error.ts";
import {
  type Artifact,
  hashOf,
  type Manifest,
  type Metrics,
  type NodeRecord,
} from "../../schemas/manifest.ts";
import { printable } from "../../base/names.ts";
import { isContentOf } from "./coherence.ts";
import { failure } from "../files/failure.ts";
import type { Pipeline } from "../graph/graph.ts";
import type { Progress } from "../graph/stage.ts";
import type { Store } from "../store/object_store.ts";

/** Metrics have four digits, of which another machine may round the last one differently. */
const ROUNDING = 1.01e-4;

/** Larger files are not texts that are scored. */
const BYTES = 512 << 20;

/**
 * Compares metrics with those that the pipeline computes from the artifacts in a store. Returns the nodes whose metrics
 * could not be recomputed, as artifacts are missing. A metric that a record lacks claims nothing: an earlier version may not
 * have had it.
 *
 * @throws a failure if a metric differs
 */
export async function checkMetrics(
  { recompute }: Pick<Pipeline, "recompute">,
  { nodes }: Pick<Manifest, "nodes">,
  store: Store,
  progress: (progress: Progress) => void = () => {},
  names: readonly string[] = Object.keys(nodes),
): Promise<string[]> {
  const lacking: string[] = [];
  if (recompute === undefined) return lacking;
  for (const [done, name] of names.entries()) {
    progress({ done, total: names.length, unit: "nodes", note: name });
    const record = nodes[name];
    let found: Metrics | undefined;
    try {
      found = await recompute(opened(record, nodes, store));
    } catch (error) {
      if (!isInputError(error)) throw error;
      throw failure(
        `Cannot believe the metrics of node "${name}": ${
          printable(error.message.replace(/\.$/, ""))
        }; whoever recorded them must make them anew with "deno task pipeline run --force ${name}".`,
      );
    }
    if (found === undefined) lacking.push(name);
    for (const [metric, value] of Object.entries(found ?? {})) {
      const recorded = record.metrics[metric];
      if (recorded === undefined || isEqual(recorded, value)) continue;
      throw failure(
        `Cannot believe the metrics of node "${name}": ${
          printable(`${metric} is recorded as ${recorded}`)
        }, and its artifacts give ${value}; whoever recorded them must make them anew with "deno task pipeline run --force ${name}".`,
      );
    }
  }
  return lacking;
}

/** A line that names the nodes whose metrics were not recomputed; empty if there are none. */
export function lackingText(lacking: readonly string[]): string {
  const [first] = lacking;
  if (first === undefined) return "";
  const others = lacking.length - 1;
  return `Not recomputed, as artifacts are not here: the metrics of ${first}${
    others === 0 ? "" : ` and ${others} more node${others === 1 ? "" : "s"}`
  }.\n`;
}

function opened(
  { preimage, inputs, outputs, metrics }: NodeRecord,
  nodes: Manifest["nodes"],
  store: Store,
) {
  const pathOf = async (artifact: Artifact | undefined) => {
    if (artifact === undefined || artifact.bytes > BYTES) return undefined;
    return await store.check(artifact) === "whole"
      ? store.path(artifact)
      : undefined;
  };
  return {
    stage: preimage.stage,
    config: preimage.config,
    metrics,
    inputs: Object.keys(inputs),
    output: (name: string) =>
      pathOf(Object.hasOwn(outputs, name) ? outputs[name] : undefined),
    input: (name: string, output: string) => {
      const hash = preimage.inputs[name]?.[output];
      const from = inputs[name];
      const source = Object.hasOwn(nodes, from)
        ? nodes[from].outputs[output]
        : undefined;
      return pathOf(
        isContentOf(hash ?? "", source) ? source : artifactOf(hash, store),
      );
    },
  };
}

/** The artifact of a content, if it is in the store though no node of the manifest has it. */
function artifactOf(
  content: string | undefined,
  store: Store,
): Artifact | undefined {
  if (content === undefined) return undefined;
  const sha256 = hashOf(content);
  const kind = content === sha256 ? {} : { folder: true as const };
  const artifact = { sha256, bytes: 0, mediaType: "", ...kind };
  const info = statIfThere(store.path(artifact));
  return info === undefined ? undefined : { ...artifact, bytes: info.size };
}

function isEqual(
  recorded: number | string | undefined,
  found: number | string,
): boolean {
  return typeof recorded === "number" && typeof found === "number"
    ? Math.abs(recorded - found) <= ROUNDING
    : recorded === found;
}
