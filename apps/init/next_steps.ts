/** Suggests commands for the models of a run, for its end on a terminal. */

/** A command, as words, and what it does. */
export interface NextStep {
  readonly command: readonly string[];
  readonly does: string;
}

/** Options of a run that the commands after it need as well, as words of a command line; empty unless given. */
export interface GivenWords {
  /** `--experiment NAME`. */
  readonly experiment: readonly string[];
  /** `--set PATH=VALUE`, of each that was set. */
  readonly set: readonly string[];
  /** `--artifacts FOLDER`. */
  readonly artifacts: readonly string[];
}

interface NamedNode {
  readonly name: string;
}

interface System {
  /** `pt-en/` in an experiment of several language pairs, else nothing. */
  readonly pair: string;
  readonly name: string;
}

/** The nodes are those that are up to date. */
export function nextSteps(
  nodes: readonly NamedNode[],
  { experiment, set, artifacts }: GivenWords,
): NextStep[] {
  const students = systemsOf(nodes, "student");
  const among = (stage: string) => {
    const found = systemsOf(nodes, stage);
    return students.filter(({ pair, name }) =>
      found.some((other) => other.pair === pair && other.name === name)
    );
  };
  const [evaluated] = among("evaluate"), [exported] = among("export");
  const isSeveral = new Set(students.map(({ pair }) => pair)).size > 1;
  // Which student is the best is asked within one pair only.
  const using = (task: string, { pair, name }: System) => [
    ...["deno", "task", task],
    ...isSeveral ? ["--model", pair + name] : [],
    ...artifacts,
  ];
  const which = isSeveral ? "a student" : "the best student";
  const pipeline = (...words: string[]) => [
    ...["deno", "task", "pipeline", ...words, ...experiment, ...artifacts],
  ];
  const steps: NextStep[] = [];
  if (evaluated !== undefined) {
    steps.push({
      command: using("translate", evaluated),
      does: `translates what you type with ${which}`,
    }, {
      command: pipeline("report"),
      does: "one page to look at: results, curves, sentences",
    });
  }
  if (exported !== undefined) {
    steps.push({
      command: ["deno", "task", "web", ...artifacts],
      does: "the translator as a page in your browser",
    }, {
      command: [
        ...["deno", "task", "pipeline", "get"],
        ...[`${exported.pair}export:${exported.name}`, "--out", exported.name],
        ...artifacts,
      ],
      does: "its ONNX files in a folder, ready to load",
    }, {
      command: using("serve", exported),
      does: `${which} by HTTP`,
    });
  } else if (students.length > 0) {
    const { pair, name } = evaluated ?? students[0];
    steps.push({
      command: pipeline("run", `${pair}export:${name}`, ...set),
      does: "its ONNX files",
    });
  }
  return steps;
}

function systemsOf(nodes: readonly NamedNode[], stage: string): System[] {
  return nodes.flatMap(({ name }) => {
    const [, pair = "", own] = new RegExp(`^(.*/)?${stage}:(.+)$`).exec(name) ??
      [];
    return own === undefined ? [] : [{ pair, name: own }];
  });
}
