/** Runs a command line: finds the command that it names, loads no other, parses the arguments, runs it. */
import { inputError, isInputError, suggestion } from "../base/input_error.ts";
import { isFailure } from "../engine/files/failure.ts";
import type { Command, Context } from "./command.ts";
import {
  loadCommand,
  PIPELINE_COMMANDS,
  TASK_COMMANDS,
} from "./commands/index.ts";
import { consoleOf, processConsole } from "./console/console.ts";
import { EXIT, exitCode, interruption } from "./exit.ts";
import { load } from "./load.ts";
import { parseArguments, type Parsed } from "./parser.ts";
import type { ProjectPipeline } from "./project_pipeline.ts";

/** A task of deno.json, or several of them, and its commands. */
export interface Task {
  readonly name: string;
  readonly summary?: string;
  /** Files of commands by name. */
  readonly commands: ReadonlyMap<string, string>;
  readonly defaultCommand?: string;
}

export const PIPELINE_TASK: Task = {
  name: "deno task pipeline",
  summary: "Brings an experiment's nodes up to date, and tells of them.",
  commands: PIPELINE_COMMANDS,
  defaultCommand: "run",
};

/** The commands that are tasks of their own. */
export const OTHER_TASKS: Task = { name: "deno task", commands: TASK_COMMANDS };

/** All commands, as the command that `deno install` makes. */
export const CKD: Task = {
  ...PIPELINE_TASK,
  name: "ckd",
  commands: new Map([...PIPELINE_COMMANDS, ...TASK_COMMANDS]),
};

/** Runs the command line of a task and ends the process with its exit code. */
export async function main(
  task: Task,
  args: readonly string[],
): Promise<never> {
  const process = { console: processConsole, interruption };
  return Deno.exit(await runCommandLine(task, args, process));
}

/** Runs the command line of a task and returns its exit code. */
export async function runCommandLine(
  task: Task,
  args: readonly string[],
  process: Pick<Context, "console" | "interruption">,
): Promise<number> {
  const console = task === CKD
    ? consoleOf(CKD.name, TASK_COMMANDS.keys(), process.console)
    : process.console;
  return await exitCode(
    console,
    () => run(task, args, { ...process, console }),
  );
}

async function run(
  task: Task,
  given: readonly string[],
  { console, interruption }: Pick<Context, "console" | "interruption">,
): Promise<number> {
  const [first, ...rest] = given;
  if (first === "complete" && task.defaultCommand !== undefined) {
    const { completeCommandLine } = await load<
      typeof import("./completion/command_line.ts")
    >(import.meta.resolve("./completion/command_line.ts"));
    return await completeCommandLine(console, loadProject, rest);
  }
  if (first === "--version" && rest.length === 0) {
    const { versionText } = await load<typeof import("./version.ts")>(
      import.meta.resolve("./version.ts"),
    );
    console.out(versionText());
    return EXIT.done;
  }
  const args = first === "help" && task.defaultCommand !== undefined
    ? [...rest.slice(0, 1), "--help"]
    : given;
  const parsed = parseArguments(args, {
    ...task,
    commands: await commandsMeant(task, args),
    print: console.out,
  });
  if (parsed === undefined) return EXIT.done;
  const { command } = parsed;
  const values = await completed(parsed);
  return await command.run({
    console,
    args,
    commandNames: [...task.commands.keys()],
    load: loadProject,
    interruption,
    // A command that does not declare that it needs the pipeline does not read this one.
    pipeline: command.needsPipeline ? await loadProject() : NO_PIPELINE,
  }, values);
}

/** The values of a command line, with the defaults that depend on others. */
async function completed(
  { command, values }: Parsed,
): Promise<Parsed["values"]> {
  const missing = Object.entries(command.options).flatMap(
    ([key, { fallback }]) =>
      fallback === undefined || values[key] !== undefined
        ? []
        : [fallback(values).then((value) => [key, value] as const)],
  );
  return { ...values, ...Object.fromEntries(await Promise.all(missing)) };
}

/** The command that is named, or else the default one; all of them for their list. */
async function commandsMeant(
  { commands, defaultCommand }: Task,
  args: readonly string[],
): Promise<Command[]> {
  const word = args[0] === "--" ? args[1] : args[0];
  const file = commands.get(word ?? "");
  if (file !== undefined) return [await loadCommand(file)];
  const fallback = commands.get(defaultCommand ?? "");
  if (fallback === undefined && !word?.startsWith("-")) {
    throw unknownCommand(word, commands);
  }
  const isHelp = args.some((arg) => /^(-h|--help)$/.test(arg));
  if (!isHelp && fallback !== undefined) return [await loadCommand(fallback)];
  return await Promise.all([...commands.values()].map(loadCommand));
}

function unknownCommand(
  word = "",
  commands: ReadonlyMap<string, string>,
): Error {
  const names = [...commands.keys()];
  return inputError(
    word === ""
      ? `Cannot tell what to do; expected ${names.join(" or ")}.`
      : `Cannot find command "${word}"${
        suggestion(word, names).replace("?", "") ||
        `; there are ${names.join(" and ")}`
      }.`,
  );
}

const NO_PIPELINE: ProjectPipeline = { graph: () => new Map() };

let loading: Promise<ProjectPipeline> | undefined;

/** The pipeline of the project. */
function loadProject(): Promise<ProjectPipeline> {
  loading ??= load<{ readonly default: ProjectPipeline }>(
    import.meta.resolve("./project.ts"),
  ).then((module) => module.default, refuseModule);
  return loading;
}

/** A module of the pipeline that cannot be loaded is for its author to repair. */
function refuseModule(error: unknown): never {
  const isExplained = isInputError(error) || isFailure(error);
  if (isExplained || Deno.env.has("DEBUG")) throw error;
  const { message, stack } = error instanceof Error
    ? error
    : new Error(String(error));
  const [place] = /file:\/\/\S+?:\d+(:\d+)?/.exec(`${message}\n${stack}`) ?? [];
  const [reason] = message.split("\n");
  throw inputError(
    `Cannot load the pipeline: ${reason.replace(/[.:]$/, "")}${
      place === undefined || reason.includes(place) ? "" : ` at ${place}`
    }; mend the module and run again.`,
  );
}
