/** Checks a manifest before it is signed or shared: its records fit together, its metrics follow from its artifacts. */
import {
  checkCoherent,
  type PublishAction,
} from "../../engine/provenance/publish.ts";
import {
  checkMetrics,
  lackingText,
} from "../../engine/provenance/recompute.ts";
import type { Graph } from "../../engine/graph/graph.ts";
import type { Store } from "../../engine/store/object_store.ts";
import type { Manifest } from "../../schemas/manifest.ts";
import type { Console } from "../console/console.ts";
import { withProgress } from "../console/show_progress.ts";
import type { ProjectPipeline } from "../project_pipeline.ts";

/**
 * Checks all of a manifest, and prints which metrics could not be recomputed. The graph of its experiment is built unless it
 * is given.
 *
 * @throws a failure if records contradict each other or a metric is another than its artifacts give.
 */
export async function checkPublishable(
  console: Console,
  pipeline: ProjectPipeline,
  manifest: Manifest,
  store: Store,
  action: PublishAction,
  { json, graph }: { readonly json: boolean; readonly graph?: Graph },
): Promise<void> {
  const { name, value } = manifest.experiment;
  const what = `the experiment "${name}" of ${action.what}`;
  checkCoherent(manifest, graph ?? pipeline.graph(value, what), action);
  await withProgress(
    console,
    { json },
    { name: action.verb, does: "recomputes metrics", unseenSeconds: 2 },
    async ({ progress }) => {
      const lacking = await checkMetrics(pipeline, manifest, store, progress);
      console.err(lackingText(lacking));
    },
  );
}
