/** What is vouched for before others: it holds together for its experiment, and its metrics are those of its artifacts. */
import type { Manifest } from "../schemas/manifest.ts";
import { type CommonOptions, type Console, watcherOf } from "./commands.ts";
import { incoherence } from "./coherence.ts";
import { failure } from "./failure.ts";
import type { Graph, Pipeline } from "./graph.ts";
import { checkMetrics, lackingText } from "./recompute.ts";
import type { Progress } from "./stage.ts";
import type { Store } from "./store.ts";
import { incoherent } from "./trust.ts";

/** Reads the pipeline, which is for commands that may not need it. */
export type LoadPipeline = () => Promise<Pipeline>;

/** What a command does with a manifest, such as `sign`, and how it calls it. */
export interface Deed {
  readonly verb: string;
  readonly what: string;
}

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

/** A failure unless the records of a manifest are of each other and of its experiment. */
export function checkCoherent(
  manifest: Manifest,
  graph: Graph,
  { verb, what }: Deed,
): void {
  const torn = incoherence(manifest, graph);
  if (torn !== undefined) throw failure(incoherent(verb, what, torn));
}
