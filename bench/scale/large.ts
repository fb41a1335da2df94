/** Measures a teacher of OPUS-MT's size with a student: the peak memory of each stage, beside what was estimated before. */
import { join } from "@std/path";
import { z } from "zod";
import { inputError } from "../../base/input_error.ts";
import { EXIT } from "../../cli/exit.ts";
import { ROOT } from "../../engine/keys/project.ts";
import { corpusFile, readRealPairs, writePairs } from "./pairs.ts";
import { stagesOf } from "./pipeline.ts";

/** What a stage took, and the most memory that it was estimated to take. */
export interface LargeStage {
  readonly stage: string;
  readonly seconds: number;
  readonly peakMegabytes: number;
  readonly estimatedMegabytes: number | null;
}

export interface LargeSizes {
  /** Sentences to train on, of which states are recorded. */
  readonly sentences: number;
  readonly steps: number;
}

/** What the claim is about: 10,000 sentences, 200 steps, 4 GB. */
export const LARGE: LargeSizes = { sentences: 10_000, steps: 200 };

/** Further pairs, of which some are held out and some are left out as they repeat others. */
const MORE = 6000;

/** Subwords of the imported model, its begin of sentence included, and of the student: more than the text uses. */
const VOCABULARY = 58_102, STUDENTS = 14_000;

/** The student's batch: with the default of 6,144 tokens its training takes 5.3 GB. */
const BATCH_TOKENS = 2048;

const STUDENT = "ckd";

const Preview = z.object({
  estimate: z.object({ memory: z.record(z.string(), z.number()) }),
});

/**
 * Makes the model with a Python that has Transformers, imports it, trims it, records its states and trains a student of
 * 3 + 3 layers.
 *
 * @throws An input error where the Python or the text is missing.
 */
export async function measureLarge(
  python: string,
  { sentences, steps }: LargeSizes,
): Promise<LargeStage[]> {
  const folder = await Deno.makeTempDir({ prefix: "ckd-large-" });
  try {
    const text = join(folder, "pairs.tsv"), model = join(folder, "model");
    const pairs = await readRealPairs([corpusFile("libreoffice-help")]);
    writePairs(pairs, sentences + MORE, text);
    await Deno.mkdir(model);
    await makeModel(python, text, model);
    const experiment = join(folder, "large.jsonc");
    await Deno.writeTextFile(
      experiment,
      JSON.stringify(experimentOf(text, model, { sentences, steps })),
    );
    const artifacts = join(folder, "artifacts");
    const run = (...options: string[]) =>
      outputOf(Deno.execPath(), [
        ...["run", "--quiet", "--allow-all", join(ROOT, "cli/main.ts"), "run"],
        ...[`student:${STUDENT}`, `--experiment=${experiment}`],
        ...[`--artifacts=${artifacts}`, ...options],
      ]);
    const preview = await run("--dry-run", "--json");
    if (preview.code !== EXIT.stale) throw new Error(preview.err);
    const { estimate } = Preview.parse(JSON.parse(preview.out));
    const { code, err } = await run("--quiet");
    if (code !== EXIT.done) throw new Error(err);
    return stagesOf(artifacts, sentences).map((taken) => ({
      stage: taken.part,
      seconds: taken.seconds,
      peakMegabytes: Math.round(taken.peakMegabytes),
      estimatedMegabytes: megabytes(estimate.memory[taken.part]),
    }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const megabytes = (bytes: number | undefined) =>
  bytes === undefined ? null : Math.round(bytes / 2 ** 20);

function experimentOf(
  text: string,
  model: string,
  { sentences, steps }: LargeSizes,
) {
  const pairs = [[1, 2], [3, 4], [5, 6]];
  return {
    languages: { source: "de", target: "en" },
    data: { train: text },
    corpus: { trainLimit: sentences },
    vocabulary: { size: VOCABULARY, students: STUDENTS },
    teacher: {
      import: model,
      model: { norm: "post", activation: "swish", outputBias: true },
    },
    student: {
      model: { encoderLayers: 3, decoderLayers: 3 },
      training: { steps, batchTokens: BATCH_TOKENS, validateEvery: 100 },
    },
    students: {
      [STUDENT]: { alpha: 0.5, beta: 0.2, encoder: pairs, decoder: pairs },
    },
  };
}

async function makeModel(
  python: string,
  pairs: string,
  folder: string,
): Promise<void> {
  const script = join(ROOT, "bench", "reference", "opus_teacher.py");
  const { code, err } = await outputOf(python, [
    ...[script, `--pairs=${pairs}`, `--folder=${folder}`],
  ]).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return { code: 1, err: "" };
    throw error;
  });
  if (code === 0) return;
  throw inputError(
    `Cannot make a model of OPUS-MT's size: "${python}" ${
      err.trim().split("\n").at(-1) || "is not there"
    }; name a Python that has transformers, torch and sentencepiece with CKD_BENCH_PYTHON.`,
  );
}

async function outputOf(command: string, args: readonly string[]) {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    // Python would leave its compiled modules in the repository.
    env: { PYTHONDONTWRITEBYTECODE: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}
