/** Commands that messages tell to run. */
import { join, resolve } from "@std/path";
import { isInputError } from "../../base/input_error.ts";
import { quoted } from "../../base/shell_word.ts";
import { currentExperiment } from "./current.ts";
import { manifestPath } from "./manifest.ts";
import type { Workspace } from "./workspace.ts";

/**
 * The command that runs something in a workspace from the current directory.
 *
 * @param words what follows `run`, such as nodes and `--force`
 * @param experiment as a command line names it, by default the workspace's current one
 */
export function commandToRun(
  { folder, project }: Pick<Workspace, "folder" | "project">,
  words: readonly string[],
  experiment = currentOrRecorded(folder, join(project.root, "experiments")),
): string {
  return commandInFolder(folder, [
    "run",
    ...words,
    ...experiment === undefined ? [] : ["--experiment", experiment],
  ]);
}

/** The command that does something in an artifact folder from the current directory; `words` are all its others. */
export function commandInFolder(
  folder: string,
  words: readonly string[],
): string {
  return [
    "deno",
    "task",
    "pipeline",
    ...words,
    ...resolve(folder) === resolve("artifacts") ? [] : ["--artifacts", folder],
  ].map(quoted).join(" ");
}

/** Where the file of the current experiment is gone, the manifest has it as it was run. Undefined before the first run. */
function currentOrRecorded(
  folder: string,
  experiments: string,
): string | undefined {
  try {
    return currentExperiment(folder, experiments);
  } catch (error) {
    if (isInputError(error)) return manifestPath(folder);
    throw error;
  }
}
