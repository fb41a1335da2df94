/** What users may name where a command expects a path, and the commands that take one: data of the tests of paths. */

/** Something at a path that is not what a command expects. */
export const KINDS = [
  "a folder",
  "a file of something else",
  "a link to nothing",
  "a link to itself",
  "a pipe",
  "a device without end",
  "nothing",
  "nothing, in a folder that is not there",
  "a path through a file",
  "a name that is too long",
  "a name that steers a terminal",
  "no letters",
  "nothing, in a read-only folder",
] as const;
export type Kind = (typeof KINDS)[number];

/** Kinds that are refused as a file to be written, or as a folder to be written to. */
const TAKEN: readonly Kind[] = [
  "a file of something else",
  "a link to nothing",
  "a link to itself",
  "a pipe",
  "a device without end",
  "a path through a file",
  "a name that is too long",
  "no letters",
];

const FILE_TAKEN: readonly Kind[] = ["a folder", ...TAKEN];

const UNWRITABLE: readonly Kind[] = [
  ...FILE_TAKEN,
  "nothing, in a read-only folder",
];

export interface PathCase {
  /**
   * Of the words of a command, "@" stands for the path; RUN, MANIFEST, LINES, PAIRS and NEW for an artifact folder with a
   * run in it, a manifest, a text of two lines, one of sentence pairs, and nothing.
   */
  readonly words: readonly string[];
  /** Of translate, score, serve and web, which stand beside the pipeline. */
  readonly isTool?: boolean;
  /** What it is given; all unless said. */
  readonly kinds?: readonly Kind[];
  /** Exit codes that are not 2, which is that of a wrong input. */
  readonly codes?: Readonly<Partial<Record<Kind, number>>>;
}

const all = (...except: readonly Kind[]): readonly Kind[] =>
  KINDS.filter((kind) => !except.includes(kind));

const GARBAGE: Kind = "a file of something else";
const TINY = ["--experiment", "tiny"];
const LANGUAGES = ["--yes", "--from", "pt", "--to", "en"];
const OF_RUN = ["--artifacts", "RUN", ...TINY];

