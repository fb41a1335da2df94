/** Checks a manifest before it is signed or shared: its records are of each other, its metrics are those of its artifacts. */
import type { Pipeline } from "../engine/graph/graph.ts";
import type { Progress } from "../engine/graph/stage.ts";
import { checkCoherent, type Deed } from "../engine/provenance/publish.ts";
import { checkMetrics, lackingText } from "../engine/provenance/recompute.ts";
import type { Store } from "../engine/store/object_store.ts";
import type { Manifest } from "../schemas/manifest.ts";
import {
  type CommonOptions,
  type Console,
  watcherOf,
} from "./commands/pipeline.ts";

/** Reads the pipeline, which is for commands that may not need it. */
export type LoadPipeline = () => Promise<Pipeline>;

/** What takes no longer shows no progress. */
const SECONDS_UNSEEN = 2;

/** A failure unless all of a manifest holds; tells of which nodes the metrics could not be recomputed. */
export async function vouchFor(
  console: Console,
  pipeline: Pipeline,
  manifest: Manifest,
  store: Store,
  deed: Deed,
  { json }: Pick<CommonOptions, "json">,
): Promise<void> {
  const { name, value } = manifest.experiment;
  const what = `the experiment "${name}" of ${deed.what}`;
  checkCoherent(manifest, pipeline.graph(value, what), deed);
  const watcher = watcherOf(console, { json });
  const began = performance.now();
  let isShown = false;
  const show = (progress: Progress) => {
    const isDue = performance.now() - began > SECONDS_UNSEEN * 1000;
    if (!isShown && isDue) watcher.start(deed.verb, ["recomputes metrics"]);
    isShown ||= isDue;
    if (isShown) watcher.progress(deed.verb, progress);
  };
  try {
    const lacking = await checkMetrics(pipeline, manifest, store, show);
    console.err(lackingText(lacking));
  } finally {
    watcher.close();
  }
}
