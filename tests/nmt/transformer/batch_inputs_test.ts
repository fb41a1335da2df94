/** Packed batches: padding is computed once and changes nothing. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { Model } from "../../../schemas/experiment/model.ts";
import { PAD } from "../../../schemas/experiment/vocabulary.ts";
import type { HostTensors } from "../../../nmt/tensor/program.ts";
import { random } from "../../../nmt/random.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { makeBatch } from "../../../nmt/text/subwords/batches.ts";
import { packSide, type Tokens } from "../../../nmt/text/subwords/tokens.ts";
import { gradientProgram } from "../../../nmt/training/training_step.ts";
import { batchTensors } from "../../../nmt/transformer/batch_inputs.ts";
import { task, VOCABULARY, weights } from "../fixtures/model.ts";

const LENGTHS = [[3, 9], [17, 1], [4, 4], [12, 16], [1, 30]];

function pairsOf(lengths: readonly (readonly number[])[]): Tokens {
  const next = random("packed batches");
  const side = (at: number) =>
    packSide(lengths.map((pair) =>
      Int32Array.from(
        { length: pair[at] - 1 },
        () => 3 + Math.floor(next() * (VOCABULARY - 3)),
      )
    ));
  return { source: side(0), target: side(1), pairs: lengths.length };
}

const MODELS: Readonly<Record<string, Partial<Model>>> = {
  "attention": {},
  "recurrent units, norms after": { autoregression: "ssru", norm: "post" },
};

for (const [name, kind] of Object.entries(MODELS)) {
  for (const runtime of ["reference", "onnx"] as const) {
    Deno.test(`${name}, ${runtime}: loss and gradients of a padded batch are the means over the tokens of its sentences alone`, async () => {
      const plain = task();
      const each = { ...plain, model: { ...plain.model, ...kind, dropout: 0 } };
      const executable = await (await loadRuntime({ name: runtime }))
        .compile(gradientProgram(each), { threads: 1 });
      const tokens = pairsOf(LENGTHS);
      const run = (pairs: number[]) =>
        executable.run({
          ...batchTensors(
            makeBatch(tokens, Int32Array.from(pairs)),
            each.model,
          ),
          ...weights(each, 7),
        });
      const together = await run([0, 1, 2, 3, 4]);
      const alone: HostTensors[] = [];
      for (const pair of LENGTHS.keys()) alone.push(await run([pair]));
      const shares = LENGTHS.map(([, target]) => target / 60);
      for (const [output, { data }] of Object.entries(together)) {
        const scale = Math.max(...Array.from<number>(data).map(Math.abs));
        data.forEach((found, i) => {
          const mean = alone.reduce(
            (sum, outputs, pair) =>
              sum + shares[pair] * outputs[output].data[i],
            0,
          );
          assertAlmostEquals(found, mean, 2e-5 * scale, `${output} ${i}`);
        });
      }
      await executable.dispose();
    });
  }
}

Deno.test("a batch has a row for each token, then padding up to a multiple of 32; without padding none", () => {
  const { source, labels } = batchTensors(
    makeBatch(pairsOf(LENGTHS), Int32Array.of(0, 1, 2, 3, 4)),
    { heads: 2 },
  );
  const real = (ids: ArrayLike<number>) =>
    Array.from(ids).findIndex((id) => id === PAD);
  assertEquals([source.shape, real(source.data)], [[64], 37]);
  assertEquals([labels.shape, real(labels.data)], [[64], 60]);
  const even = makeBatch(pairsOf([[7, 5], [7, 5]]), Int32Array.of(0, 1));
  const full = batchTensors(even, { heads: 2 });
  assertEquals([full.source.shape, full.labels.shape], [[14], [10]]);
  assert(!full.labels.data.includes(PAD));
});
