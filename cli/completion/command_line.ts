/** Answers the scripts of `shells.ts`: completes a line of `deno task pipeline` or of another task. */
import { readExperiment } from "../../engine/graph/experiment.ts";
import {
  loadCommand,
  PIPELINE_COMMANDS,
  TASK_COMMANDS,
} from "../commands/index.ts";
import type { Console } from "../console/console.ts";
import { EXIT } from "../exit.ts";
import { currentIn, EXPERIMENTS } from "../experiment.ts";
import type { ProjectPipeline } from "../project_pipeline.ts";
import { complete, completionText, type Line } from "./completion.ts";

/** Prints the candidates for the last word; the first word is the task. */
export async function completeCommandLine(
  console: Console,
  load: () => Promise<ProjectPipeline>,
  [task = "", ...words]: readonly string[],
): Promise<number> {
  const line = await lineOf(task);
  if (line === undefined) return EXIT.done;
  const found = await complete(line, words, async (given) => {
    const { value, what } = readExperiment(
      EXPERIMENTS,
      given.get("--experiment")?.at(-1) ??
        currentIn(given.get("--artifacts")?.at(-1)),
      given.get("--set") ?? [],
    );
    return [...(await load()).graph(value, what).keys()];
  });
  console.out(completionText(found));
  return EXIT.done;
}

async function lineOf(task: string): Promise<Line | undefined> {
  const file = TASK_COMMANDS.get(task);
  if (file !== undefined) {
    return { commands: [], fallback: await loadCommand(file) };
  }
  if (task !== "pipeline") return undefined;
  const commands = await Promise.all(
    [...PIPELINE_COMMANDS.values()].map(loadCommand),
  );
  return { commands, fallback: commands[0] };
}
