/** A command as a value: its help, its completion and how it is parsed are derived from what it declares. */
import type { Console } from "./console/console.ts";
import type { ProjectPipeline } from "./project_pipeline.ts";

/** The headings under which help lists commands, in this order. */
export const GROUPS = {
  run: "Run:",
  look: "Look:",
  share: "Check and share:",
  use: "Use:",
} as const;

/** An option; its flag is its key in kebab case. */
export interface Option<Value = unknown> {
  readonly summary: string;
  /** The value as help writes it, such as `<n>`, or `[file]` where it may be left out; a switch has none. */
  readonly placeholder?: string;
  readonly default?: Value;
  /** The default as help writes it, where that is not the value. */
  readonly defaultText?: string;
  /** The default that depends on the values of other options. */
  fallback?(values: Readonly<Record<string, unknown>>): Promise<Value>;
  readonly choices?: readonly string[];
  /** Parses the value; `previous` is what an earlier occurrence of the option gave, or the default. */
  parse?(text: string, previous: Value, flag: string): Value;
  /** Whether the flag is `--no-NAME`, which makes the value false. */
  readonly isNegated?: boolean;
  readonly isRequired?: boolean;
  readonly suggest?: Suggest;
}

/** An argument; `<name>`, `[name]`, and `<name...>` or `[name...]` for all that follow. */
export interface Argument<Value = unknown> {
  readonly placeholder: string;
  readonly summary?: string;
  readonly choices?: readonly string[];
  /** Never set: carries the type of the value. */
  readonly value?: Value;
}

/** Values that completion offers beside the choices: a list, or a function of the options given so far. */
export interface Suggest {
  values(given: GivenOptions): Promise<readonly string[]> | readonly string[];
  /** Whether a file is possible too. */
  readonly files: boolean;
}

/** The values of options on an unfinished command line, by flag. */
export type GivenOptions = ReadonlyMap<string, readonly string[]>;

/** What a command runs with. */
export interface Context {
  readonly console: Console;
  /** The whole command line. */
  readonly args: readonly string[];
  /** The names of all commands of the task: what a mistyped node may have been meant to be. */
  readonly commandNames: readonly string[];
  /** Loads the project's pipeline. */
  load(): Promise<ProjectPipeline>;
  /** Starts to catch Ctrl-C; the signal is aborted by the first one, and the second ends the process. */
  interruption(): AbortSignal;
}

export interface PipelineContext extends Context {
  readonly pipeline: ProjectPipeline;
}

/** Arguments and how the help explains what they do. */
export type Example = readonly [args: string, explanation: string];

export type Arguments = Readonly<Record<string, Argument>>;
export type Options = Readonly<Record<string, Option>>;

export interface Command {
  readonly name: string;
  readonly group: keyof typeof GROUPS;
  readonly summary: string;
  /** Whether the pipeline is loaded before the command runs; others load it themselves if they come to need it. */
  readonly needsPipeline: boolean;
  readonly arguments: Arguments;
  readonly options: Options;
  readonly examples: readonly Example[];
  /** Returns the exit code. */
  run(
    context: PipelineContext,
    values: Readonly<Record<string, unknown>>,
  ): Promise<number> | number;
}

/** The values that a command gets for what it declares. */
export type ValuesOf<Declared> = {
  readonly [Name in keyof Declared]: Declared[Name] extends
    Option<infer Value> | Argument<infer Value> ? Value : never;
};

interface Declaration<
  Needs extends boolean,
  Taken extends Arguments,
  Given extends Options,
> extends Omit<Command, "needsPipeline" | "arguments" | "options" | "run"> {
  readonly needsPipeline: Needs;
  readonly arguments?: Taken;
  readonly options: Given;
  run(
    context: Needs extends true ? PipelineContext : Context,
    values: ValuesOf<Taken> & ValuesOf<Given>,
  ): Promise<number> | number;
}

/** A command with the types of its values. */
export function command<
  Needs extends boolean,
  Given extends Options,
  // deno-lint-ignore ban-types -- no arguments
  Taken extends Arguments = {},
>(declaration: Declaration<Needs, Taken, Given>): Command {
  return { arguments: {}, ...declaration };
}

/** The flag of an option, such as `--keep-last` of `keepLast`. */
export function flagOf(key: string, { isNegated = false }: Option): string {
  const kebab = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `--${isNegated ? "no-" : ""}${kebab}`;
}
