/** Training here is the same as in PyTorch: losses, initial weights, order of batches, and what goes on from a checkpoint. */
import { createHash } from "node:crypto";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { BAR, pairings } from "../../bench/parity/comparison.ts";
import { type Compared, ourCurves } from "../../bench/parity/ours.ts";
import {
  missingTorch,
  runScript,
  theirCurves,
} from "../../bench/parity/theirs.ts";
import { readOutput } from "../../bench/text/stages.ts";
import { findPeers, readCpu } from "../../apps/doctor/peers.ts";
import { loadModel } from "../../nmt/transformer/checkpoint.ts";
import {
  initialWeights,
  parameterShapes,
} from "../../nmt/transformer/parameters.ts";
import { Distillation } from "../../schemas/experiment/distillation.ts";
import { Model, Training } from "../../schemas/experiment/model.ts";
import { batchOrder } from "../../nmt/text/subwords/batches.ts";
import {
  packSide,
  readTokens,
  type Tokens,
  writeTokens,
} from "../../nmt/text/subwords/tokens.ts";

const REFERENCE = join(
  import.meta.dirname ?? ".",
  "..",
  "..",
  "bench",
  "reference",
);
const SCRIPT = join(REFERENCE, "parity.py");
const peers = await findPeers(await readCpu());

