/** Prints the committed results of all experiments. */
import {
  committedFolder,
  committedNames,
  readResults,
} from "../../apps/results/committed.ts";
import type { Saved } from "../../apps/results/gather.ts";
import { packedIn } from "../../apps/results/packed.ts";
import { inputError } from "../../base/input_error.ts";
import type { Json } from "../../schemas/manifest.ts";
import type { Store } from "../../engine/store/object_store.ts";
import { openWorkspace } from "../../engine/store/workspace.ts";
import { stacked } from "../console/table.ts";
import type { Console } from "../console/console.ts";
import { EXIT } from "../exit.ts";
import { artifactFolder } from "../experiment.ts";
import {
  checkFormat,
  recomputedAloud,
  type ResultsOptions,
  TABLES,
} from "./results.ts";

/**
 * Prints each table that has something to show, or the one that is named, of every experiment whose results are committed;
 * on standard error, which of them were recomputed.
 */
export async function printAllResults(
  console: Console,
  options: ResultsOptions,
): Promise<number> {
  const { json, latex } = options;
  if (options.last || options.save || options.experiment !== "") {
    throw inputError(
      "Cannot print results of all experiments and of one at once; name --all, or else --experiment, --last or --save.",
    );
  }
  checkFormat(options);
  const artifacts = artifactFolder(options.artifacts);
  const names = committedNames(artifacts);
  if (names.length === 0) {
    throw inputError(
      `Cannot show results: none are committed in "${
        committedFolder(artifacts, "")
      }".`,
    );
  }
  const { store } = openWorkspace(artifacts);
  const tables = Object.entries(TABLES)
    .filter(([name]) => [name, undefined].includes(options.table));
  const columns = console.size("out")?.columns;
  const experiments: Json[] = [];
  let printed = 0;
  for (const name of names) {
    const saved = readResults(artifacts, name);
    if (saved === undefined) continue;
    const shown = options.recompute
      ? await recomputedIfPacked(
        console,
        saved,
        committedFolder(artifacts, name),
        store,
      )
      : saved;
    if (json) {
      const found = tables.map(([table, { json }]) => [table, json(shown)]);
      experiments.push({ experiment: name, ...Object.fromEntries(found) });
      continue;
    }
    for (const [table, { text }] of tables) {
      const found = text(shown, latex ? "latex" : "markdown");
      if (found === "") continue;
      printed++;
      console.out(`${latex ? "%" : "##"} ${name}: ${table}\n\n`);
      console.out(stacked(found, columns) + "\n\n");
    }
  }
  if (json) console.out(JSON.stringify({ experiments }) + "\n");
  else if (printed === 0) {
    const asked = tables.map(([table]) => table).join(", ");
    console.err(`The committed results have nothing for ${asked}.\n`);
  }
  return EXIT.done;
}

/** Results of trials alone, and those of an earlier version, have no statistics. */
async function recomputedIfPacked(
  console: Console,
  saved: Saved,
  folder: string,
  store: Store,
): Promise<Saved> {
  if (packedIn(folder).length === 0) {
    console.err(
      `${folder} has no statistics: its figures are shown as recorded.\n`,
    );
    return saved;
  }
  return await recomputedAloud(console, saved, folder, store);
}
