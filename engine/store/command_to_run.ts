/** Commands that messages tell to run. */
import { join, resolve } from "@std/path";
import { isInputError } from "../../base/input_error.ts";
import { quoted } from "../../base/shell_word.ts";
import { readExperiment, settingsBetween } from "../graph/experiment.ts";
import { currentExperiment } from "./current.ts";
import { manifestPath, readManifest } from "./manifest.ts";
import type { Workspace } from "./workspace.ts";

/** More settings than a command shows; the manifest stands for them then. */
const MOST_SETTINGS = 3;

/**
 * The command that runs something in a workspace from the current directory.
 *
 * @param words what follows `run`, such as nodes and `--force`
 * @param experiment as a command line names it, by default the workspace's current one, with the values of its last run
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

/** The words that name the last run's experiment and its values; the manifest has both. None before the first run. */
function lastRun(folder: string, experiments: string): string[] {
  const recorded = ["--experiment", manifestPath(folder)];
  try {
    const last = readManifest(folder)?.experiment;
    const current = currentExperiment(folder, experiments);
    if (current === undefined || last === undefined) return [];
    const { value } = readExperiment(experiments, current, []);
    const settings = settingsBetween(value, last.value);
    return settings === undefined || settings.length > MOST_SETTINGS
      ? recorded
      : [
        ...["--experiment", current],
        ...settings.flatMap((setting) => ["--set", setting]),
      ];
  } catch (error) {
    if (isInputError(error)) return recorded;
    throw error;
  }
}
