/** What the help says beside the options: what each command is for, by what one wants, and examples that run as they stand. */

/** The headings under which commands are listed, in their order. */
export const GROUPS = {
  run: "Run:",
  look: "Look:",
  share: "Check and share:",
  use: "Use:",
} as const;

export interface Explained {
  readonly group: keyof typeof GROUPS;
  /** What stands after the command, and what it does then; an example of another command has its words in full. */
  readonly examples: readonly (readonly [args: string, does: string])[];
}

/** By the name of the command. */
export const EXPLAINED: Readonly<Record<string, Explained>> = {
  run: {
    group: "run",
    examples: [
      ["", "brings all nodes of the experiment quick up to date"],
      ["--experiment tiny", "a first look, in about a minute"],
      ["student:rkd --dry-run", "what one student would take, and why"],
      ["--set students.rkd.alpha=0.5", "with another value"],
      ["--only 'evaluate:*' --force", "measures all students again"],
    ],
  },
  init: {
    group: "run",
    examples: [
      ["mine --pairs mine.tsv --from pt --to en", "from one file of pairs"],
      [
        "mine --source mine.pt.gz --target mine.en.gz --from pt --to en",
        "from two files, line by line",
      ],
    ],
  },
  gc: {
    group: "run",
    examples: [
      ["", "shows what may go, and asks"],
      ["--older-than 30d --max-size 20G --yes", "as a job of the night"],
    ],
  },
  doctor: {
    group: "run",
    examples: [["", "what is there, what is missing, how to get it"]],
  },
  completion: {
    group: "run",
    examples: [
      ["bash >> ~/.bashrc", "Tab completes commands, options and nodes"],
      ["zsh >> ~/.zshrc", "the same in zsh"],
      ["fish > ~/.config/fish/conf.d/ckd.fish", "the same in fish"],
    ],
  },
  status: {
    group: "look",
    examples: [
      ["", "every node of the experiment quick"],
      ["'student:*' --experiment tiny", "some of another one"],
      ["--json", "for scripts; exit code 10 where something would run"],
    ],
  },
  explain: {
    group: "look",
    examples: [["student:rkd", "what its key is made of, what has changed"]],
  },
  graph: {
    group: "look",
    examples: [
      ["", "a line a node"],
      ["--format dot", "for Graphviz"],
    ],
  },
  log: {
    group: "look",
    examples: [
      ["", "all runs: when, how long, how they ended"],
      ["teacher", "what the teacher said while it was trained"],
    ],
  },
  results: {
    group: "look",
    examples: [
      ["", "as Markdown"],
      ["--latex", "for a paper"],
      ["--experiment tiny --last", "of the last run, not those committed"],
    ],
  },
  report: {
    group: "look",
    examples: [["--out report.html", "one page, to send or to put online"]],
  },
  web: {
    group: "use",
    examples: [["", "a page that translates in the browser"]],
  },
  diff: {
    group: "look",
    examples: [
      ["HEAD~1 HEAD", "the manifests of two revisions"],
      ["artifacts other", "those of two folders"],
    ],
  },
  trace: {
    group: "look",
    examples: [["student.safetensors", "the data and licences behind a file"]],
  },
  verify: {
    group: "share",
    examples: [
      ["", "every object of the manifest, byte by byte"],
      ["--signed-by me.pub", "and that its signature is of this key"],
    ],
  },
  reproduce: {
    group: "share",
    examples: [
      [
        "artifacts/results/quick/manifest.json",
        "makes all of it anew, in a folder of its own",
      ],
      [
        "artifacts/manifest.json --only teacher",
        "one node, of the same inputs",
      ],
    ],
  },
  describe: {
    group: "share",
    examples: [
      ["--format ro-crate --out crate", "the last run as a Research Object"],
      ["--format model-card student:rkd", "for a model hub"],
    ],
  },
  keygen: {
    group: "share",
    examples: [["> me.pub", "the public half, to give to others"]],
  },
  sign: {
    group: "share",
    examples: [["", "the manifest of the last run"]],
  },
  push: {
    group: "share",
    examples: [
      ["/mnt/models", "to a folder"],
      ["s3://bucket/models", "to a store of S3's kind"],
    ],
  },
  pull: {
    group: "share",
    examples: [
      ["https://example.org/models --signed-by me.pub", "from whom you trust"],
    ],
  },
  export: {
    group: "share",
    examples: [["quick.tar", "one file, to hand over"]],
  },
  import: {
    group: "share",
    examples: [["quick.tar --signed-by me.pub", "what export wrote"]],
  },
  translate: {
    group: "use",
    examples: [
      ["< source.txt > target.txt", "line by line, with the best student"],
      ["--model student:rkd --int8", "with another one, in 8 bits"],
    ],
  },
  score: {
    group: "use",
    examples: [
      ["target.txt reference.txt", "BLEU and chrF"],
      ["a.txt reference.txt --against b.txt", "and whether a beats b"],
    ],
  },
  serve: {
    group: "use",
    examples: [["--model rkd --port 8080", "one model by HTTP"]],
  },
};

/** What stands below the options of a command; `prefix` is how it is called, such as `deno task pipeline status`. */
export function examplesText(prefix: string, name: string): string {
  const { examples } = EXPLAINED[name] ?? { examples: [] };
  if (examples.length === 0) return "";
  const commands = examples.map(([args]) => `${prefix} ${args}`.trimEnd());
  const short = commands.filter((command) => command.length <= LONG);
  const width = Math.max(0, ...short.map((command) => command.length));
  const lines = examples.map(([, does], i) =>
    commands[i].length > width
      ? `  ${commands[i]}\n  ${" ".repeat(width)}  ${does}`
      : `  ${commands[i].padEnd(width)}  ${does}`
  );
  return `\nExamples:\n${lines.join("\n")}`;
}

/** A longer command has its words in the next line. */
const LONG = 56;
