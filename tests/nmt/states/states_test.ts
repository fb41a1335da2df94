/** Sharded states: the recorded signals equal the teacher's forward pass, for any batch. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { TEACHER_EMBEDDING } from "../../../nmt/distillation/loss.ts";
import {
  fromSlot,
  slots,
  slotSpecs,
  slotTensors,
} from "../../../nmt/training/step_inputs.ts";
import {
  batchInputs,
  batchTensors,
} from "../../../nmt/transformer/batch_inputs.ts";
import { noDropout } from "../../../nmt/transformer/layers.ts";
import { FINAL, signalInput } from "../../../nmt/states/teacher_signals.ts";
import { openStates, openTeacherSignals } from "../../../nmt/states/states.ts";
import { decode, encode } from "../../../nmt/transformer/transformer.ts";
import { Distillation } from "../../../schemas/experiment/distillation.ts";
import type { HostTensors, Program } from "../../../nmt/tensor/program.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { tf } from "../../../nmt/tensor/tfjs.ts";
import { type Batch, makeBatch } from "../../../nmt/text/subwords/batches.ts";
import {
  BATCHES,
  distillation,
  folder,
  model,
  reported,
  shapes,
  teacher,
  tokens,
  weights,
} from "../fixtures/recorded_corpus.ts";

const FINAL_STATE = signalInput(FINAL);

/** The teacher's own forward pass, by the names that signals have. */
const forward: Program = {
  name: "forward",
  inputs: {
    ...batchInputs(model),
    ...slotSpecs(shapes, slots.weight),
  },
  build: (inputs) => {
    const parameters = fromSlot(shapes, slots.weight, inputs);
    const encoded = encode(model, parameters, inputs, noDropout);
    const decoded = decode(
      model,
      parameters,
      inputs,
      encoded,
      noDropout,
    );
    return {
      "teacher encoder.1": encoded.layers[0],
      "teacher encoder.3": encoded.layers[2],
      "teacher decoder.2": decoded.layers[1],
      "teacher encoder.2.self": tf.mean(encoded.selfAttention[1], 1),
      "teacher decoder.1.self": tf.mean(decoded.selfAttention[0], 1),
      "teacher decoder.1.cross": tf.mean(decoded.crossAttention[0], 1),
      [FINAL_STATE]: decoded.output,
    };
  },
};

const forwardInputs = (batch: Batch): HostTensors => ({
  ...batchTensors(batch, model),
  ...slotTensors(shapes, slots.weight, weights),
});

Deno.test("states are recorded shard by shard, each reported", () => {
  assertEquals(reported, [2048, 4096, 4200]);
  assertEquals(
    [...Deno.readDirSync(folder)].map(({ name }) => name).sort(),
    ["00000", "00001", "00002"].map((name) => `${name}.safetensors`),
  );
});

Deno.test("what is read for any batch is the teacher's forward pass: layers to half precision, the final state exactly", async () => {
  const executable = await (await loadRuntime({ name: "reference" })).compile(
    forward,
  );
  const states = openStates(() => folder, tokens, model, distillation);
  let finer = 0;
  for (const batch of BATCHES) {
    const expected = await executable.run(forwardInputs(batch));
    const found = states.read(batch);
    const { source: sourceRows, labels } = batchTensors(batch, model);
    const source = { length: batch.sourceLength, ids: batch.source };
    const target = { length: batch.targetLength, ids: batch.labels };
    let looks = 0;
    assertEquals(Object.keys(found).sort(), Object.keys(expected).sort());
    for (const [name, { shape, data }] of Object.entries(found)) {
      const queries = name.includes("encoder") ? source : target;
      const keys = /encoder|cross/.test(name) ? source : target;
      const isMap = /self|cross/.test(name);
      const rows = queries === source ? sourceRows.data : labels.data;
      const width = isMap ? keys.length : model.width;
      assertEquals(
        shape,
        isMap ? [batch.rows, queries.length, width] : [rows.length, width],
      );
      const final = name === FINAL_STATE;
      assert(data instanceof (final ? Float32Array : Float16Array));
      data.forEach((value, i) => {
        const row = Math.floor(i / width);
        const key = Math.floor(row / queries.length) * width + i % width;
        const isPadding = isMap
          ? queries.ids[row] === 0 || keys.ids[key] === 0
          : rows[row] === 0;
        if (isPadding) {
          return assertEquals(value, 0, `${name}: padding`);
        }
        const wanted = expected[name].data[i];
        assertAlmostEquals(
          value,
          wanted,
          (final ? 2e-6 : 2 ** -10) * Math.max(1, Math.abs(wanted)),
          `${name} ${i}`,
        );
        if (final && Math.f16round(value) !== value) finer++;
        if (isMap) looks += value;
      });
    }
    assertAlmostEquals(
      looks / (batch.sourceTokens + 2 * batch.targetTokens),
      1,
      1e-3,
      "each position's looks add up to one",
    );
  }
  assert(finer > 1000, "the final state is not rounded to half precision");
  states.close();
});

Deno.test("a sentence's states are the same bits in whatever batch they are read", () => {
  const states = openStates(() => folder, tokens, model, distillation);
  const matricesOf = (batch: Batch, row: number) =>
    Object.entries(states.read(batch)).map(([name, { shape, data }]) => {
      const columns = shape[shape.length - 1];
      const lengths = name.includes("encoder")
        ? batch.sourceLengths
        : batch.targetLengths;
      const [first, rows] = shape.length === 3
        ? [row * shape[1], shape[1]]
        : [lengths.slice(0, row).reduce((a, b) => a + b, 0), lengths[row]];
      return Array.from({ length: rows }, (_, r) => {
        const start = (first + r) * columns;
        return Array.from<number>(data.slice(start, start + columns));
      });
    });
  const [, , , many] = BATCHES;
  for (const [row, pair] of [...many.pairs].entries()) {
    const alone = matricesOf(makeBatch(tokens, Int32Array.of(pair)), 0);
    matricesOf(many, row).forEach((among, i) => {
      const padded = among.map((values, r) =>
        values.map((_, column) => alone[i][r]?.[column] ?? 0)
      );
      assertEquals(among, padded);
    });
  }
  states.close();
});

Deno.test("only what a distillation reads is asked of the shards and read", () => {
  const reads = (some: Partial<Distillation>) => {
    const lessons = openTeacherSignals(
      teacher,
      () => folder,
      tokens,
      Distillation.parse(some),
    );
    const inputs = lessons.read(BATCHES[0]);
    lessons.close();
    return [...Object.keys(inputs), ...Object.keys(lessons.constants)].sort();
  };
  assertEquals(reads({ alpha: 0.5 }), [TEACHER_EMBEDDING, FINAL_STATE]);
  assertEquals(reads({ beta: 0.5, encoder: [[3]] }), ["teacher encoder.3"]);
  assertEquals(
    reads({ beta: 0.5, attention: { encoder: [], decoder: [2, 1] } }),
    [1, 2].flatMap((layer) => [
      `teacher decoder.${layer}.cross`,
      `teacher decoder.${layer}.self`,
    ]),
  );
  assertEquals(reads({ alpha: 0.5, encoder: [[2]] }), [
    TEACHER_EMBEDDING,
    FINAL_STATE,
  ]);
});

Deno.test("what was read stays as it is until the read after the next one", () => {
  const states = openStates(() => folder, tokens, model, distillation);
  const first = states.read(BATCHES[0]);
  const copy = Object.values(first).map(({ data }) => data.slice());
  states.read(BATCHES[3]);
  assertEquals(Object.values(first).map(({ data }) => data), copy);
  states.close();
});
