/** The search of a sentence in one run beside the same search step by step. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { sourceTensors } from "../../../nmt/decoding/beams.ts";
import { encoderProgram } from "../../../nmt/decoding/decoder_step.ts";
import {
  searchInputs,
  searchLoop,
} from "../../../nmt/decoding/single_sentence_program.ts";
import { searchSentence } from "../../../nmt/decoding/hypotheses.ts";
import { weightConstants } from "../../../nmt/decoding/precision.ts";
import { createTranslator } from "../../../nmt/decoding/beam_search.ts";
import type { HostTensor } from "../../../nmt/tensor/program.ts";
import { compileLoop } from "../../../nmt/tensor/onnx/loop.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { randomModel, randomSources } from "../fixtures/plain_search.ts";

const threads = 1;

/** In int8 the range that is rounded is that of all hypotheses alone, and of those that live in a batch. */
const NEAR = { float32: 1e-4, int8: 0.2 };

for (const precision of ["float32", "int8"] as const) {
  for (const [vocabulary, beam] of [[23, 1], [23, 4], [5, 8]]) {
    Deno.test(`in ${precision} a beam of ${beam} over ${vocabulary} ids finds alone what it finds in a batch of one`, async () => {
      const runtime = await loadRuntime();
      // What is not known to be ONNX Runtime on the CPU goes step by step.
      const other = {
        ...runtime,
        identity: { ...runtime.identity, provider: "another" },
      };
      const lengths = new Set<number>();
      for (const seed of [3, 4]) {
        const saved = randomModel(vocabulary, seed);
        const options = { threads, precision };
        const alone = await createTranslator(runtime, saved, options);
        const stepwise = await createTranslator(other, saved, options);
        for (const lengthPenalty of [0, 0.6, 1.5]) {
          for (const maximumLength of [0, 1, 9]) {
            const search = { beam, lengthPenalty, maximumLength };
            for (const source of randomSources(vocabulary, 4, 8, seed)) {
              const [found] = await alone.translate([source], search);
              const [expected] = await stepwise.translate([source], search);
              assertEquals(found.ids, expected.ids);
              assertAlmostEquals(
                found.score,
                expected.score,
                NEAR[precision],
              );
              lengths.add(found.ids.length);
            }
          }
        }
        await alone.dispose();
        await stepwise.dispose();
      }
      assert(lengths.size >= 3, "expected hypotheses of several lengths");
    });
  }
}

Deno.test("the loop takes the steps that the search needs and no more", async () => {
  const vocabulary = 23, beam = 3, lengthPenalty = 1, maximumLength = 40;
  const runtime = await loadRuntime();
  const saved = randomModel(vocabulary, 5);
  const { model } = saved;
  const decoder = { model, vocabulary, precision: "float32" } as const;
  const options = { constants: weightConstants(saved, "float32"), threads };
  const encoder = await runtime.compile(encoderProgram(decoder), options);
  const loop = await compileLoop(searchLoop(decoder, beam), options);
  const taken = new Set<number>();
  for (const ids of randomSources(vocabulary, 12, 8, 5)) {
    const { source, padding } = sourceTensors([ids]);
    const { tokens, scores, parents, ended } = await loop.run({
      padding,
      ...await encoder.run({ source, padding }),
      ...searchInputs(model, beam, maximumLength, lengthPenalty),
    }, maximumLength + 1);
    const [steps] = tokens.shape;
    taken.add(steps);
    const search = searchSentence({ beam, lengthPenalty, maximumLength });
    const living = Array.from({ length: steps }, (_, step) => {
      const of = ({ data }: HostTensor) =>
        data.subarray(step * beam, (step + 1) * beam);
      return search.advance({
        tokens: of(tokens),
        scores: of(scores),
        parents: of(parents),
        ended: of(ended),
      });
    });
    assertEquals(living.indexOf(0), steps - 1);
  }
  assert(taken.size >= 3, "expected searches of several lengths");
  await encoder.dispose();
  await loop.dispose();
});
