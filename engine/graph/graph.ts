/** Builds the graph of nodes that an experiment asks for; the language that pipeline.ts is written in. */
import type { z } from "zod";
import { inputError, parse, suggestion } from "../../base/input_error.ts";
import type { Json, Metrics } from "../../schemas/manifest.ts";
import { canonical } from "../files/hash.ts";
import type { Estimate, Outlook } from "./estimate.ts";
import { outputsRead } from "./inputs.ts";
import { checkOutputs } from "./outputs.ts";
import type { Meant, Output, Stage } from "./stage.ts";

/** A stage with its config and inputs: what the engine brings up to date. */
export interface Node {
  readonly name: string;
  readonly stage: Stage;
  /** After defaults. */
  readonly config: Json;
  readonly seed: number;
  /** The node behind each input. */
  readonly inputs: Readonly<Record<string, string>>;
}

/** Nodes by name, each after all that it needs. */
export type Graph = ReadonlyMap<string, Node>;

/** The outputs of a node, to be given to another as an input. */
export interface Handle<Outputs extends string = string> {
  readonly node: string;
  readonly outputs: { readonly [Name in Outputs]: Output };
}

type Inputs = Record<string, readonly string[]>;

type Given<Names extends Inputs> = {
  readonly [Name in keyof Names as Meant<Name>]?: Handle<Names[Name][number]>;
};

export interface NodeOptions<Config, Names extends Inputs> {
  /** The node is called `stage:name`; without, as its stage. */
  readonly name?: string;
  readonly config: NoInfer<Config>;
  /** Any node whose outputs have the names that the stage reads of this input. */
  readonly inputs?: Given<Names>;
  /** Seed of the node's randomness, 0 unless given. */
  readonly seed?: number;
}

type AddNode = <
  Config,
  const Names extends Inputs,
  const Outputs extends Record<string, Output>,
>(
  stage: Stage<Config, Names, Outputs>,
  options: NodeOptions<Config, Names>,
) => Handle<Extract<keyof Outputs, string>>;

/** Adds a node to the graph. */
export interface NodeFunction extends AddNode {
  /** Adds nodes called `prefix/stage:name` to the same graph; any node may be their input. */
  within(prefix: string): NodeFunction;
}

/** What a summary is told of each node that is up to date. */
export interface NodeSummary {
  readonly name: string;
  readonly metrics: Metrics;
  readonly measurements: Metrics;
}

export interface PipelineOptions {
  /** Text that is printed at the end of a run, such as a table of results. */
  summary?(nodes: readonly NodeSummary[]): string;
  /** What a node of this stage and config brings in from outside of the pipeline. */
  origins?(stage: string, config: Json): readonly Origin[];
  /** How much time and disk some nodes will take. */
  estimate?(outlook: Outlook): Promise<Estimate>;
  /** Sentences on what a node of this stage and config brings from elsewhere, said before it is made. */
  notice?(stage: string, config: Json): Promise<readonly string[]>;
  /**
   * Those of a recorded node's metrics that its artifacts decide, computed anew of them; undefined where they are not here.
   */
  recompute?(node: Recorded): Promise<Metrics | undefined>;
  /** What one may do with the nodes that are up to date after a run. */
  next?(nodes: readonly NodeSummary[], told: Told): readonly NextStep[];
}

/** A recorded node whose artifacts can be opened. */
export interface Recorded {
  readonly stage: string;
  readonly config: Json;
  readonly metrics: Metrics;
  /** The names of its inputs. */
  readonly inputs: readonly string[];
  /** Where an output of its own lies; undefined where it is not here, or not whole. */
  output(name: string): Promise<string | undefined>;
  /** The same of an output that it read of an input. */
  input(name: string, output: string): Promise<string | undefined>;
}

/** Options of a run that commands after it need as well, as they are written there; empty where they were not given. */
export interface Told {
  /** `--experiment NAME`. */
  readonly experiment: readonly string[];
  /** `--artifacts FOLDER`. */
  readonly artifacts: readonly string[];
}

