/** Measures how time and memory of stages grow with the number of pairs. */
import { join } from "@std/path";
import { z } from "zod";
import { openWorkspace } from "../../engine/store/workspace.ts";
import { ROOT } from "../../engine/keys/project.ts";
import { Report } from "../measures/report.ts";
import { readOutput } from "../text/stages.ts";
import {
  corpusFiles,
  readRealPairs,
  type RealPairs,
  writePairs,
} from "./pairs.ts";

/** What a stage, or a part of a training, took of some pairs. */
export interface Taken {
  readonly part: string;
  readonly pairs: number;
  readonly seconds: number;
  readonly peakMegabytes: number;
  /** Pairs that are real and differ from each other; the others are those again with a word of each side changed. */
  readonly different?: number;
}

/** Pairs of which states are recorded at most: those of a million would take the disk, and are no other in kind. */
const RECORDED = 100_000;

/** The teacher whose first steps are measured: small, as what grows with the pairs is beside its model. */
const TEACHER = {
  model: {
    ...{ encoderLayers: 2, decoderLayers: 2 },
    ...{ width: 64, feedForward: 128, heads: 4 },
  },
  training: {
    ...{ steps: 200, validateEvery: 100 },
    ...{ batchTokens: 2048, selection: "nll" },
  },
};

const NodeEvent = z.object({
  event: z.literal("node"),
  name: z.string(),
  seconds: z.number(),
  peakMemoryBytes: z.number(),
});

/** The corpora below the folder CKD_BENCH_CORPUS as one, or where there are none the messages that a clone can download. */
export function pipelinePairs(): Promise<RealPairs> {
  const files = corpusFiles();
  if (files.length > 0) return readRealPairs(files);
  return readOutput(
    "messages",
    { node: "corpus", output: "train" },
    (path) => readRealPairs([path]),
  );
}

/**
 * Runs fetch, corpus, tokenize and 200 steps of a small teacher on so many pairs, then makes the batches of an epoch and
 * records the states of at most 100,000 of the pairs.
 */
export async function measurePipeline(
  pairs: number,
  real: RealPairs,
): Promise<Taken[]> {
  const folder = await Deno.makeTempDir({ prefix: "ckd-scale-" });
  try {
    const text = join(folder, "pairs.tsv");
    const artifacts = join(folder, "artifacts");
    const experiment = join(folder, "scale.jsonc");
    const { different } = writePairs(real, pairs, text);
    await Deno.writeTextFile(
      experiment,
      JSON.stringify({
        languages: { source: "de", target: "en" },
        data: { train: text },
        teacher: TEACHER,
      }),
    );
    await run([
      join(ROOT, "cli/main.ts"),
      "run",
      "teacher",
      `--experiment=${experiment}`,
      `--artifacts=${artifacts}`,
      "--quiet",
    ]);
    const { manifest, store } = openWorkspace(artifacts);
    const tokens = manifest?.nodes["tokenize"]?.outputs["train"];
    if (tokens === undefined) throw new Error("tokenize left no tokens");
    const path = store.path(tokens);
    const taken = stagesOf(artifacts, pairs);
    taken.push(await part("batches of an epoch", "epoch", path, pairs));
    const recorded = Math.min(pairs, RECORDED);
    taken.push(await part("states, d 32", "states", path, recorded));
    return taken.map((each) => ({ ...each, different }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What the run's record says of each node. */
export function stagesOf(artifacts: string, pairs: number): Taken[] {
  const runs = join(artifacts, "runs");
  return [...Deno.readDirSync(runs)].filter(({ name }) =>
    name.endsWith(".jsonl")
  ).flatMap(({ name }) =>
    Deno.readTextFileSync(join(runs, name)).trim().split("\n")
  ).flatMap((line) => NodeEvent.safeParse(JSON.parse(line)).data ?? [])
    .map(({ name, seconds, peakMemoryBytes }) => ({
      part: name,
      pairs,
      seconds,
      peakMegabytes: peakMemoryBytes / 2 ** 20,
    }));
}

/** Runs a measuring process of this folder on the tokens, which may take the first `pairs` of them. */
async function part(
  name: string,
  program: string,
  tokens: string,
  pairs: number,
): Promise<Taken> {
  const script = join(import.meta.dirname ?? ".", `${program}.ts`);
  const line = (await run([script, `--tokens=${tokens}`, `--pairs=${pairs}`]))
    .trim().split("\n");
  const { figures, peak_mb } = Report.parse(JSON.parse(line.at(-1) ?? ""));
  return {
    part: name,
    pairs,
    seconds: figures.seconds,
    peakMegabytes: peak_mb,
  };
}

async function run(args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", ...args],
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (success) return text(stdout);
  throw new Error(`"${args.join(" ")}" failed: ${text(stderr)}`);
}
