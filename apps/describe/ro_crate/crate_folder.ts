/** Writes the folder of an RO-Crate: copies of the described files, and the description. */
import { join } from "@std/path";
import { readIfThere } from "../../../engine/files/atomic.ts";
import { failure } from "../../../engine/files/failure.ts";
import { canonical } from "../../../engine/files/hash.ts";
import { commandToRun } from "../../../engine/store/command_to_run.ts";
import { ROOT } from "../../../engine/keys/project.ts";
import { pathIn } from "../../../base/names.ts";
import { copyFile, indented, writeFile } from "../places.ts";
import type { MadeOutput } from "../made_node.ts";
import { type Described, spanOf } from "../record.ts";
import { METADATA, roCrate, type RunFiles } from "./ro_crate.ts";

/**
 * Writes the crate and gives the path of its description; `notice` gets a line for each output described without its bytes, as they are
 * gone.
 */
export async function writeCrate(
  folder: string,
  described: Described,
  notice: (line: string) => void,
): Promise<string> {
  const { source: { workspace, given }, nodes, lineage } = described;
  if (spanOf(lineage) === undefined) {
    throw failure(
      "Cannot describe the run as an RO-Crate, which has to say when it was made: no record of that is left; make it anew " +
        `with "${commandToRun(workspace, ["--force"], given)}".`,
    );
  }
  const files = runFiles(described);
  for (const { path, text } of Object.values(files)) {
    writeFile(join(folder, path), text);
  }
  for (const output of nodes.flatMap(({ outputs }) => outputs)) {
    if (output.at === undefined) {
      notice(`${output.path} is gone, and told without its bytes.`);
      continue;
    }
    const condition = await workspace.store.check(output.artifact);
    if (condition !== "whole") {
      throw failure(
        `Cannot copy ${output.path} into the crate: its object is ${condition}; run "${
          commandToRun(workspace, [], given)
        }" to make it anew.`,
      );
    }
    copyOutput(output, output.at, folder);
  }
  const path = join(folder, METADATA);
  writeFile(path, indented(roCrate(described, files)));
  return path;
}

function copyOutput(
  { path, artifact, files = [] }: MadeOutput,
  from: string,
  folder: string,
): void {
  const to = pathIn(folder, path);
  if (!artifact.folder) return copyFile(from, to);
  for (const file of files) {
    copyFile(pathIn(from, file.path), pathIn(to, file.path));
  }
}

function runFiles({ manifest }: Described): RunFiles {
  return {
    workflow: {
      path: "pipeline.ts",
      name: "the pipeline",
      mediaType: "text/typescript",
      text: readIfThere(join(ROOT, "pipeline.ts")) ?? "",
    },
    experiment: {
      path: "experiment.json",
      name: `the experiment ${manifest.experiment.name}`,
      mediaType: "application/json",
      text: indented(manifest.experiment.value),
    },
    manifest: {
      path: "manifest.json",
      name:
        "the manifest: each node with its key, config, inputs, outputs and metrics",
      mediaType: "application/json",
      text: canonical(manifest) + "\n",
    },
  };
}
