/** A stage: a plain value with config schema, inputs, outputs, permissions and `run`. */
import type { z } from "zod";
import type { Json } from "../../schemas/manifest.ts";

export type { Json };

/** A file or a folder that a stage leaves; `path` is its name inside the stage's output folder. */
export interface Output {
  readonly path: string;
  readonly mediaType: string;
  readonly folder?: boolean;
}

/** What a stage may access beyond its inputs, its outputs and its code. Nothing unless declared. */
export interface Permissions {
  /** Hosts, or `true` where the host is the user's setting (a package registry). */
  readonly net?: readonly string[] | true;
  /** Environment variables by name; a trailing `*` is a prefix. */
  readonly env?: readonly string[];
  /** Files outside the project that are settings rather than data (they are not in the key). */
  readonly read?: readonly string[];
  /** Packages with native code, by their name in the import map, or folders that have some, by their absolute path. */
  readonly native?: readonly string[];
  readonly sys?: readonly string[];
}

/** What a stage uses of the machine while it runs. */
export interface Resources {
  /** Cores, or "all". */
  readonly cores?: number | "all";
  readonly memoryBytes?: number;
  /** Of a job of a queue; a run on this machine takes what is there. */
  readonly gpus?: number;
  /** How long a job of a queue may take; one that saves checkpoints is continued after it. */
  readonly seconds?: number;
}

/** How far a stage is; `note` is shown as it is. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly unit: string;
  readonly note?: string;
}

/** The input names that a declared name matches: itself or, if it ends in `*`, all with that prefix. */
export type InputName<Name> = Name extends `${infer Start}*`
  ? `${Start}${string}`
  : Name;

type Paths<
  Names extends Record<string, readonly string[]>,
  Optional extends keyof Names,
> =
  & {
    readonly [Input in Exclude<keyof Names, Optional> as InputName<Input>]:
      PathsOf<Names[Input]>;
  }
  & {
    readonly [Input in Optional as InputName<Input>]?: PathsOf<Names[Input]>;
  };

type PathsOf<Outputs extends readonly string[]> = {
  readonly [Output in Outputs[number]]: string;
};

/** What a running stage gets: paths, its config, and functions to report. */
export interface Context<
  Config,
  Inputs extends Record<string, readonly string[]>,
  Outputs extends string,
  Optional extends keyof Inputs = never,
> {
  readonly config: Config;
  /** Seed of all randomness of this node. */
  readonly seed: number;
  /** Absolute path of each declared output of each input; read-only. */
  readonly inputs: Paths<Inputs, Optional>;
  /**
   * Absolute path of the copy of each file and folder that the stage's `files` names, by the name given there: the bytes
   * that are in the key, even if the original changes meanwhile.
   */
  readonly files: Readonly<Record<string, string>>;
  /** Absolute path to write each output to; folders exist already, files do not. */
  readonly outputs: { readonly [Name in Outputs]: string };
  /** A folder for checkpoints, which is kept if the process is killed. Removed when the node is done. */
  readonly work: string;
  /**
   * Aborted when the run is interrupted. A stage that reads it gets half a minute to save a checkpoint, and throws its
   * reason then; any other stage is ended at once.
   */
  readonly signal?: AbortSignal;
  log(line: string): void;
  progress(progress: Progress): void;
}

/** Numbers and short texts about a result; recorded in the manifest, so they must be equal on equal runs. */
export type Metrics = Readonly<Record<string, number | string>>;

export interface Stage<
  Config = unknown,
  Inputs extends Record<string, readonly string[]> = Record<
    string,
    readonly string[]
  >,
  Outputs extends Record<string, Output> = Record<string, Output>,
  Optional extends keyof Inputs & string = keyof Inputs & string,
> {
  readonly name: string;
  /** `import.meta.url` of the module whose default export is this stage. */
  readonly module: string;
  readonly config: z.ZodType<Config>;
  /**
   * For each input, which outputs of the node given there are read; the key depends on these and no others. A name that
   * ends in `*` stands for any number of inputs that begin so.
   */
  readonly inputs: Inputs;
  /** Inputs that a node may leave out; `context.inputs` does not have them then. */
  readonly optional?: readonly Optional[];
  /** What inputs were in records of earlier versions: one by this name in place of all that a name of `inputs` matches. */
  readonly formerly?: Readonly<Record<string, keyof Inputs & string>>;
  readonly outputs: Outputs;
  readonly permissions?: Permissions;
  readonly resources?: Resources;
  /** Data files of the user that this config names; their content enters the key, and the stage reads copies of them. */
  files?(config: Config): readonly string[];
  /** What else decides the result, such as the tensor runtime; part of the key. */
  environment?(config: Config): Json;
  /** Rejects with an input error if this machine lacks what the config needs; called before a run writes anything. */
  requires?(config: Config): Promise<void>;
  run(
    context: Context<Config, Inputs, Extract<keyof Outputs, string>, Optional>,
  ): Promise<StageResult>;
}

export interface StageResult {
  readonly metrics?: Metrics;
  /** What differs between equal runs, such as seconds: recorded in the run log, not in the manifest. */
  readonly measurements?: Metrics;
}

/** Declares a stage; exists for its types. */
export function stage<
  Config,
  const Inputs extends Record<string, readonly string[]>,
  const Outputs extends Record<string, Output>,
  Optional extends keyof Inputs & string = never,
>(
  definition: Stage<Config, Inputs, Outputs, Optional>,
): Stage<Config, Inputs, Outputs, Optional> {
  return definition;
}