/** Defines a test that is skipped, with the reason in its title, where something is missing. */
function test(
  name: string,
  missing: string | undefined,
  act: (folder: string) => Promise<void>,
): void {
  Deno.test({
    name: missing === undefined ? name : `${name} [not run: ${missing}]`,
    ignore: missing !== undefined,
    fn: async () => {
      const folder = await Deno.makeTempDir({ prefix: "ckd-parity-" });
      try {
        await act(folder);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

const sizes = { width: 32, feedForward: 64, heads: 4, dropout: 0 };
const training = Training.parse({
  steps: 40,
  batchTokens: 512,
  factor: 0.5,
  warmup: 30,
  beta2: 0.98,
});

test(
  "losses of a teacher and of its student on real text are PyTorch's to a thousandth over 40 steps",
  missingTorch(peers),
  async (folder) => {
    const vocabulary = 600;
    const compared: Compared = {
      tokens: await readOutput("messages", {
        node: "tokenize",
        output: "train",
        vocabulary,
        pairs: 1500,
      }, readTokens),
      vocabulary,
      teacher: Model.parse({ encoderLayers: 4, decoderLayers: 2, ...sizes }),
      student: Model.parse({ encoderLayers: 2, decoderLayers: 2, ...sizes }),
      training,
      distillation: Distillation.parse({
        alpha: 0.2,
        beta: 0.7,
        encoder: [[1, 2], [3, 4]],
      }),
      seed: 1,
      threads: 1,
    };
    const ours = await ourCurves(compared, folder);
    const theirs = await theirCurves(peers, folder, 1);
    for (const { name, difference, ours: losses } of pairings(ours, theirs)) {
      const { largest, atStep } = difference;
      assertEquals(losses.length, training.steps);
      assert(
        losses[training.steps - 1] < 0.9 * losses[0],
        `${name} has not learnt`,
      );
      assert(largest < BAR, `${name}: ${largest} apart at step ${atStep}`);
    }
  },
);

/** Pairs of ids whose lengths are all about. */
function madeTokens(pairs: number, vocabulary: number): Tokens {
  const side = (factor: number) =>
    packSide(
      Array.from({ length: pairs }, (_, i) =>
        Int32Array.from(
          { length: 1 + (i * factor) % 23 },
          (_, j) => 3 + (i * 7 + j * factor) % (vocabulary - 3),
        )),
    );
  return { source: side(5), target: side(11), pairs };
}

test(
  "batches and initial weights are the same in both",
  missingTorch(peers),
  async (folder) => {
    const tokens = madeTokens(700, 50);
    writeTokens(join(folder, "tokens.safetensors"), tokens);
    const model = Model.parse({ encoderLayers: 1, decoderLayers: 2, ...sizes });
    const found = await runScript(peers.python, [
      "-c",
      `import json, sys
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/training_runs"]
from safetensors.numpy import load_file
from fit import new_model
from order import batch_order
from weights import initialise, product_weights, save
folder, sizes, seed = sys.argv[2], json.loads(sys.argv[3]), 2**31 - 1
model = new_model(sizes, 50)
initialise(model, sizes, seed)
save(f"{folder}/model.safetensors", product_weights(model, sizes), sizes, 50)
tokens = load_file(f"{folder}/tokens.safetensors")
print(json.dumps([batch_order(tokens, 256, seed, epoch) for epoch in (0, 3)]))`,
      REFERENCE,
      folder,
      JSON.stringify(model),
    ]);
    const seed = 2 ** 31 - 1;
    assertEquals(
      JSON.parse(found),
      [0, 3].map((epoch) =>
        batchOrder(tokens, 256, seed, epoch).map((pairs) => [...pairs])
      ),
    );
    const path = join(folder, "model.safetensors");
    const { weights } = loadModel(path, "the model that PyTorch wrote");
    const ours = initialWeights(parameterShapes(model, 50), seed);
    assertEquals(Object.keys(weights), Object.keys(ours));
    for (const [name, values] of Object.entries(ours)) {
      values.forEach((value, i) =>
        assert(
          Math.abs(value - weights[name][i]) <= 1e-7,
          `${name}[${i}]: ${value} here, ${weights[name][i]} there`,
        )
      );
    }
  },
);

test(
  "a training in PyTorch that is killed goes on to the same bytes, and refuses another configuration",
  missingTorch(peers),
  async (folder) => {
    const steps = 100;
    writeTokens(join(folder, "tokens.safetensors"), madeTokens(300, 50));
    const config = {
      model: Model.parse({
        ...sizes,
        encoderLayers: 1,
        decoderLayers: 1,
        dropout: 0.2,
      }),
      vocabulary: 50,
      training: {
        ...training,
        ...{ batchTokens: 256, validateEvery: 10, steps, selection: "nll" },
      },
    };
    const configure = (seed: number, changes = {}) =>
      Deno.writeTextFile(
        join(folder, "config.json"),
        JSON.stringify({
          ...{ ...config, training: { ...config.training, ...changes } },
          seed,
        }),
      );
    const args = (work: string) => [
      SCRIPT,
      "train",
      `--tokens=${folder}/tokens.safetensors`,
      `--validation=${folder}/tokens.safetensors`,
      `--config=${folder}/config.json`,
      `--out=${folder}/${work}.safetensors`,
      `--work=${folder}/${work}`,
      "--threads=1",
    ];
    const hashOf = async (work: string) =>
      createHash("sha256").update(
        await Deno.readFile(join(folder, `${work}.safetensors`)),
      ).digest("hex");
    await configure(1);
    await runScript(peers.python, args("whole"));

    const killed = new Deno.Command(peers.python, {
      args: args("killed"),
      stdout: "piped",
    }).spawn();
    for await (
      const text of killed.stdout.pipeThrough(new TextDecoderStream())
    ) {
      if (text.includes("step 10:")) break;
    }
    killed.kill("SIGKILL");
    await killed.status;
    await assertRejects(() => hashOf("killed"), Deno.errors.NotFound);
    const rest = await runScript(peers.python, args("killed"));
    assertMatch(rest, /^goes on after step \d+\n/);
    assertEquals(await hashOf("killed"), await hashOf("whole"));

    await configure(2);
    await assertRejects(
      () => runScript(peers.python, args("killed")),
      Error,
      "is of a training with another configuration",
    );
    for (
      const [changes, part] of [
        [{ cooldown: 10 }, "training.cooldown"],
        [{ selection: "bleu" }, "selects checkpoints by BLEU"],
      ] as const
    ) {
      await configure(1, changes);
      await assertRejects(
        () => runScript(peers.python, args("other")),
        Error,
        part,
      );
    }
  },
);
