/** Compares training with PyTorch, from the same weights on the same batches; `deno task bench parity`. */
import { parseArgs } from "@std/cli/parse-args";
import { inputError } from "../base/input_error.ts";
import { Distillation } from "../schemas/experiment/distillation.ts";
import { Model, Training } from "../schemas/experiment/model.ts";
import { count } from "./flags.ts";
import {
  BAR,
  differenceTable,
  isMissed,
  lossesOf,
  lossTable,
  pairings,
} from "./parity/comparison.ts";
import { type Compared, ourCurves } from "./parity/ours.ts";
import { missingTorch, theirCurves } from "./parity/theirs.ts";
import { readTokens } from "../nmt/text/subwords/tokens.ts";
import { findPeers, readCpu } from "../apps/doctor/peers.ts";
import { progress } from "./measures/report.ts";
import { readOutput } from "./text/stages.ts";
import { chosenText, TEXT_NAMES, TEXTS } from "./text/texts.ts";

const USAGE = `deno task bench parity [--steps 200] [--every 20] ` +
  `[--threads 1] [--text messages] [--json]

  --steps    training steps of the teacher and of the student
  --every    steps from one row of the table to the next
  --threads  of both; the models are small, and waiting for each other costs threads more than they save
  --text     ${TEXT_NAMES.join(" or ")}, see deno task bench --help

It needs PyTorch (bench/setup); it ends with exit code 1 where two losses are ${BAR} or more apart.`;

const VOCABULARY = 2000;
const sizes = { width: 64, feedForward: 256, heads: 4, dropout: 0 };

/** `ckd-regular` with the paper's weights. */
const settings = {
  vocabulary: VOCABULARY,
  teacher: Model.parse({ encoderLayers: 6, decoderLayers: 6, ...sizes }),
  student: Model.parse({ encoderLayers: 2, decoderLayers: 2, ...sizes }),
  distillation: Distillation.parse({
    alpha: 0.2,
    beta: 0.7,
    encoder: [[1, 2, 3], [4, 5, 6]],
  }),
  seed: 1,
};

/** Trains both sides and prints their losses, or one JSON object. */
export async function parity(args: readonly string[]): Promise<void> {
  const flags = parseArgs([...args], {
    string: ["steps", "every", "threads", "text"],
    boolean: ["json", "help"],
    unknown: (name: string) => {
      throw inputError(`Cannot use "${name}": expected ${USAGE}`);
    },
  });
  if (flags.help) return console.log(USAGE);
  const steps = count("steps", flags.steps, 200);
  const every = count("every", flags.every, 20);
  const threads = count("threads", flags.threads, 1);
  const text = chosenText(flags.text);
  const cpu = await readCpu();
  const peers = await findPeers(cpu);
  const missing = missingTorch(peers) ?? TEXTS[text].missing();
  if (missing !== undefined) {
    throw inputError(`Cannot compare with PyTorch: ${missing}.`);
  }
  progress("the text: made to tokens");
  const compared: Compared = {
    ...settings,
    threads,
    tokens: await readOutput(text, {
      node: "tokenize",
      output: "train",
      vocabulary: VOCABULARY,
    }, readTokens),
    training: Training.parse({ steps, batchTokens: 1024 }),
  };
  const folder = await Deno.makeTempDir({ prefix: "ckd-parity-" });
  try {
    const ours = await ourCurves(
      compared,
      folder,
      (done) => progress(`ours: step ${done} of ${2 * steps}`),
    );
    progress(`PyTorch: ${6 * steps} steps`);
    const theirs = await theirCurves(peers, folder, threads);
    progress("");
    const all = pairings(ours, theirs);
    const losses = lossesOf(all, every);
    console.log(
      flags.json
        ? JSON.stringify({
          command: "deno task bench parity",
          text,
          machine: {
            cpu: cpu.model,
            cores: navigator.hardwareConcurrency,
            threads,
            versions: [theirs.version],
          },
          ...losses,
        })
        : [lossTable(losses), "", differenceTable(losses), theirs.version]
          .join("\n"),
    );
    if (all.some(isMissed)) Deno.exitCode = 1;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
