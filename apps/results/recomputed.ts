/** Recomputes committed results from the files beside them: each score, interval and p-value. */
import { dirname, join } from "@std/path";
import { quoted } from "../../base/shell_word.ts";
import { removeIfThere } from "../../engine/files/atomic.ts";
import { inputError } from "../../base/input_error.ts";
import { checkMetrics } from "../../engine/provenance/recompute.ts";
import type { Store } from "../../engine/store/object_store.ts";
import { openWorkspace } from "../../engine/store/workspace.ts";
import type { Artifact, Metrics } from "../../schemas/manifest.ts";
import {
  nodesOf,
  type Saved,
  savedOf,
  systemsIn,
  withComparedAnew,
} from "./gather.ts";
import { recompared, recompute } from "./recompute.ts";
import { packedIn, unpackSaved } from "./packed.ts";

export interface Recomputed extends Saved {
  /** How many figures were computed, of how many nodes. */
  readonly figures: number;
  readonly nodes: number;
  /** Evaluations and comparisons that cannot be recomputed. */
  readonly lacking: readonly string[];
}

/**
 * The results with every figure that follows from the statistics in their folder. Where `known`, the store of an artifact
 * folder, has the test pairs, the statistics are compared with what translations and references give. What a comparison of
 * an earlier version does not have, such as two-sided p-values, is added; with `anew` comparisons of an earlier version are
 * made by the method of this one, as `comparedAnew` of the results.
 *
 * @throws an input error where there are no statistics; a failure where a file is not as the manifest records it, or where a
 *   recorded figure is another than they give
 */
export async function recomputed(
  saved: Saved,
  folder: string,
  known: Store,
  { anew = false } = {},
): Promise<Recomputed> {
  const { results } = saved;
  const manifest = withComparedAnew(saved.manifest, results.comparedAnew);
  const temporary = Deno.makeTempDirSync({ prefix: "recomputed-" });
  try {
    const { store } = openWorkspace(temporary);
    const pathOf = (artifact: Artifact) => {
      const path = store.path(artifact);
      Deno.mkdirSync(dirname(path), { recursive: true });
      return path;
    };
    for (const file of packedIn(folder)) {
      for (
        const { artifact, text } of unpackSaved(join(folder, file), manifest)
      ) {
        Deno.writeTextFileSync(pathOf(artifact), text);
      }
    }
    for (const { outputs: { test } } of Object.values(manifest.nodes)) {
      if (test === undefined || await known.check(test) !== "whole") continue;
      const path = pathOf(test);
      // Several nodes may have the same, of which a copy is read-only.
      removeIfThere(path);
      Deno.copyFileSync(known.path(test), path);
    }
    const nodes = { ...manifest.nodes };
    const lacking: string[] = [];
    const comparedAnew: Record<string, Metrics> = { ...results.comparedAnew };
    let [figures, made] = [0, 0];
    for (const [name, record] of Object.entries(manifest.nodes)) {
      if (!/^(evaluate|compare)$/.test(record.preimage.stage)) continue;
      let found: Metrics = {};
      const keep = async (node: Parameters<typeof recompute>[0]) => {
        if (!anew || node.stage !== "compare") {
          const metrics = await recompute(node);
          found = metrics ?? {};
          return metrics;
        }
        const { metrics, isOfEarlierMethod } = await recompared(node) ?? {};
        found = metrics ?? {};
        if (!isOfEarlierMethod) return metrics;
        comparedAnew[name] = found;
        return {};
      };
      lacking.push(
        ...await checkMetrics({ recompute: keep }, manifest, store, () => {}, [
          name,
        ]),
      );
      nodes[name] = { ...record, metrics: { ...record.metrics, ...found } };
      figures += Object.values(found)
        .filter((value) => typeof value === "number").length;
      if (Object.keys(found).length > 0) made++;
    }
    if (made === 0) {
      throw inputError(
        `Cannot recompute the results in "${folder}": they were saved without statistics, so that their figures stay as ` +
          `recorded; make them anew with "deno task pipeline reproduce ${
            quoted(join(folder, "manifest.json"))
          }".`,
      );
    }
    const { measured, systems } = results;
    const order = nodesOf(systems);
    if (anew) {
      const beside = { ...results, comparedAnew };
      return {
        ...savedOf(saved.manifest, beside, order),
        ...{ figures, nodes: made, lacking },
      };
    }
    const found = { ...manifest, nodes };
    return {
      results: { ...results, systems: systemsIn(found, { measured }, order) },
      manifest: found,
      ...{ figures, nodes: made, lacking },
    };
  } finally {
    removeIfThere(temporary);
  }
}
