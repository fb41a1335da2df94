/** Writes a Croissant folder for each data set: the description and the sentence pairs. */
import { dirname, join } from "@std/path";
import { failure } from "../../../engine/files/failure.ts";
import { hashFile } from "../../../engine/files/hash.ts";
import { commandToRun } from "../../../engine/store/command_to_run.ts";
import { pathIn } from "../../../base/names.ts";
import { croissant, folderOf, PAIRS, type PairsFile } from "./croissant.ts";
import type { DataSet } from "../data.ts";
import { pairsOf } from "./pairs.ts";
import { indented, writeFile } from "../places.ts";
import type { Described } from "../record.ts";

/** Writes a folder for each data set, and gives the paths of their descriptions. */
export async function writeCroissants(
  folder: string,
  { data, lineage, source: { workspace, given } }: Described,
): Promise<string[]> {
  const paths: string[] = [];
  for (const set of data) {
    const node = lineage.find(({ name }) => name === set.node);
    const [fetched] = node?.outputs ?? [];
    const condition = fetched === undefined
      ? "missing"
      : await workspace.store.check(fetched.artifact);
    if (set.folder === undefined || condition !== "whole") {
      throw failure(
        `Cannot describe the data set ${set.name}: what was fetched of it is ${condition}; run "${
          commandToRun(workspace, [set.node], given)
        }" to get it anew.`,
      );
    }
    const own = pathIn(folder, folderOf(set));
    const pairs = await writePairs(set, set.folder, join(own, PAIRS));
    const path = join(own, "croissant.json");
    writeFile(path, indented(croissant(set, pairs, node?.making?.ended)));
    paths.push(path);
  }
  return paths;
}

async function writePairs(
  set: DataSet,
  folder: string,
  path: string,
): Promise<PairsFile> {
  const work = await Deno.makeTempDir();
  try {
    const lines = async function* () {
      for await (const pair of pairsOf(set, folder, work)) {
        yield JSON.stringify(pair) + "\n";
      }
    };
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeTextFile(path, ReadableStream.from(lines()));
  } finally {
    await Deno.remove(work, { recursive: true });
  }
  return await hashFile(path);
}
