/** The graph of nodes of an experiment, and the functions that pipeline.ts builds it with. */
import type { z } from "zod";
import { inputError, parse, suggestion } from "../../base/input_error.ts";
import type { Json, Metrics } from "../../schemas/manifest.ts";
import { canonical } from "../files/hash.ts";
import { outputsRead } from "./inputs.ts";
import { checkOutputs } from "./outputs.ts";
import type { InputName, Output, Stage } from "./stage.ts";

/** A stage with its config and inputs. */
export interface Node {
  readonly name: string;
  readonly stage: Stage;
  /** After defaults. */
  readonly config: Json;
  readonly seed: number;
  /** The node behind each input. */
  readonly inputs: Readonly<Record<string, string>>;
}

/** Nodes by name, each after its inputs. */
export type Graph = ReadonlyMap<string, Node>;

/** The outputs of a node, which can be the input of another one. */
export interface Handle<Outputs extends string = string> {
  readonly node: string;
  readonly outputs: { readonly [Name in Outputs]: Output };
}

type Inputs = Record<string, readonly string[]>;

type Given<Names extends Inputs> = {
  readonly [Name in keyof Names as InputName<Name>]?: Handle<
    Names[Name][number]
  >;
};

export interface NodeOptions<Config, Names extends Inputs> {
  /** The node is called `stage:name`; without a name, like its stage. */
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

/** What a project tells the engine about its results, for `trace` and `verify`; the engine itself needs neither. */
export interface ProvenanceHooks {
  /** The data that a node of this stage and config brings in from outside the pipeline. */
  origins?(stage: string, config: Json): readonly Origin[];
  /** Those of a recorded node's metrics that follow from its artifacts, recomputed; undefined if the artifacts are not here. */
  recompute?(node: Recorded): Promise<Metrics | undefined>;
}

/** A recorded node whose artifacts can be opened. */
export interface Recorded {
  readonly stage: string;
  readonly config: Json;
  readonly metrics: Metrics;
  /** The names of its inputs. */
  readonly inputs: readonly string[];
  /** The path of one of its outputs; undefined if it is missing or damaged. */
  output(name: string): Promise<string | undefined>;
  /** The path of an output that it read of an input. */
  input(name: string, output: string): Promise<string | undefined>;
}

/** Data from elsewhere, with its licence and where to get it. */
export interface Origin {
  readonly name: string;
  readonly licence: string;
  readonly source: string;
}

export interface Pipeline extends ProvenanceHooks {
  /** The graph of an experiment; `what` names the experiment in errors, such as `experiment "quick"`. */
  graph(experiment: unknown, what: string): Graph;
}

/** Defines a pipeline: how an experiment, validated by the schema, becomes a graph. */
export function pipeline<Experiment>(
  schema: z.ZodType<Experiment>,
  build: (experiment: Experiment, node: NodeFunction) => void,
): Pipeline {
  return {
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
