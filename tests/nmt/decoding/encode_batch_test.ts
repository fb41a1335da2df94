/** Sentences that are encoded some at a time against the same ones encoded together. */
import { assert } from "@std/assert";
import { sourceTensors } from "../../../nmt/decoding/beams.ts";
import { encoderProgram } from "../../../nmt/decoding/decoder_step.ts";
import { encodeBatch } from "../../../nmt/decoding/encode_batch.ts";
import { weightConstants } from "../../../nmt/decoding/precision.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { randomModel, randomSources } from "../fixtures/plain_search.ts";
import { assertTensors } from "../tensor/values.ts";

for (const name of ["onnx", "reference"] as const) {
  Deno.test(`on ${name}, sentences are encoded some at a time as they are together`, async () => {
    const vocabulary = 30;
    const runtime = await loadRuntime({ name });
    const saved = randomModel(vocabulary, 3);
    const { model } = saved;
    const precision = "float32";
    const encoder = await runtime.compile(
      encoderProgram({ model, vocabulary, precision }),
      { constants: weightConstants(saved, precision), threads: 1 },
    );
    const sources = randomSources(vocabulary, 7, 9, 3);
    const inputs = sourceTensors(sources);
    const expected = {
      padding: inputs.padding,
      ...await encoder.run(inputs),
    };
    assert(
      inputs.padding.data.includes(0) && inputs.padding.data.some(Boolean),
    );
    for (const most of [1, 25, Infinity]) {
      const found = await encodeBatch(encoder, model, sources, most);
      assertTensors(found, expected, 1e-5);
    }
    await encoder.dispose();
  });
}
