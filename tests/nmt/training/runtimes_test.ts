/** Training steps and beam search on every runtime against the reference; gradients and kernels have their own tests. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  initialWeights,
  parameterShapes,
} from "../../../nmt/transformer/parameters.ts";
import {
  createTranslator,
  type Hypothesis,
} from "../../../nmt/decoding/beam_search.ts";
import { compileStep } from "../../../nmt/training/compiled_step.ts";
import type { Runtime } from "../../../nmt/tensor/program.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { makeBatch } from "../../../nmt/text/subwords/batches.ts";
import { packSide } from "../../../nmt/text/subwords/tokens.ts";
import { RUNTIMES } from "../tensor/runtimes.ts";
import { studentModel, task, VOCABULARY } from "../fixtures/model.ts";
import { randomSources } from "../fixtures/plain_search.ts";

const STEPS = 3;

const sentences = (seed: number, count: number) =>
  randomSources(VOCABULARY, count, 6, seed);

/** Losses of some steps of training, each on a batch of its own shape, and what Adam has gathered then. */
async function train(runtime: Runtime) {
  const trainer = await compileStep(
    runtime,
    task(undefined, { factor: 1, warmup: 10, clipNorm: 1 }),
    { role: "teacher", seed: 1, threads: 1 },
  );
  const losses: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    const source = sentences(step, 3 + step);
    const target = sentences(step + 10, 3 + step);
    const tokens = {
      source: packSide(source),
      target: packSide(target),
      pairs: source.length,
    };
    const batch = makeBatch(tokens, Int32Array.from(source.keys()));
    losses.push((await trainer.run(batch, step)).loss);
  }
  const { first, second } = await trainer.state();
  await trainer.dispose();
  return { losses, moments: { ...first, ...second } };
}

async function translate(runtime: Runtime): Promise<Hypothesis[]> {
  const weights = initialWeights(parameterShapes(studentModel, VOCABULARY), 3);
  const saved = { model: studentModel, vocabulary: VOCABULARY, weights };
  const translator = await createTranslator(runtime, saved, { threads: 1 });
  const options = { beam: 3, lengthPenalty: 1, maximumLength: 6 };
  const found = await translator.translate(sentences(5, 4), options);
  await translator.dispose();
  return found;
}

const reference = await loadRuntime({ name: "reference" });

for (const { name, identity, load } of RUNTIMES) {
  if (identity.name === "reference") continue;

  Deno.test(`${name}: steps of training have the reference's losses and moments`, async () => {
    const actual = await train(await load());
    const expected = await train(reference);
    assert(new Set(expected.losses).size === STEPS, `${expected.losses}`);
    expected.losses.forEach((loss, step) =>
      assertAlmostEquals(actual.losses[step], loss, 1e-4 * loss, `${step}`)
    );
    for (const [parameter, values] of Object.entries(expected.moments)) {
      const largest = Math.max(...values.map(Math.abs));
      const found = actual.moments[parameter];
      assertEquals(found.length, values.length, parameter);
      values.forEach((value, i) =>
        assertAlmostEquals(found[i], value, 1e-3 * largest, parameter)
      );
    }
  });

  Deno.test(`${name}: beam search finds the reference's hypotheses`, async () => {
    const actual = await translate(await load());
    const expected = await translate(reference);
    assert(expected.some(({ ids }) => ids.length > 1), "there is a search");
    expected.forEach(({ ids, score }, i) => {
      assertEquals([...actual[i].ids], [...ids]);
      assertAlmostEquals(actual[i].score, score, 1e-4);
    });
  });
}
