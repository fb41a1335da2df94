/** The command `gc`: shows what would be removed, asks, and removes it. */
import { statIfThere } from "../../../base/stat.ts";
import { failure } from "../../../engine/files/failure.ts";
import { checkArtifactFolder } from "../../../engine/store/artifact_folder.ts";
import { planGc } from "../../../engine/store/gc_plan.ts";
import {
  type GcPlan,
  isEmpty,
  isSubset,
  sweep,
} from "../../../engine/store/gc_sweep.ts";
import { lockFolder } from "../../../engine/store/lock.ts";
import { readNamedManifest } from "../../../engine/store/manifest.ts";
import { command, type ValuesOf } from "../../command.ts";
import type { Console } from "../../console/console.ts";
import { planJson, planText, removedText } from "../../console/gc_listing.ts";
import { withProgress } from "../../console/show_progress.ts";
import { EXIT } from "../../exit.ts";
import { artifactFolder } from "../../experiment.ts";
import { age, positive, size } from "../../option_values.ts";
import { artifacts, flag, json, list, option } from "../../options.ts";

const declared = {
  artifacts,
  json,
  keepLast: option<number>(
    "<n>",
    "keeps what the last n runs used, beside the manifest",
    { parse: positive, default: 1 },
  ),
  olderThan: option<number | undefined>(
    "<age>",
    "removes only older results, and older checkpoints (otherwise 14d); m, h, d or w",
    { parse: age },
  ),
  maxSize: option<number | undefined>(
    "<size>",
    "removes the oldest results only, until objects take at most this, such as 20G; B, K, M, G or T of 1000",
    { parse: size },
  ),
  manifest: list(
    "<file>",
    "keeps what this manifest names as well; may be repeated",
  ),
  yes: flag("removes without asking"),
  dryRun: flag("prints what would be removed, removes nothing"),
};

export default command({
  name: "gc",
  group: "run",
  summary: "removes what no kept result needs; shows it first, and asks",
  needsPipeline: false,
  options: declared,
  examples: [
    ["", "shows what may go, and asks"],
    ["--older-than 30d --max-size 20G --yes", "as a job of the night"],
  ],
  run: ({ console }, values) => collectGarbage(console, values),
});

/** Removes what the user agrees to, and no more; returns the exit code. */
export async function collectGarbage(
  console: Console,
  options: ValuesOf<typeof declared>,
): Promise<number> {
  const { json } = options;
  const folder = artifactFolder(options.artifacts);
  checkArtifactFolder(folder);
  const manifests = options.manifest.map(readNamedManifest);
  const request = () => ({ ...options, manifests, now: console.now() });
  const plan = () => planGc(folder, request());
  const print = (planned: GcPlan, removed: boolean) =>
    console.out(
      (json
        ? JSON.stringify(planJson(planned, removed))
        : removed
        ? removedText(planned)
        : planText(planned, request())) + "\n",
    );
  const isSure = options.yes && !options.dryRun &&
    statIfThere(folder) !== undefined;
  const shown = isSure ? undefined : plan();
  if (shown !== undefined) {
    print(shown, false);
    if (json || isEmpty(shown)) return EXIT.done;
    if (!agrees(console, options.dryRun)) return EXIT.done;
  }
  const stream = json ? "err" : "out";
  using _lock = await lockFolder(
    folder,
    (line) => console[stream](line + "\n"),
  );
  const planned = plan();
  if (shown !== undefined && !isSubset(planned, shown)) {
    throw failure(
      `Cannot remove what was shown from "${folder}": a run has changed it meanwhile; run gc again.`,
    );
  }
  if (shown === undefined && !json) print(planned, false);
  if (!isEmpty(planned)) {
    await withProgress(
      console,
      options,
      { name: "gc", does: "removing" },
      ({ progress }) => sweep(folder, planned, progress),
    );
  }
  if (json || !isEmpty(planned)) print(planned, !isEmpty(planned));
  return EXIT.done;
}

/** Whether the user, if there is one, agrees to what was shown. */
function agrees(console: Console, dryRun: boolean): boolean {
  const answer = dryRun ? null : console.ask("Remove these? [y/N]");
  if (/^y(es)?$/i.test(answer?.trim() ?? "")) return true;
  const remedy = answer === null ? "; --yes removes these" : "";
  console.out(`Nothing was removed${remedy}.\n`);
  return false;
}
