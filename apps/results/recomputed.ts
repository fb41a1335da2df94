/** Recomputes committed results from the texts beside them: each score, interval and p-value. */
import { dirname, join } from "@std/path";
import { removeIfThere } from "../../engine/files/atomic.ts";
import { failure } from "../../engine/files/failure.ts";
import { sha256 } from "../../engine/files/hash.ts";
import { checkMetrics } from "../../engine/provenance/recompute.ts";
import { openWorkspace } from "../../engine/store/workspace.ts";
import type { Metrics } from "../../schemas/manifest.ts";
import { nodesOf, type Saved, systemsIn } from "./gather.ts";
import { recompute } from "./recompute.ts";
import { packedIn, unpackTranslations } from "./translations.ts";

export interface Recomputed extends Saved {
  /** How many figures were computed, of how many nodes. */
  readonly figures: number;
  readonly nodes: number;
  /** Evaluations and comparisons whose texts are not there. */
  readonly lacking: readonly string[];
}

/**
 * The results with every figure that follows from the texts in their folder. What a comparison of an earlier version does
 * not have, such as two-sided p-values, is added.
 *
 * @throws a failure where there are no texts, or where a recorded figure is another than they give
 */
export async function recomputed(
  saved: Saved,
  folder: string,
): Promise<Recomputed> {
  const { results, manifest } = saved;
  const files = packedIn(folder);
  if (files.length === 0) {
    throw failure(
      `Cannot recompute the results in "${folder}": they were saved without translations, by an earlier version, so ` +
        `that their p-values stay as recorded; make them anew with "deno task pipeline reproduce ${
          join(folder, "manifest.json")
        }".`,
    );
  }
  const temporary = Deno.makeTempDirSync({ prefix: "recomputed-" });
  try {
    const { store } = openWorkspace(temporary);
    for (const file of files) {
      for (const text of textsOf(join(folder, file))) {
        const artifact = { sha256: sha256(text), bytes: 0, mediaType: "" };
        const path = store.path(artifact);
        Deno.mkdirSync(dirname(path), { recursive: true });
        Deno.writeTextFileSync(path, text);
      }
    }
    const nodes = { ...manifest.nodes };
    const lacking: string[] = [];
    let [figures, made] = [0, 0];
    for (const [name, record] of Object.entries(manifest.nodes)) {
      if (!/^(evaluate|compare)$/.test(record.preimage.stage)) continue;
      let found: Metrics = {};
      const keep = async (node: Parameters<typeof recompute>[0]) => {
        const metrics = await recompute(node);
        found = metrics ?? {};
        return metrics;
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
    const systems = systemsIn(
      { ...manifest, nodes },
      results.measured,
      nodesOf(results.systems),
    );
    return {
      results: { ...results, systems },
      manifest: { ...manifest, nodes },
      ...{ figures, nodes: made, lacking },
    };
  } finally {
    removeIfThere(temporary);
  }
}

function textsOf(path: string): string[] {
  try {
    return unpackTranslations(Deno.readFileSync(path));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw failure(
      `Cannot use "${path}": ${error.message}; restore it with git.`,
    );
  }
}
