/** The teacher's states: what is recorded is what its forward pass gives, for any batch, and what is damaged is refused. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import { noDropout } from "../../model/layers.ts";
import { outputLoss } from "../../model/output_loss.ts";
import { initialWeights, parameterShapes } from "../../model/parameters.ts";
import { createShard } from "../../model/shards.ts";
import { lessonsOf, openStates, recordStates } from "../../model/states.ts";
import { FINAL_STATE, TEACHER_EMBEDDING } from "../../model/distillation.ts";
import { slots } from "../../model/inputs.ts";
import { decode, encode } from "../../model/transformer.ts";
import { Distillation } from "../../schemas/distillation.ts";
import { Model } from "../../schemas/model.ts";
import { random, shuffle } from "../../schemas/random.ts";
import {
  readSafetensors,
  writeSafetensors,
} from "../../schemas/safetensors.ts";
import type {
  HostTensor,
  HostTensors,
  Program,
  Tensors,
} from "../../tensor/program.ts";
import { loadRuntime } from "../../tensor/runtime.ts";
import { tf } from "../../tensor/tfjs.ts";
import { type Batch, makeBatch } from "../../text/batches.ts";
import { packSide, type Tokens } from "../../text/tokens.ts";
import { assertInputError } from "../input_error.ts";

const VOCABULARY = 23;
const model = Model.parse({
  encoderLayers: 3,
  decoderLayers: 2,
  width: 8,
  feedForward: 12,
  heads: 2,
  dropout: 0.5,
});
const shapes = parameterShapes(model, VOCABULARY);
const next = random("states");
const weights = Object.fromEntries(
  Object.entries(initialWeights(shapes, 1)).map((
    [name, values],
  ) => [name, values.map((value) => value + next() - 0.5)]),
);
const teacher = { model, vocabulary: VOCABULARY, weights };
const LAYERS = { encoder: [1, 3], decoder: [2] };
const distillation = Distillation.parse({
  alpha: 0.2,
  beta: 0.5,
  encoder: [[3, 1], [3]],
  decoder: [[2]],
});

/** Pairs of random sentences, some of them empty; enough for three shards. */
function corpus(pairs: number): Tokens {
  const side = (of: string) => {
    const next = random(`corpus ${of}`);
    const sentence = () =>
      Int32Array.from(
        { length: Math.floor(next() * 6) },
        () => 3 + Math.floor(next() * (VOCABULARY - 3)),
      );
    return packSide(Array.from({ length: pairs }, sentence));
  };
  return { source: side("source"), target: side("target"), pairs };
}
const tokens = corpus(4200);

async function record(folder: string, layers = LAYERS): Promise<number[]> {
  const reported: number[] = [];
  await recordStates({
    runtime: await loadRuntime(),
    threads: 1,
    teacher,
    tokens,
    layers,
    folder,
    report: ({ pairs, of }) => {
      assertEquals(of, tokens.pairs);
      reported.push(pairs);
    },
  });
  return reported;
}

const folder = Deno.makeTempDirSync();
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
const reported = await record(folder);

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

/** Batches in no order: across shards, at their edges, one pair alone, one pair twice. */
const BATCHES = [
  [4199, 0, 2048, 2047, 4095, 4096],
  [77],
  [5, 3000, 5],
  shuffle(
    Array.from({ length: tokens.pairs }, (_, pair) => pair),
    random("order"),
  ).slice(0, 60),
].map((pairs) => makeBatch(tokens, Int32Array.from(pairs)));

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
    assertEquals(Object.keys(found).sort(), Object.keys(expected).sort());
    for (const [name, { shape, data }] of Object.entries(found)) {
      const [length, ids] = name.includes("encoder")
        ? [batch.sourceLength, batch.source]
        : [batch.targetLength, batch.labels];
      assertEquals(shape, [batch.rows, length, model.width]);
      const final = name === FINAL_STATE;
      assert(data instanceof (final ? Float32Array : Float16Array));
      data.forEach((value, i) => {
        if (ids[Math.floor(i / model.width)] === 0) {
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
      });
    }
  }
  assert(finer > 1000, "the final state is not rounded to half precision");
  states.close();
});

Deno.test("a sentence's states are the same bits in whatever batch they are read", () => {
  const states = openStates(folder, tokens, model, distillation);
  const rowsOf = (batch: Batch, row: number) =>
    Object.values(states.read(batch)).map(({ shape, data }) => {
      const size = shape[1] * model.width;
      return Array.from<number>(data).slice(row * size, (row + 1) * size);
    });
  const [, , , many] = BATCHES;
  for (const [row, pair] of [...many.pairs].entries()) {
    const alone = rowsOf(makeBatch(tokens, Int32Array.of(pair)), 0);
    rowsOf(many, row).forEach((among, i) => {
      assertEquals(among.slice(0, alone[i].length), alone[i]);
      assert(among.slice(alone[i].length).every((value) => value === 0));
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
          soft: { logits, temperature: 2, share: 1 },
        }).loss;
      };
      return {
        inside: soft(states[FINAL_STATE]),
        recorded: soft(inputs[FINAL_STATE]),
      };
    }),
    { threads: 1 },
  );
  const lessons = lessonsOf(teacher, folder, tokens, distillation);
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
    const lessons = lessonsOf(
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
  assertEquals(reads({ alpha: 0.5, encoder: [[2]] }), [
    TEACHER_EMBEDDING,
    FINAL_STATE,
  ]);
});

