/** Parses a command line by what commands declare; the only file that imports the package that parses. */
import {
  Argument as ParsedArgument,
  Command as Parser,
  CommanderError,
  Option as ParsedOption,
} from "commander";
import { inputError, suggestion } from "../base/input_error.ts";
import {
  type Command,
  type Example,
  flagOf,
  GROUPS,
  type Option,
} from "./command.ts";

export interface ParserOptions {
  /** How the task is called, such as `deno task pipeline`. */
  readonly name: string;
  readonly summary?: string;
  readonly commands: readonly Command[];
  /** The command that runs if none is named. */
  readonly defaultCommand?: string;
  /** Prints help. */
  print(text: string): void;
}

/** A command and the values of its arguments and options. */
export interface Parsed {
  readonly command: Command;
  readonly values: Readonly<Record<string, unknown>>;
}

/**
 * Parses a command line; undefined if help was asked for and printed.
 *
 * @throws an input error for what no command declares.
 */
export function parseArguments(
  args: readonly string[],
  options: ParserOptions,
): Parsed | undefined {
  checkNotEmpty(args);
  let parsed: Parsed | undefined;
  const plain = (parser: Parser) =>
    parser.exitOverride()
      .configureOutput({ writeOut: options.print, writeErr: () => {} })
      .helpCommand(false);
  const program = plain(new Parser(options.name));
  if (options.summary !== undefined) program.description(options.summary);
  for (const command of options.commands) {
    const isDefault = command.name === options.defaultCommand;
    const parser = plain(program.command(command.name, { isDefault }))
      .description(command.summary)
      .helpGroup(GROUPS[command.group])
      .addHelpText("after", examplesText(options.name, command));
    const names = Object.keys(command.arguments);
    for (
      const { placeholder, summary, choices } of Object.values(
        command.arguments,
      )
    ) {
      const argument = new ParsedArgument(placeholder, summary);
      parser.addArgument(
        choices === undefined ? argument : argument.choices(choices),
      );
    }
    for (const [key, option] of Object.entries(command.options)) {
      parser.addOption(parsedOption(key, option));
      if (isUntold(option)) {
        parser.setOptionValueWithSource(key, option.default, "default");
      }
    }
    parser.action((...given: unknown[]) => {
      const taken = names.map((name, i) => [name, given[i]] as const);
      parsed = {
        command,
        values: { ...Object.fromEntries(taken), ...parser.opts() },
      };
    });
  }
  program.addHelpText(
    "after",
    `\nExamples of a command: ${options.name} COMMAND --help\n` +
      `Versions of this project and what it uses: ${options.name} --version`,
  );
  try {
    program.parse([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) {
      throw inputError(
        `Cannot read the command line: ${mistakeText(error.message)}.`,
      );
    }
  }
  return parsed;
}

/** An input error for an empty argument, which an unset variable of a script leaves; as a path it would be this folder. */
function checkNotEmpty(args: readonly string[]): void {
  const at = args.findIndex((arg) => /^(--[\w-]+=)?$/.test(arg));
  if (at < 0) return;
  const after = args[at] !== "" || at === 0 ? args[at] : args[at - 1];
  throw inputError(
    `Cannot use an empty argument${
      after === "" ? "" : ` after "${after}"`
    }: expected a value; leave it out, or give one.`,
  );
}

function parsedOption(key: string, option: Option): ParsedOption {
  const { summary, placeholder, choices, parse, isRequired = false } = option;
  const flag = flagOf(key, option);
  const parsed = new ParsedOption(
    placeholder === undefined ? flag : `${flag} ${placeholder}`,
    summary,
  );
  if (option.default !== undefined && !isUntold(option)) {
    parsed.default(option.default, option.defaultText);
  }
  if (choices !== undefined) parsed.choices(choices);
  if (parse !== undefined) {
    parsed.argParser((text, previous: unknown) => parse(text, previous, flag));
  }
  return parsed.makeOptionMandatory(isRequired);
}

/** Whether the default of an option is a switch that is off or an empty list, which help does not say. */
function isUntold({ default: value }: Option): boolean {
  return value === false || Array.isArray(value) && value.length === 0;
}

/** The message of the parser, with a suggestion. */
function mistakeText(message: string): string {
  const [, word, choices] = /'([^']*)' is invalid.*Allowed choices are (.*)\.$/s
    .exec(message) ?? [];
  const hint = word === undefined
    ? ""
    : suggestion(word, choices.split(", ")).replace("?", "");
  return message.replace(/^error: /, "").replace(/\.$/, hint)
    .replace(/\s?\(Did you mean ([^?]*)\?\)/, ", did you mean $1");
}

/** A longer command has its explanation in the next line. */
const LONG = 56;

function examplesText(
  task: string,
  { name, examples }: {
    readonly name: string;
    readonly examples: readonly Example[];
  },
): string {
  if (examples.length === 0) return "";
  const commands = examples.map(([args]) =>
    `${task} ${name} ${args}`.trimEnd()
  );
  const short = commands.filter((command) => command.length <= LONG);
  const width = Math.max(0, ...short.map((command) => command.length));
  const lines = examples.map(([, explanation], i) =>
    commands[i].length > width
      ? `  ${commands[i]}\n  ${" ".repeat(width)}  ${explanation}`
      : `  ${commands[i].padEnd(width)}  ${explanation}`
  );
  return `\nExamples:\n${lines.join("\n")}`;
}
