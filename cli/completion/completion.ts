/** What may stand where somebody presses Tab: commands, options, and what the words of an experiment are. */

export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** A command as far as its words can be completed. */
export interface Grammar {
  readonly name: string;
  readonly description: string;
  readonly options: readonly Flag[];
  /** In their order; the last one may stand for all that follow. */
  readonly arguments: readonly Slot[];
  readonly commands: readonly Grammar[];
  /** The command that is meant where none is named. */
  readonly default?: string;
}

export interface Flag {
  readonly long: string;
  readonly description: string;
  /** What stands behind it; undefined for a switch. */
  readonly value?: Slot;
  readonly repeats: boolean;
}

/** A place for a word. */
export interface Slot {
  /** What the help calls it: `node`, `file`. */
  readonly name: string;
  readonly variadic?: boolean;
  readonly choices?: readonly string[];
}

/** What words are taken from beside the grammar; each is asked for only where its words are needed. */
export interface Sources {
  /** Nodes of an experiment, as the options before them change it. */
  nodes(given: Given): Promise<readonly string[]>;
  /** Nodes with a model, in an artifact folder. */
  models(given: Given): Promise<readonly string[]>;
  experiments(): readonly string[];
  /** Values of options that the grammar does not list, by their long name. */
  readonly values: Readonly<Record<string, readonly string[]>>;
}

/** Values of options that stand before the word. */
export type Given = ReadonlyMap<string, readonly string[]>;

export interface Completion {
  readonly candidates: readonly Candidate[];
  /** Whether a file may stand there as well. */
  readonly files: boolean;
}

/** Completes the last word, of which there may be nothing yet; `words` are those behind the name of the program. */
export async function complete(
  program: Grammar,
  words: readonly string[],
  sources: Sources,
): Promise<Completion> {
  const current = words.at(-1) ?? "";
  const read = readWords(program, words.slice(0, -1));
  const { command, isNamed, given, taken, awaits, isRaw } = read;
  const fitting = (found: Completion): Completion => ({
    ...found,
    candidates: found.candidates.filter(({ value }) =>
      value.startsWith(current)
    ),
  });
  if (awaits !== undefined) {
    return fitting(await valuesOf(awaits, given, sources));
  }
  const [, long] = isRaw ? [] : /^(--[\w-]+)=/.exec(current) ?? [];
  if (long !== undefined) {
    const flag = command.options.find((flag) => flag.long === long);
    if (flag?.value === undefined) return NOTHING;
    const { candidates, files } = await valuesOf(flag, given, sources);
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
      candidates: command.options
        .filter(({ long, repeats }) => repeats || !given.has(long))
        .map(({ long, description }) => ({ value: long, description })),
      files: false,
    });
  }
  const slot = command.arguments[taken] ??
    command.arguments.findLast(({ variadic }) => variadic);
  const found = slot === undefined
    ? NOTHING
    : await wordsOf(slot, given, sources);
  const commands = isNamed || taken > 0 ? [] : program.commands
    .map(({ name, description }) => ({ value: name, description }));
  return fitting({ ...found, candidates: [...commands, ...found.candidates] });
}

const NOTHING: Completion = { candidates: [], files: false };

interface Read {
  readonly command: Grammar;
  /** Whether it was named, not meant. */
  readonly isNamed: boolean;
  readonly given: Given;
  /** Arguments that stand there. */
  readonly taken: number;
  /** The option whose value comes next. */
  readonly awaits?: Flag;
  /** Whether all words are arguments from here on. */
  readonly isRaw: boolean;
}

function readWords(program: Grammar, words: readonly string[]): Read {
  const named = program.commands.find(({ name }) =>
    name === words.find((word) => !word.startsWith("-"))
  );
  const command = named ??
    program.commands.find(({ name }) => name === program.default) ?? program;
  const given = new Map<string, string[]>();
  let taken = 0, isRaw = false, isNamed = false;
  let awaits: Flag | undefined;
  const add = (long: string, value: string) =>
    given.set(long, [...given.get(long) ?? [], value]);
  for (const word of words) {
    if (awaits !== undefined) {
      add(awaits.long, word);
      awaits = undefined;
    } else if (isRaw) taken++;
    else if (word === "--") isRaw = true;
    else if (word.startsWith("-")) {
      const [long, ...value] = word.split("=");
      const flag = command.options.find((flag) => flag.long === long);
      if (value.length > 0) add(long, value.join("="));
      else if (flag?.value !== undefined) awaits = flag;
      else add(long, "");
    } else if (!isNamed && taken === 0 && word === named?.name) isNamed = true;
    else taken++;
  }
  return { command, isNamed, given, taken, awaits, isRaw };
}

async function valuesOf(
  { long, value }: Flag,
  given: Given,
  sources: Sources,
): Promise<Completion> {
  const known = sources.values[long];
  if (known !== undefined) return plain(known);
  if (value === undefined) return NOTHING;
  if (long === "--experiment") {
    return { ...plain(sources.experiments()), files: true };
  }
  if (long === "--model") {
    return { ...plain(await sources.models(given)), files: true };
  }
  return await wordsOf(value, given, sources);
}

/** Places that hold a node, and those that hold what the shell knows best. */
const NODES = /^nodes?$/;
const FILES =
  /^(file|folder|path|manifest|before|after|key|remotes?|hypothesis|references?)$/;

async function wordsOf(
  { name, choices }: Slot,
  given: Given,
  sources: Sources,
): Promise<Completion> {
  if (choices !== undefined) return plain(choices);
  if (NODES.test(name)) return plain(await sources.nodes(given));
  return { candidates: [], files: FILES.test(name) };
}

function plain(values: readonly string[]): Completion {
  return {
    candidates: values.map((value) => ({ value, description: "" })),
    files: false,
  };
}

/** As the scripts of `shells.ts` read it: whether files may stand there, then a word and its description a line. */
export function completionText({ candidates, files }: Completion): string {
  return [
    files ? "files" : "words",
    ...candidates.map(({ value, description }) => `${value}\t${description}`),
  ].join("\n") + "\n";
}