/** A command, as words, and what it does. */
export interface NextStep {
  readonly command: readonly string[];
  readonly does: string;
}

/** Data from elsewhere: what it is, under which licence, and where it can be had. */
export interface Origin {
  readonly name: string;
  readonly licence: string;
  readonly source: string;
}

export interface Pipeline extends PipelineOptions {
  /** The graph of an experiment; `what` names the experiment in errors, such as `experiment "quick"`. */
  graph(experiment: unknown, what: string): Graph;
}

/** A pipeline: how an experiment, once it is validated by the schema, becomes a graph. */
export function pipeline<Experiment>(
  schema: z.ZodType<Experiment>,
  build: (experiment: Experiment, node: NodeFunction) => void,
  options: PipelineOptions = {},
): Pipeline {
  return {
    ...options,
    graph: (value, what) => {
      const nodes = new Map<string, Node>();
      build(parse(schema, value, what), nodeFunction(nodes));
      return nodes;
    },
  };
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]*$/;
const NAME_RULE = "expected letters, digits, dots, dashes, underscores and @";

function nodeFunction(nodes: Map<string, Node>, prefix?: string): NodeFunction {
  const add: AddNode = (stage, options) => {
    const { name, config, seed = 0 } = options;
    const inputs: Inputs = stage.inputs;
    const given: Record<string, Handle | undefined> = options.inputs ?? {};
    const own = name === undefined ? stage.name : `${stage.name}:${name}`;
    const full = prefix === undefined ? own : `${prefix}/${own}`;
    for (const part of [stage.name, name ?? stage.name]) {
      if (!NAME.test(part)) {
        throw inputError(`Cannot name a node "${full}": ${NAME_RULE}.`);
      }
    }
    if (nodes.has(full)) {
      throw inputError(
        `Cannot add node "${full}" twice; give one of them another name or prefix.`,
      );
    }
    checkOutputs(stage);
    for (const input of Object.keys(given)) {
      if (outputsRead(stage, input) === undefined) {
        throw inputError(
          `Cannot give node "${full}" the input "${input}"${
            suggestion(input, Object.keys(inputs)).replace("?", "")
          }; stage "${stage.name}" reads ${
            Object.keys(inputs).join(", ") || "none"
          }.`,
        );
      }
    }
    for (const input of Object.keys(inputs)) {
      const isNeeded = !input.endsWith("*") &&
        !stage.optional?.some((optional) => optional === input);
      if (isNeeded && given[input] === undefined) {
        throw inputError(
          `Cannot build node "${full}": its input "${input}" is not given.`,
        );
      }
    }
    const edges: Record<string, string> = {};
    for (const [input, handle] of Object.entries(given)) {
      if (handle === undefined) continue;
      const missing = outputsRead(stage, input)
        ?.find((output) => !(output in handle.outputs));
      if (missing !== undefined) {
        throw inputError(
          `Cannot give node "${full}" the node "${handle.node}" as input "${input}": it has no output "${missing}", ` +
            `only ${Object.keys(handle.outputs).join(", ")}.`,
        );
      }
      edges[input] = handle.node;
    }
    const what = `config of node "${full}"`;
    nodes.set(full, {
      name: full,
      stage,
      config: plain(parse(stage.config, config, what), what),
      seed,
      inputs: edges,
    });
    return { node: full, outputs: stage.outputs };
  };
  const within = (inner: string) => {
    if (prefix !== undefined) {
      throw inputError(
        `Cannot prefix nodes with "${prefix}/${inner}": nodes have one prefix at most.`,
      );
    }
    if (!NAME.test(inner)) {
      throw inputError(`Cannot prefix nodes with "${inner}": ${NAME_RULE}.`);
    }
    return nodeFunction(nodes, inner);
  };
  return Object.assign(add, { within });
}

/** A config enters the key and crosses to another process, so it has to be JSON. */
function plain(value: unknown, what: string): Json {
  try {
    return JSON.parse(canonical(value));
  } catch (error) {
    throw inputError(
      `Cannot use ${what}: ${error instanceof Error ? error.message : error}`,
    );
  }
}
