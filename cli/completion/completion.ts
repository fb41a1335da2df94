/** Completes a command line: commands, options, values, nodes. */
import {
  type Argument,
  type Command,
  flagOf,
  type GivenOptions,
  type Option,
} from "../command.ts";

export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** The commands that a line may name, and the one that runs if it names none. */
export interface Line {
  readonly commands: readonly Command[];
  readonly fallback: Command;
}

/** The nodes of the experiment that a line names, with its settings. */
export type Nodes = (given: GivenOptions) => Promise<readonly string[]>;

export interface Completion {
  readonly candidates: readonly Candidate[];
  /** Whether the shell completes files too. */
  readonly files: boolean;
}

const HELP: Option = { summary: "what there is to say, with examples" };

/** Completes the last word, which may be empty; `words` follow the name of the task. */
export async function complete(
  line: Line,
  words: readonly string[],
  nodes: Nodes,
): Promise<Completion> {
  const current = words.at(-1) ?? "";
  const { command, isNamed, given, taken, pending, isRaw } = readWords(
    line,
    words.slice(0, -1),
  );
  const flags = flagsOf(command);
  const fitting = (found: Completion): Completion => ({
    ...found,
    candidates: found.candidates.filter(({ value }) =>
      value.startsWith(current)
    ),
  });
  if (pending !== undefined) {
    return fitting(await valuesOf(pending, given, nodes));
  }
  const [, long] = isRaw ? [] : /^(--[\w-]+)=/.exec(current) ?? [];
  if (long !== undefined) {
    const option = flags.get(long);
    if (option?.placeholder === undefined) return NOTHING;
    const { candidates, files } = await valuesOf(option, given, nodes);
    return fitting({
      candidates: candidates.map(({ value, description }) => ({
        value: `${long}=${value}`,
        description,
      })),
      files,
    });
  }
  if (!isRaw && current.startsWith("-")) {
    return fitting({
      candidates: [...flags]
        // An option that may be repeated has a list as its default.
        .filter(([long, option]) =>
          Array.isArray(option.default) || !given.has(long)
        )
        .map(([value, { summary }]) => ({ value, description: summary })),
      files: false,
    });
  }
  const places = Object.values(command.arguments);
  const place = places[taken] ??
    places.findLast(({ placeholder }) => placeholder.includes("..."));
  const found = place === undefined
    ? NOTHING
    : await valuesOf(place, given, nodes);
  const commands = isNamed || taken > 0 ? [] : line.commands
    .map(({ name, summary }) => ({ value: name, description: summary }));
  return fitting({ ...found, candidates: [...commands, ...found.candidates] });
}

const NOTHING: Completion = { candidates: [], files: false };

function flagsOf({ options }: Command): ReadonlyMap<string, Option> {
  return new Map([
    ...Object.entries(options)
      .map(([key, option]) => [flagOf(key, option), option] as const),
    ["--help", HELP],
  ]);
}

/** What the words before the current one say. */
interface Read {
  readonly command: Command;
  /** Whether it is named, not the fallback. */
  readonly isNamed: boolean;
  readonly given: GivenOptions;
  /** The number of arguments so far. */
  readonly taken: number;
  /** The option whose value comes next. */
  readonly pending?: Option;
  /** Whether all words are arguments from here on. */
  readonly isRaw: boolean;
}

function readWords(
  { commands, fallback }: Line,
  words: readonly string[],
): Read {
  const first = words.find((word) => !word.startsWith("-"));
  const named = commands.find(({ name }) => name === first);
  const command = named ?? fallback;
  const flags = flagsOf(command);
  const given = new Map<string, string[]>();
  let taken = 0, isRaw = false, isNamed = false;
  let pending: readonly [long: string, option: Option] | undefined;
  const add = (long: string, value: string) =>
    given.set(long, [...given.get(long) ?? [], value]);
  for (const word of words) {
    if (pending !== undefined) {
      add(pending[0], word);
      pending = undefined;
    } else if (isRaw) taken++;
    else if (word === "--") isRaw = true;
    else if (word.startsWith("-")) {
      const [long, ...value] = word.split("=");
      const option = flags.get(long);
      if (value.length > 0) add(long, value.join("="));
      else if (option?.placeholder !== undefined) pending = [long, option];
      else add(long, "");
    } else if (!isNamed && taken === 0 && word === named?.name) isNamed = true;
    else taken++;
  }
  return { command, isNamed, given, taken, pending: pending?.[1], isRaw };
}

/** Placeholders of nodes, and of what a shell completes by itself. */
const NODES = /^nodes?$/;
const FILES =
  /^(file|folder|path|manifest|before|after|key|remotes?|hypothesis|references?)$/;

async function valuesOf(
  place: Option | Argument,
  given: GivenOptions,
  nodes: Nodes,
): Promise<Completion> {
  const { placeholder = "", choices } = place;
  if (choices !== undefined) return plain(choices);
  if ("suggest" in place && place.suggest !== undefined) {
    const { values, files } = place.suggest;
    return { ...plain(await values(given)), files };
  }
  const name = placeholder.replace(/[<>[\].]/g, "");
  if (NODES.test(name)) return plain(await nodes(given));
  return { candidates: [], files: FILES.test(name) };
}

function plain(values: readonly string[]): Completion {
  return {
    candidates: values.map((value) => ({ value, description: "" })),
    files: false,
  };
}

/** The format that the scripts of `shells.ts` read: `files` or `words`, then a line of word and description for each. */
export function completionText({ candidates, files }: Completion): string {
  return [
    files ? "files" : "words",
    ...candidates.map(({ value, description }) => `${value}\t${description}`),
  ].join("\n") + "\n";
}
