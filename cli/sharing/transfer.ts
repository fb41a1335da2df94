/** The parts that push, pull, export and import share: checks, the lock, progress, interruption. */
import { format as formatBytes } from "@std/fmt/bytes";
import type { Graph } from "../../engine/graph/graph.ts";
import { canonical } from "../../engine/files/hash.ts";
import { explainFullDisk } from "../../engine/files/failure.ts";
import {
  checkMetrics,
  lackingText,
} from "../../engine/provenance/recompute.ts";
import { lockFolder } from "../../engine/store/lock.ts";
import { manifestPath } from "../../engine/store/manifest.ts";
import { openWorkspace, type Workspace } from "../../engine/store/workspace.ts";
import type { Manifest } from "../../schemas/manifest.ts";
import type { CheckDownloaded } from "../../sharing/pull.ts";
import { type Contents, contentsOf } from "../../sharing/transfer/contents.ts";
import type { Listener, Transferred } from "../../sharing/transfer/download.ts";
import type { Context } from "../command.ts";
import { withProgress } from "../console/show_progress.ts";
import { counted } from "../console/table.ts";
import { EXIT } from "../exit.ts";
import { artifactFolder } from "../experiment.ts";
import type { ProjectPipeline } from "../project_pipeline.ts";
import { checkPublishable } from "./publication_check.ts";
import {
  contentsIn,
  fewNodes,
  type Share,
  sharesOf,
  sharesText,
  type Wish,
} from "./selection.ts";

/** What a transfer is called, and the options that all transfers have. */
export interface Transfer {
  readonly name: "push" | "pull" | "export" | "import";
  readonly artifacts: string | undefined;
  readonly json: boolean;
  readonly signal: AbortSignal;
}

/** Does the work of a command; if it is interrupted, says how to continue. `keeps`: whether a part of it is of use then. */
export async function interruptible(
  { console, interruption }: Context,
  work: (signal: AbortSignal) => Promise<void>,
  { keeps }: { readonly keeps: boolean },
): Promise<number> {
  const signal = interruption();
  try {
    await work(signal);
    return EXIT.done;
  } catch (error) {
    if (!signal.aborted) throw error;
    console.err(
      keeps
        ? "Interrupted; what has arrived is kept, run again to go on.\n"
        : "Interrupted; run again.\n",
    );
    return EXIT.interrupted;
  }
}

/** What is shared of an artifact folder, checked. */
export interface Publishable {
  readonly contents: Contents;
  readonly shares: readonly Share[];
}

/** The experiment that a manifest is of, and its graph. */
interface SharedExperiment {
  readonly experiment: Manifest["experiment"];
  readonly graph: Graph;
}

/** The experiment of an artifact folder's manifest; undefined without a manifest. */
export async function sharedExperiment(
  { load }: Context,
  artifacts: string | undefined,
): Promise<SharedExperiment | undefined> {
  const { manifest } = openWorkspace(artifactFolder(artifacts));
  return manifest && withGraph(await load(), manifest);
}

function withGraph(
  pipeline: ProjectPipeline,
  { experiment }: Manifest,
): SharedExperiment {
  const { name, value } = experiment;
  const graph = pipeline.graph(value, `the experiment "${name}"`);
  return { experiment, graph };
}

/** The contents of the artifact folder that are asked for, checked; prints them with their sizes. */
export async function publishableContents(
  { console, load }: Context,
  { name, artifacts, json }: Transfer,
  wish: Wish,
  known?: SharedExperiment,
): Promise<Publishable> {
  const workspace = openWorkspace(artifactFolder(artifacts));
  const pipeline = await load();
  let shares: readonly Share[] = [];
  let graph: Graph | undefined;
  const contents = await contentsOf(workspace, (manifest) => {
    // A run beside this command may have ended since.
    const isKnown = canonical(known?.experiment ?? null) ===
      canonical(manifest.experiment);
    graph = (isKnown && known || withGraph(pipeline, manifest)).graph;
    shares = sharesOf(manifest, graph, wish, pipeline.remade ?? []);
    return contentsIn(manifest, shares);
  });
  const action = { verb: name, what: `"${manifestPath(workspace.folder)}"` };
  await checkPublishable(
    console,
    pipeline,
    contents.manifest,
    workspace.store,
    action,
    { json, graph },
  );
  if (!json) console.err(sharesText(shares));
  return { contents, shares };
}

/** Transfers something and shows the progress meanwhile. */
export async function transfer<T>(
  { console }: Context,
  { name, json }: Transfer,
  work: (listener: Listener) => Promise<T>,
): Promise<T> {
  const does = "looks for what is missing";
  return await withProgress(console, { json }, { name, does }, work);
}

/** The same to the artifact folder, under its lock. */
export async function transferToFolder<T>(
  context: Context,
  options: Transfer,
  work: (workspace: Workspace, listener: Listener) => Promise<T>,
): Promise<T> {
  const folder = artifactFolder(options.artifacts);
  return await transfer(context, options, async (listener) => {
    using _lock = await Promise.race([
      aborted(options.signal),
      lockFolder(folder, listener.notice),
    ]);
    try {
      return await work(openWorkspace(folder), listener);
    } catch (error) {
      throw explainFullDisk(error, folder);
    }
  });
}

/** Rejects when the signal is aborted. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

/** A listener whose work on the disk stops at its next report after the signal. */
export function stoppable(listener: Listener, signal: AbortSignal): Listener {
  return {
    ...listener,
    progress: (progress) => {
      signal.throwIfAborted();
      listener.progress(progress);
    },
  };
}

/** Recomputes the metrics of a downloaded manifest, as far as its artifacts are here; tells of which nodes it did not. */
export function metricsCheck(
  { load }: Context,
  { progress, notice }: Listener,
): CheckDownloaded {
  return async (manifest, { store }) => {
    const lacking = await checkMetrics(await load(), manifest, store, progress);
    if (lacking.length > 0) notice(lackingText(lacking).trimEnd());
    return lacking;
  };
}

/** Which nodes were not taken in wholly, as the end of a sentence. */
export function notHeldText(nodes: readonly string[]): string {
  return nodes.length === 0 ? "" : `; not held: ${fewNodes(nodes)}`;
}

/** What was transferred, as text. */
export function transferredText({ objects, bytes }: Transferred): string {
  return objects === 0
    ? "all objects were there"
    : `${counted(objects, "object")} of ${formatBytes(bytes)}`;
}
