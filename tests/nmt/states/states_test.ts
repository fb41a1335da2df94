/** Sharded states: the recorded signals equal the teacher's forward pass, for any batch. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { TEACHER_EMBEDDING } from "../../../nmt/distillation/loss.ts";
import { slots } from "../../../nmt/training/step_inputs.ts";
import { noDropout } from "../../../nmt/transformer/layers.ts";
import { outputLoss } from "../../../nmt/distillation/output_loss.ts";
import { FINAL, signalInput } from "../../../nmt/states/teacher_signals.ts";
import { openStates, openTeacherSignals } from "../../../nmt/states/states.ts";
import { decode, encode } from "../../../nmt/transformer/transformer.ts";
import { Distillation } from "../../../schemas/experiment/distillation.ts";
import { random } from "../../../nmt/random.ts";
import type {
  HostTensor,
  HostTensors,
  Program,
  Tensors,
} from "../../../nmt/tensor/program.ts";
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
  VOCABULARY,
  weights,
} from "../fixtures/recorded_corpus.ts";

const FINAL_STATE = signalInput(FINAL);

/** A program of the teacher's own forward pass, on its inputs and others. */
function forward(
  others: Program["inputs"],
  build: (states: Tensors, inputs: Tensors) => Tensors,
): Program {
  return {
    name: "forward",
    inputs: {
      source: { shape: ["batch", "source"], dtype: "int32" },
      target: { shape: ["batch", "target"], dtype: "int32" },
      ...Object.fromEntries(
        Object.entries(shapes).map((
          [name, shape],
        ) => [slots.weight + name, { shape, dtype: "float32" }]),
      ),
      ...others,
    },
    build: (inputs) => {
      const parameters = Object.fromEntries(
        Object.keys(shapes).map((name) => [name, inputs[slots.weight + name]]),
      );
      const encoded = encode(model, parameters, inputs.source, noDropout);
      const decoded = decode(
        model,
        parameters,
        inputs.target,
        encoded,
        noDropout,
      );
      return build({
        "teacher encoder.1": encoded.layers[0],
        "teacher encoder.3": encoded.layers[2],
        "teacher decoder.2": decoded.layers[1],
        "teacher encoder.2.self": tf.mean(encoded.selfAttention[1], 1),
        "teacher decoder.1.self": tf.mean(decoded.selfAttention[0], 1),
        "teacher decoder.1.cross": tf.mean(decoded.crossAttention[0], 1),
        [FINAL_STATE]: decoded.output,
      }, inputs);
    },
  };
}

function forwardInputs(batch: Batch): HostTensors {
  const ids = (data: Int32Array, length: number): HostTensor => ({
    shape: [batch.rows, length],
    data: Int32Array.from(data),
  });
  return {
    source: ids(batch.source, batch.sourceLength),
    target: ids(batch.target, batch.targetLength),
    ...Object.fromEntries(
      Object.entries(shapes).map((
        [name, shape],
      ) => [slots.weight + name, { shape, data: weights[name] }]),
    ),
  };
}

Deno.test("states are recorded shard by shard, each reported", () => {
  assertEquals(reported, [2048, 4096, 4200]);
  assertEquals(
    [...Deno.readDirSync(folder)].map(({ name }) => name).sort(),
    ["00000", "00001", "00002"].map((name) => `${name}.safetensors`),
  );
});

