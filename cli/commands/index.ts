/** The list of all commands: a file each, in the folder of its group, in the order of the help. */
import type { Command } from "../command.ts";
import { load } from "../load.ts";

const FILES = [
  "run/run.ts",
  "look/status.ts",
  "look/explain.ts",
  "look/graph.ts",
  "look/log.ts",
  "share/verify.ts",
  "run/cancel.ts",
  "run/gc.ts",
  "look/results.ts",
  "look/report.ts",
  "share/describe.ts",
  "look/diff.ts",
  "share/reproduce.ts",
  "look/trace.ts",
  "share/keygen.ts",
  "share/sign.ts",
  "share/push.ts",
  "share/pull.ts",
  "share/get.ts",
  "share/export.ts",
  "share/import.ts",
  "share/convert.ts",
  "run/init.ts",
  "run/doctor.ts",
  "run/completion.ts",
  "use/translate.ts",
  "use/score.ts",
  "use/serve.ts",
  "use/web.ts",
];

/** The files of commands by their name: those of `deno task pipeline`, and those that are tasks of their own. */
export const PIPELINE_COMMANDS = filesByName((file) => !isTask(file));
export const TASK_COMMANDS = filesByName(isTask);

function isTask(file: string): boolean {
  return file.startsWith("use/");
}

function filesByName(
  isListed: (file: string) => boolean,
): ReadonlyMap<string, string> {
  return new Map(
    FILES.filter(isListed)
      .map((file) => [file.replace(/^.*\/|\.ts$/g, ""), file]),
  );
}

/** Loads the declaration of a command and no other. */
export async function loadCommand(file: string): Promise<Command> {
  const module = await load<{ readonly default: Command }>(
    import.meta.resolve(`./${file}`),
  );
  return module.default;
}
