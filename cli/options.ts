/** The kinds of options and arguments, and those that several commands have. */
import type { Argument, Option } from "./command.ts";
import { load } from "./load.ts";
import { collect, number, positive } from "./option_values.ts";

/** A switch, off unless given. */
export function flag(summary: string): Option<boolean> {
  return { summary, default: false };
}

/** A switch that turns something off: `--no-NAME`. */
export function negatedFlag(summary: string): Option<boolean> {
  return { summary, isNegated: true };
}

/** An option with a value; undefined unless given or with a default. */
export function option(
  placeholder: string,
  summary: string,
): Option<string | undefined>;
export function option<Value>(
  placeholder: string,
  summary: string,
  more: Omit<Option<Value>, "placeholder" | "summary">,
): Option<Value>;
export function option(
  placeholder: string,
  summary: string,
  more: Omit<Option, "placeholder" | "summary"> = {},
): Option {
  return { placeholder, summary, ...more };
}

/** An option that may be repeated. */
export function list(
  placeholder: string,
  summary: string,
  initial: string[] = [],
): Option<string[]> {
  return { placeholder, summary, default: initial, parse: collect };
}

/** One of several values. */
export function choice<const Choices extends readonly string[]>(
  placeholder: string,
  summary: string,
  choices: Choices,
  more: { readonly default: Choices[number] } | { readonly isRequired: true },
): Option<Choices[number]>;
export function choice<const Choices extends readonly string[]>(
  placeholder: string,
  summary: string,
  choices: Choices,
): Option<Choices[number] | undefined>;
export function choice(
  placeholder: string,
  summary: string,
  choices: readonly string[],
  more = {},
): Option {
  return { placeholder, summary, choices, ...more };
}

type ArgumentValue<Placeholder extends string> = Placeholder extends
  `${string}...${string}` ? string[]
  : Placeholder extends `<${string}` ? string
  : string | undefined;

/** An argument; its placeholder decides whether it is a string, a list or optional. */
export function argument<const Placeholder extends string>(
  placeholder: Placeholder,
  summary?: string,
): Argument<ArgumentValue<Placeholder>> {
  return { placeholder, summary };
}

const loadExperiments = () =>
  load<typeof import("./experiment.ts")>(
    import.meta.resolve("./experiment.ts"),
  );

const suggestedExperiments = {
  values: async () => (await loadExperiments()).experimentNames(),
  files: true,
};

export const experiment = option<string>(
  "<name>",
  "of experiments/, or a file or folder (default: the last that was run)",
  {
    fallback: async ({ artifacts }) =>
      (await loadExperiments()).currentIn(artifacts),
    suggest: suggestedExperiments,
  },
);

/** For a command that is of all experiments where nothing else needs one. */
export const experimentIfGiven = option<string | undefined>(
  "<name>",
  "of experiments/, or a file or folder (default: all, for a node the last that was run)",
  { suggest: suggestedExperiments },
);

export const artifacts = option(
  "<folder>",
  "artifact folder (default: artifacts)",
);

export const json = flag("one JSON object on standard output");

/** Options of search. */
export const searchOptions = {
  beam: option<number | undefined>("<n>", "hypotheses kept a sentence", {
    parse: positive,
  }),
  lengthPenalty: option<number | undefined>(
    "<exponent>",
    "exponent of the length",
    { parse: number },
  ),
};

/** Options of commands on the graph of an experiment. */
export const onExperiment = {
  experiment,
  set: list(
    "<path=value>",
    "sets one value of the experiment; may be repeated",
  ),
  artifacts,
  json,
};

export const nodes = argument(
  "[nodes...]",
  "names or globs; all unless given",
);

export const only = list("<node>", "these nodes and no others");
export const until = list("<node>", "these nodes and what they need");

/** Options of commands on some nodes of a graph. */
export const selecting = {
  only,
  from: list("<node>", "these nodes and what needs them"),
  until,
  paranoid: flag("rehashes objects before they are used"),
};

/** Options of commands that run stages. */
export const jobs = option<number>(
  "<n>",
  "stages at once, as far as cores and memory allow",
  { parse: positive, default: navigator.hardwareConcurrency },
);
export const progress = negatedFlag("prints no progress of a running node");

/** Options of commands that accept a manifest of others. */
export const signedBy = list(
  "<key>",
  "believes this key only: printed, a file, or a name of the policy; may be repeated",
);
export const unsigned = flag(
  "takes what nobody has signed; its hashes are checked all the same",
);