Deno.test("what is read for any batch is the teacher's forward pass: layers to half precision, the final state exactly", async () => {
  const executable = await (await loadRuntime({ name: "reference" })).compile(
    forward({}, (states) => states),
  );
  const states = openStates(folder, tokens, model, distillation);
  let finer = 0;
  for (const batch of BATCHES) {
    const expected = await executable.run(forwardInputs(batch));
    const found = states.read(batch);
    const source = { length: batch.sourceLength, ids: batch.source };
    const target = { length: batch.targetLength, ids: batch.labels };
    let looks = 0;
    assertEquals(Object.keys(found).sort(), Object.keys(expected).sort());
    for (const [name, { shape, data }] of Object.entries(found)) {
      const queries = name.includes("encoder") ? source : target;
      const keys = /encoder|cross/.test(name) ? source : target;
      const isMap = /self|cross/.test(name);
      const width = isMap ? keys.length : model.width;
      assertEquals(shape, [batch.rows, queries.length, width]);
      const final = name === FINAL_STATE;
      assert(data instanceof (final ? Float32Array : Float16Array));
      data.forEach((value, i) => {
        const row = Math.floor(i / width);
        const key = Math.floor(row / queries.length) * width + i % width;
        if (queries.ids[row] === 0 || (isMap && keys.ids[key] === 0)) {
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
  const states = openStates(folder, tokens, model, distillation);
  const matricesOf = (batch: Batch, row: number) =>
    Object.values(states.read(batch)).map((
      { shape: [, rows, columns], data },
    ) =>
      Array.from({ length: rows }, (_, r) => {
        const start = (row * rows + r) * columns;
        return Array.from<number>(data.slice(start, start + columns));
      })
    );
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

Deno.test("soft targets from the recorded final state are those of the teacher inside of the step to 1e-6", async () => {
  const executable = await (await loadRuntime()).compile(
    forward({
      [FINAL_STATE]: {
        shape: ["batch", "target", model.width],
        dtype: "float32",
      },
      [TEACHER_EMBEDDING]: {
        shape: [VOCABULARY, model.width],
        dtype: "float32",
      },
      student: { shape: ["batch", "target", 5], dtype: "float32" },
      weights: { shape: ["batch", "target"], dtype: "float32" },
      embedding: { shape: [VOCABULARY, 5], dtype: "float32" },
    }, (states, inputs) => {
      const flat = (x: tf.Tensor, width: number) =>
        tf.reshape(x, [-1, width]) as tf.Tensor2D;
      const soft = (state: tf.Tensor) => {
        const logits = tf.matMul(
          flat(state, model.width),
          inputs[TEACHER_EMBEDDING] as tf.Tensor2D,
          false,
          true,
        );
        return outputLoss(flat(inputs.student, 5), inputs.embedding, {
          weights: tf.reshape(inputs.weights, [-1]),
          L_KD: { logits, temperature: 2, weight: 1 },
        }).loss;
      };
      return {
        inside: soft(states[FINAL_STATE]),
        recorded: soft(inputs[FINAL_STATE]),
      };
    }),
    { threads: 1 },
  );
  const lessons = openTeacherSignals(teacher, folder, tokens, distillation);
  const next = random("student");
  const drawn = (...shape: number[]): HostTensor => ({
    shape,
    data: Float32Array.from(
      { length: shape.reduce((a, b) => a * b) },
      () => 2 * next() - 1,
    ),
  });
  for (const batch of BATCHES) {
    const { inside, recorded } = await executable.run({
      ...forwardInputs(batch),
      [FINAL_STATE]: lessons.read(batch)[FINAL_STATE],
      ...lessons.constants,
      student: drawn(batch.rows, batch.targetLength, 5),
      embedding: drawn(VOCABULARY, 5),
      weights: {
        shape: [batch.rows, batch.targetLength],
        data: Float32Array.from(
          batch.labels,
          (id) => id > 0 ? 1 / batch.targetTokens : 0,
        ),
      },
    });
    assert(inside.data[0] > 0.1);
    assertAlmostEquals(
      recorded.data[0],
      inside.data[0],
      1e-6 * Math.max(1, inside.data[0]),
    );
  }
  lessons.close();
  await executable.dispose();
});

Deno.test("only what a distillation reads is asked of the shards and read", () => {
  const reads = (some: Partial<Distillation>) => {
    const lessons = openTeacherSignals(
      teacher,
      folder,
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
  const states = openStates(folder, tokens, model, distillation);
  const first = states.read(BATCHES[0]);
  const copy = Object.values(first).map(({ data }) => data.slice());
  states.read(BATCHES[3]);
  assertEquals(Object.values(first).map(({ data }) => data), copy);
  states.close();
});
