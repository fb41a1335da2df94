/** Every kind of model that can be imported: training, decoding and export compute the same function. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { createTranslator } from "../../../nmt/decoding/beam_search.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { gradientProgram } from "../../../nmt/training/training_step.ts";
import { Model } from "../../../schemas/experiment/model.ts";
import { exported } from "../export/exported.ts";
import { relativeError } from "../fixtures/agreement.ts";
import { batch, task, weights } from "../fixtures/model.ts";
import {
  plainBeam,
  randomModel,
  randomSources,
  scorer,
} from "../fixtures/plain_search.ts";

const KINDS: Readonly<Record<string, Partial<Model>>> = {
  "recurrent units, norms after, a bias of the output (Marian's tiny11)": {
    norm: "post",
    normEpsilon: 1e-6,
    positions: "tensor2tensor",
    autoregression: "ssru",
    outputBias: true,
  },
  "norms after and swish, source and target apart (OPUS-MT)": {
    norm: "post",
    activation: "swish",
    tiedEmbeddings: "output",
    outputBias: true,
  },
  "recurrent units, norms before, one matrix of source and target": {
    autoregression: "ssru",
    tiedEmbeddings: "input",
  },
  "three matrices, norms after": { tiedEmbeddings: "none", norm: "post" },
  "feed-forward blocks of four maps": {
    feedForwardDepth: 4,
    activation: "swish",
  },
  "embeddings that are not scaled": { scaleEmbedding: false },
  "feed-forward blocks of one map": { feedForwardDepth: 1 },
};
const VOCABULARY = 23;

for (const [name, kind] of Object.entries(KINDS)) {
  for (const beam of [1, 3]) {
    Deno.test(`${name}: a beam of ${beam} finds what the same search over whole sequences finds, alone, in batches and as a graph`, async () => {
      const onnx = await loadRuntime();
      const lengths = new Set<number>();
      for (const seed of [3, 5, 11]) {
        const saved = randomModel(VOCABULARY, seed, kind);
        const full = await scorer(onnx, saved);
        const translator = await createTranslator(onnx, saved, { threads: 1 });
        await using graphs = await exported(saved, "float32", 0.6);
        const options = { beam, lengthPenalty: 0.6, maximumLength: 9 };
        const sources = randomSources(VOCABULARY, 12, 8, seed);
        const together = await translator.translate(sources, options);
        for (const [index, source] of sources.entries()) {
          const expected = await plainBeam(full, source, {
            ...options,
            vocabulary: VOCABULARY,
          });
          const [alone] = await translator.translate([source], options);
          const [graph] = await graphs.translator.translate([source], options);
          for (const found of [together[index], alone, graph]) {
            assertEquals([...found.ids], [...expected.ids]);
            assertAlmostEquals(found.score, expected.score, 1e-4);
          }
          lengths.add(expected.ids.length);
        }
        await translator.dispose();
      }
      assert(lengths.size >= 2, "expected translations of several lengths");
    });
  }

  Deno.test(`${name}: in int8 the graph finds what the project finds`, async () => {
    const saved = randomModel(VOCABULARY, 4, kind);
    await using graphs = await exported(saved, "int8", 1);
    const own = await createTranslator(await loadRuntime(), saved, {
      threads: 1,
      precision: "int8",
    });
    const options = { beam: 3, lengthPenalty: 1 };
    for (const source of randomSources(VOCABULARY, 8, 8, 4)) {
      const [found] = await graphs.translator.translate([source], options);
      const [expected] = await own.translate([source], options);
      assertEquals(found.ids, expected.ids);
      assertAlmostEquals(found.score / expected.score, 1, 1e-3);
    }
    await own.dispose();
  });

  Deno.test(`${name}: the recorded gradient agrees with the reference`, async () => {
    const plain = task();
    const each = { ...plain, model: { ...plain.model, ...kind } };
    const program = gradientProgram(each);
    const recorded = await (await loadRuntime()).compile(program, {
      threads: 1,
    });
    const reference = await loadRuntime({ name: "reference" });
    const eager = await reference.compile(program);
    const shapes = [[3, 5, 7], [1, 1, 1], [2, 12, 43]];
    for (const [index, [rows, source, target]] of shapes.entries()) {
      const inputs = {
        ...batch(each, { batch: rows, source, target }, index),
        ...weights(each, 7),
      };
      const actual = await recorded.run(inputs);
      for (const [output, value] of Object.entries(await eager.run(inputs))) {
        const error = relativeError(actual[output], value);
        assert(error < 1e-4, `${output}: relative error ${error}`);
      }
    }
    await recorded.dispose();
  });
}
