/** Commands that messages tell to run. */
import { join, resolve } from "@std/path";
import { isInputError } from "../../base/input_error.ts";
import { quoted } from "../../base/shell_word.ts";
import { currentExperiment, currentSettings } from "./current.ts";
import { manifestPath } from "./manifest.ts";
import type { Workspace } from "./workspace.ts";

/**
 * The command that runs something in a workspace from the current directory.
 *
 * @param words what follows `run`, such as nodes and `--force`
 * @param experiment as a command line names it, by default the workspace's current one, with what was set in its last run
 */
export function commandToRun(
  { folder, project }: Pick<Workspace, "folder" | "project">,
  words: readonly string[],
  experiment?: string,
): string {
  return commandInFolder(folder, [
    "run",
    ...words,
    ...experiment === undefined
      ? lastRun(folder, join(project.root, "experiments"))
      : ["--experiment", experiment],
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

/** The words that name the current experiment and what was set. None before the first run. */
function lastRun(folder: string, experiments: string): string[] {
  try {
    const current = currentExperiment(folder, experiments);
    if (current === undefined) return [];
    const settings = currentSettings(folder);
    return [
      ...["--experiment", current],
      ...settings.flatMap((setting) => ["--set", setting]),
    ];
  } catch (error) {
    // Where its file is gone, the manifest has it as it was run.
    if (isInputError(error)) return ["--experiment", manifestPath(folder)];
    throw error;
  }
}
