/** Runs the stages fetch and corpus in a folder, as the engine would. */
import { join } from "@std/path";
import { Corpus, Data, type Languages } from "../../schemas/data.ts";
import corpusStage from "../../stages/corpus.ts";
import fetchStage from "../../stages/fetch.ts";
import { VARIABLE } from "../../text/mirrors.ts";

export const PT_EN: Languages = { source: "pt", target: "en" };

export interface Run {
  readonly folder: string;
  /** What the corpus stage counts. */
  readonly metrics: Readonly<Record<string, number | string>>;
  read(name: string): Promise<string>;
}

export interface RunOptions {
  readonly corpus?: unknown;
  readonly seed?: number;
  readonly languages?: Languages;
  log?(line: string): void;
}

export async function withFolder(
  test: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs fetch and corpus on some data in a folder. */
export async function build(
  folder: string,
  data: unknown,
  { corpus = {}, seed = 1, languages = PT_EN, log = () => {} }: RunOptions = {},
): Promise<Run> {
  const outputs = join(folder, "files"), work = join(folder, "work");
  await Deno.mkdir(outputs, { recursive: true });
  await Deno.mkdir(work, { recursive: true });
  const parsed = Data.parse(data);
  const context = { seed, work, log, progress: () => {} };
  fetchStage.files?.({ data: parsed, languages });
  await fetchStage.requires?.({ data: parsed, languages });
  await fetchStage.run({
    ...context,
    config: { data: parsed, languages },
    files: {},
    inputs: {},
    outputs: { files: outputs },
  });
  const path = (name: string) => join(folder, name);
  const { metrics = {} } = await corpusStage.run({
    ...context,
    config: { data: parsed, languages, corpus: Corpus.parse(corpus) },
    files: {},
    inputs: { files: { files: outputs } },
    outputs: {
      train: path("train.out"),
      validation: path("validation.out"),
      test: path("test.out"),
      report: path("report.out"),
    },
  });
  return {
    folder,
    metrics,
    read: (name) => Deno.readTextFile(path(`${name}.out`)),
  };
}

/** Runs with these mirrors, in place of the user's. */
export async function withMirrors<T>(
  mirrors: string,
  run: () => Promise<T>,
): Promise<T> {
  const before = Deno.env.get(VARIABLE);
  Deno.env.set(VARIABLE, mirrors);
  try {
    return await run();
  } finally {
    if (before === undefined) Deno.env.delete(VARIABLE);
    else Deno.env.set(VARIABLE, before);
  }
}