Deno.test("a shard whose rows were written in any order has the bytes of one that was written whole, and is not there before", () =>
  withCopy(async (copy) => {
    const { tensors } = readSafetensors(shard(folder, 1), "states");
    const matrices = Object.fromEntries(
      Object.entries(tensors).map(([name, { shape, data }]) => [name, {
        dtype: data instanceof Float16Array ? "F16" as const : "F32" as const,
        rows: shape[0],
        width: shape[1],
      }]),
    );
    const path = `${copy}/again.safetensors`;
    const writer = createShard(path, matrices);
    for (
      const [name, { shape: [rows, width], data }] of Object.entries(tensors)
    ) {
      assert(data instanceof Float16Array || data instanceof Float32Array);
      const order = shuffle([...Array(rows).keys()], random(name));
      for (const row of order) {
        writer.write(name, row, data.slice(row * width, (row + 1) * width));
      }
    }
    assertThrows(() => Deno.statSync(path), Deno.errors.NotFound);
    await writer.finish();
    assertEquals(Deno.readFileSync(path), Deno.readFileSync(shard(folder, 1)));
    writeSafetensors(path, tensors);
    assertEquals(Deno.readFileSync(path), Deno.readFileSync(shard(folder, 1)));
  }));

Deno.test("what was read stays as it is until the read after the next one", () => {
  const states = openStates(folder, tokens, model, distillation);
  const first = states.read(BATCHES[0]);
  const copy = Object.values(first).map(({ data }) => data.slice());
  states.read(BATCHES[3]);
  assertEquals(Object.values(first).map(({ data }) => data), copy);
  states.close();
});

/** Runs on a copy of the recording, which may be harmed. */
async function withCopy(act: (copy: string) => unknown): Promise<void> {
  const copy = Deno.makeTempDirSync();
  try {
    for (const { name } of Deno.readDirSync(folder)) {
      Deno.copyFileSync(`${folder}/${name}`, `${copy}/${name}`);
    }
    await act(copy);
  } finally {
    Deno.removeSync(copy, { recursive: true });
  }
}
const shard = (copy: string, index: number) =>
  `${copy}/0000${index}.safetensors`;

Deno.test("a recording that stopped keeps its whole shards and writes the same bytes for the rest", () =>
  withCopy(async (copy) => {
    Deno.writeTextFileSync(shard(copy, 0), "kept, whatever it is");
    Deno.removeSync(shard(copy, 1));
    Deno.writeTextFileSync(`${shard(copy, 1)}.tmp`, "half a shard");
    const last = Deno.statSync(shard(copy, 2));
    assertEquals(await record(copy), [2048, 4096, 4200]);
    assertEquals(Deno.readTextFileSync(shard(copy, 0)), "kept, whatever it is");
    assertEquals(
      Deno.readFileSync(shard(copy, 1)),
      Deno.readFileSync(shard(folder, 1)),
    );
    assertEquals(Deno.statSync(shard(copy, 2)).mtime, last.mtime);
    assertEquals([...Deno.readDirSync(copy)].length, 3);
  }));

Deno.test({
  name:
    "a shard that is missing, damaged, of another corpus, width or type, or without a layer is refused, and no file stays open",
  sanitizeResources: true,
  fn: () =>
    withCopy((copy) => {
      const opens = (
        some: Partial<Distillation> = {},
        from = tokens,
        width = model.width,
      ) =>
        openStates(
          copy,
          from,
          { ...model, width },
          Distillation.parse({ ...distillation, ...some }),
        );
      opens().close();
      assertInputError(
        () => opens({ encoder: [[2]] }),
        "states shard 0",
        'tensor "encoder.2"',
        "only encoder.1, encoder.3",
      );
      assertInputError(
        () => opens({}, tokens, 10),
        'tensor "encoder.3"',
        ",10], found F16 [",
        ",8]",
      );
      assertInputError(
        () => opens({}, corpus(4199)),
        "states shard 2",
        'tensor "encoder.3"',
      );
      assertInputError(() => opens({}, corpus(6200)), "states shard 2");
      const whole = Deno.readFileSync(shard(copy, 2));
      Deno.writeFileSync(shard(copy, 2), whole.slice(0, -1));
      assertInputError(() => opens(), "states shard 2", "truncated");
      Deno.writeFileSync(shard(copy, 2), whole.with(20, 1));
      assertInputError(() => opens(), "states shard 2", "damaged");
      const { tensors } = readSafetensors(shard(folder, 2), "states");
      const { shape, data } = tensors["encoder.1"];
      writeSafetensors(shard(copy, 2), {
        ...tensors,
        "encoder.1": { shape, data: Float32Array.from(data) },
      });
      assertInputError(
        () => opens(),
        "states shard 2",
        'tensor "encoder.1" of F16',
        "found F32",
      );
      Deno.removeSync(shard(copy, 2));
      assertInputError(() => opens(), "states shard 2", "No such file");
    }),
});

Deno.test({
  name:
    "a shard that is cut short while it is open is refused at the read, and closing closes every file",
  sanitizeResources: true,
  fn: () =>
    withCopy((copy) => {
      const states = openStates(copy, tokens, model, distillation);
      Deno.truncateSync(shard(copy, 1), 5000);
      states.read(BATCHES[1]);
      assertInputError(
        () => states.read(BATCHES[0]),
        "the states of pair 2048",
        "ended early",
      );
      states.close();
      const error = assertThrows(() => states.read(BATCHES[1]), Error);
      assertNotEquals(error.message, "");
    }),
});
