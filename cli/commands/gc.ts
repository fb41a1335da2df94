/** The command gc: shows what would be removed, asks, and removes it. */
import { checkArtifactFolder } from "../../engine/store/artifact_folder.ts";
import { statIfThere } from "../../engine/files/atomic.ts";
import {
  collect,
  type Collection,
  isEmpty,
  isWithin,
} from "../../engine/store/gc_sweep.ts";
import {
  artifactFolder,
  type Command,
  type CommonOptions,
  type Console,
  EXIT,
  watcherOf,
} from "./pipeline.ts";
import { failure } from "../../engine/files/failure.ts";
import {
  type CollectionOptions,
  planCollection,
} from "../../engine/store/gc_plan.ts";
import {
  collectionJson,
  collectionText,
  removedText,
} from "../console/gc_listing.ts";
import { lockFolder } from "../../engine/store/lock.ts";
import { readNamedManifest } from "../../engine/store/manifest.ts";

export interface GcCommandOptions
  extends
    Pick<CommonOptions, "artifacts" | "json">,
    Pick<CollectionOptions, "keepLast" | "olderThan" | "maxSize"> {
  /** Paths of manifests that are kept as well. */
  readonly manifest: readonly string[];
  readonly yes: boolean;
  readonly dryRun: boolean;
}

export async function gcCommand(
  { console }: Pick<Command, "console">,
  options: GcCommandOptions,
): Promise<number> {
  const { json } = options;
  const folder = artifactFolder(options.artifacts);
  checkArtifactFolder(folder);
  const manifests = options.manifest.map(readNamedManifest);
  const request = () => ({ ...options, manifests, now: console.now() });
  const plan = () => planCollection(folder, request());
  const tell = (planned: Collection, removed: boolean) =>
    console.out(
      (json
        ? JSON.stringify(collectionJson(planned, removed))
        : removed
        ? removedText(planned)
        : collectionText(planned, request())) + "\n",
    );
  const isSure = options.yes && !options.dryRun &&
    statIfThere(folder) !== undefined;
  const shown = isSure ? undefined : plan();
  if (shown !== undefined) {
    tell(shown, false);
    if (json || isEmpty(shown)) return EXIT.done;
    if (!agrees(console, options.dryRun)) return EXIT.done;
  }
  const stream = json ? "err" : "out";
  using _lock = await lockFolder(
    folder,
    options.artifacts !== undefined,
    (line) => console[stream](line + "\n"),
  );
  const planned = plan();
  if (shown !== undefined && !isWithin(planned, shown)) {
    throw failure(
      `Cannot remove what was shown from "${folder}": a run has changed it meanwhile; run gc again.`,
    );
  }
  if (shown === undefined && !json) tell(planned, false);
  if (!isEmpty(planned)) removeShowing(console, folder, planned, json);
  if (json || !isEmpty(planned)) tell(planned, !isEmpty(planned));
  return EXIT.done;
}

/** Whether the user, where there is one, wants what was shown to be removed. */
function agrees(console: Console, dryRun: boolean): boolean {
  const answer = dryRun ? null : console.ask("Remove these? [y/N]");
  if (/^y(es)?$/i.test(answer?.trim() ?? "")) return true;
  const remedy = answer === null ? "; --yes removes these" : "";
  console.out(`Nothing was removed${remedy}.\n`);
  return false;
}

function removeShowing(
  console: Console,
  folder: string,
  collection: Collection,
  json: boolean,
): void {
  const watcher = watcherOf(console, { json });
  try {
    watcher.start("gc", ["removing"]);
    collect(folder, collection, (done) => watcher.progress("gc", done));
  } finally {
    watcher.close();
  }
}