export const PATH_CASES: readonly PathCase[] = [
  // Artifact folders: what is not there may become one, and one that is no run's may be looked at.
  ...[
    ["run", ...TINY, "--artifacts", "@"],
    ["pull", "RUN", ...TINY, "--unsigned", "--artifacts", "@"],
  ].map((words): PathCase => ({ words, kinds: UNWRITABLE })),
  ...[
    ["gc", "--yes", "--artifacts", "@"],
    ["gc", "--dry-run", "--artifacts", "@"],
  ].map((words): PathCase => ({ words, kinds: FILE_TAKEN })),
  ...[
    ["status", ...TINY, "--artifacts", "@"],
    ["explain", "corpus", ...TINY, "--artifacts", "@"],
    ["log", "--artifacts", "@"],
    ["log", "corpus", ...TINY, "--artifacts", "@"],
    ["verify", "--artifacts", "@"],
    ["results", ...TINY, "--last", "--artifacts", "@"],
    ["results", ...TINY, "--save", "--artifacts", "@"],
    ["report", ...TINY, "--artifacts", "@"],
    ["trace", "LINES", "--artifacts", "@"],
    ["diff", "HEAD", "MANIFEST", "--artifacts", "@"],
    ["sign", "--artifacts", "@"],
    ["push", "NEW", "--artifacts", "@"],
    ["export", "NEW", "--artifacts", "@"],
    ["doctor", "--artifacts", "@"],
    ["describe", "--format", "in-toto", ...TINY, "--artifacts", "@"],
    ["reproduce", "MANIFEST", "--artifacts", "@"],
  ].map((words): PathCase => ({ words, kinds: TAKEN })),
  { words: ["translate", "--artifacts", "@"], isTool: true },
  { words: ["serve", "--artifacts", "@"], isTool: true },
  { words: ["web", "--artifacts", "@"], isTool: true },

  // Files that are read.
  { words: ["run", "--dry-run", "--experiment", "@/x.json"] },
  { words: ["run", "--dry-run", "--experiment", "./@.jsonc"] },
  { words: ["status", "--experiment", "@"] },
  { words: ["graph", "--experiment", "@"] },
  { words: ["results", "--experiment", "@"] },
  { words: ["report", "--experiment", "@"] },
  { words: ["describe", "--format", "in-toto", "--experiment", "@"] },
  {
    words: ["status", ...TINY, "--set", "data.train=@"],
    kinds: all(GARBAGE),
  },
  { words: ["status", ...TINY, "--set", 'data={"set":"@.json"}'] },
  { words: ["verify", "@"] },
  { words: ["verify", "MANIFEST", "--signed-by", "@"] },
  { words: ["gc", "--artifacts", "RUN", "--manifest", "@"] },
  { words: ["report", ...OF_RUN, "--out", "NEW", "--against", "@"] },
  { words: ["diff", "@", "MANIFEST"] },
  { words: ["diff", "MANIFEST", "@"] },
  { words: ["reproduce", "@"] },
  {
    words: ["trace", "@", "--artifacts", "RUN"],
    codes: { "a folder": 1, [GARBAGE]: 1 },
  },
  { words: ["sign", "@"], codes: { [GARBAGE]: 1 } },
  { words: ["sign", "MANIFEST", "--key", "@"] },
  { words: ["describe", "--format", "in-toto", ...OF_RUN, "--key", "@"] },
  {
    words: ["import", "@", "--unsigned", "--artifacts", "RUN"],
    codes: { [GARBAGE]: 1 },
  },
  {
    words: ["import", "@", "--unsigned", "--artifacts", "NEW"],
    kinds: all(GARBAGE),
  },
  { words: ["pull", "@", ...TINY, "--unsigned"], codes: { "a folder": 1 } },
  { words: ["pull", "RUN", ...TINY, "--signed-by", "@"] },
  {
    words: [
      ...["run", ...TINY, "--unsigned", "--artifacts", "NEW"],
      ...["--remote", "@"],
    ],
    kinds: all("a folder"),
  },
  { words: ["init", "NEW", ...LANGUAGES, "--pairs", "@"] },
  {
    words: [
      ...["init", "NEW", ...LANGUAGES, "--source", "@", "--target", "LINES"],
    ],
  },
  { words: ["translate", "--model", "@"], isTool: true },
  {
    words: ["translate", "--model", "LINES", "--tokenizer", "@"],
    isTool: true,
  },
  { words: ["score", "@", "LINES"], isTool: true, kinds: all(GARBAGE) },
  { words: ["score", "LINES", "@"], isTool: true, kinds: all(GARBAGE) },
  {
    words: ["score", "LINES", "LINES", "--against", "@"],
    isTool: true,
    kinds: all(GARBAGE),
  },
  { words: ["serve", "--model", "@"], isTool: true },
  { words: ["web", "--model", "@"], isTool: true },

  // Files and folders that are written.
  { words: ["report", ...OF_RUN, "--out", "@"], kinds: UNWRITABLE },
  {
    words: ["describe", "--format", "in-toto", ...OF_RUN, "--out", "@"],
    kinds: UNWRITABLE,
  },
  {
    words: ["describe", "--format", "ro-crate", ...OF_RUN, "--out", "@"],
    kinds: UNWRITABLE,
  },
  { words: ["export", "@", "--artifacts", "RUN"], kinds: FILE_TAKEN },
  ...["report", "export"].map((command): PathCase => ({
    words: [
      ...command === "report"
        ? [command, ...TINY, "--out", "@"]
        : [command, "@"],
      ...["--force", "--artifacts", "RUN"],
    ],
    kinds: FILE_TAKEN.filter((kind) => kind !== GARBAGE),
  })),
  { words: ["push", "@", "--artifacts", "RUN"], kinds: TAKEN },
  { words: ["keygen", "--key", "@"], kinds: UNWRITABLE },
  {
    words: ["init", "@", ...LANGUAGES, "--pairs", "PAIRS"],
    kinds: UNWRITABLE.filter((kind) => kind !== "a folder"),
  },
];
