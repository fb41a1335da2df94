/** Shards of recorded states: written in any order, gone on with after a stop, refused where they are damaged. */
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { createShard } from "../../../nmt/states/shards.ts";
import { openStates } from "../../../nmt/states/states.ts";
import { Distillation } from "../../../schemas/experiment/distillation.ts";
import { random, shuffle } from "../../../nmt/random.ts";
import {
  readSafetensors,
  writeSafetensors,
} from "../../../nmt/tensor/safetensors.ts";
import {
  lengthOf,
  packSide,
  sentence,
} from "../../../nmt/text/subwords/tokens.ts";
import { assertInputError } from "../../fixtures/input_error.ts";
import { withFolder } from "../fixtures/folder.ts";
import { refusal } from "../fixtures/refusal.ts";
import {
  BATCHES,
  corpus,
  distillation,
  folder,
  model,
  record,
  tokens,
} from "../fixtures/recorded_corpus.ts";

/** Runs on a copy of the recording, which may be harmed. */
const withCopy = (act: (copy: string) => void | Promise<void>) =>
  withFolder((copy) => {
    for (const { name } of Deno.readDirSync(folder)) {
      Deno.copyFileSync(`${folder}/${name}`, `${copy}/${name}`);
    }
    return act(copy);
  });
const shard = (copy: string, index: number) =>
  `${copy}/0000${index}.safetensors`;

Deno.test("a shard whose rows were written in any order has the bytes of one that was written whole, and is not there before", () =>
  withCopy(async (copy) => {
    const { tensors } = readSafetensors(shard(folder, 1), "states");
    const matrices = Object.fromEntries(
      Object.entries(tensors).map(([name, { shape, data }]) => [name, {
        dtype: data instanceof Float16Array
          ? "F16" as const
          : data instanceof Int32Array
          ? "I32" as const
          : "F32" as const,
        rows: shape[0],
        width: shape[1],
      }]),
    );
    const path = `${copy}/again.safetensors`;
    const writer = createShard(path, matrices);
    for (
      const [name, { shape: [rows, width], data }] of Object.entries(tensors)
    ) {
      assert(!(data instanceof Uint8Array || data instanceof Uint16Array));
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

Deno.test("a recording that stopped keeps its whole shards and writes the same bytes for the rest", () =>
  withCopy(async (copy) => {
    const { tensors } = readSafetensors(shard(copy, 0), "states");
    writeSafetensors(shard(copy, 0), {
      ...tensors,
      final: { ...tensors.final, data: tensors.final.data.with(0, 77) },
    });
    const first = Deno.readFileSync(shard(copy, 0));
    Deno.removeSync(shard(copy, 1));
    Deno.writeTextFileSync(`${shard(copy, 1)}.tmp`, "half a shard");
    const last = Deno.statSync(shard(copy, 2));
    assertEquals(await record(copy), [2048, 4096, 4200]);
    assertEquals(Deno.readFileSync(shard(copy, 0)), first);
    assertEquals(
      Deno.readFileSync(shard(copy, 1)),
      Deno.readFileSync(shard(folder, 1)),
    );
    assertEquals(Deno.statSync(shard(copy, 2)).mtime, last.mtime);
    assertEquals([...Deno.readDirSync(copy)].length, 3);
  }));

/** Cuts the tensors of a shard one line up: the states of each sentence become those of the next one. */
function shiftByOne(path: string, first: number): void {
  const { tensors } = readSafetensors(path, "states");
  const shifted = Object.entries(tensors).map(([name, { shape, data }]) => {
    const side = /encoder|source/.test(name) ? tokens.source : tokens.target;
    const line = /self|cross/.test(name)
      ? 0
      : name.includes("sentences")
      ? 2
      : shape[1] * (lengthOf(side, first) + 1);
    const moved = data.slice();
    moved.set(data.subarray(line));
    moved.set(data.subarray(0, line), data.length - line);
    return [name, { shape, data: moved }];
  });
  writeSafetensors(path, Object.fromEntries(shifted));
}

Deno.test("states that are shifted by one line are refused at the first pair, in the recording and in the reading", () =>
  withCopy(async (copy) => {
    shiftByOne(shard(copy, 1), 2048);
    assertInputError(
      () => openStates(() => copy, tokens, model, distillation),
      "states shard 1",
      "the states of another sentence at pair 2048, whose source differs",
      "record the states again",
    );
    assertStringIncludes(
      await refusal(() => record(copy)),
      `the states of another sentence at pair 2048, whose source differs; remove "${
        shard(copy, 1)
      }"`,
    );
  }));

Deno.test("tokens whose targets are shifted by one line, and others of equal lengths, are refused for the states of the right ones", () =>
  withFolder((empty) => {
    const target = (pairs: readonly number[]) =>
      packSide(pairs.map((pair) => sentence(tokens.target, pair)));
    const all = [...Array(tokens.pairs).keys()];
    const opens = (pairs: readonly number[]) => () =>
      openStates(
        () => folder,
        { ...tokens, target: target(pairs) },
        model,
        distillation,
      ).close();
    opens(all)();
    assertInputError(opens([...all.slice(1), 0]), "states shard 0");
    // Two targets of one length change places: no shape of a tensor says so.
    const [one, other] = all.slice(2100).filter((pair) =>
      lengthOf(tokens.target, pair) === 3
    );
    assertNotEquals(
      [...sentence(tokens.target, one)],
      [...sentence(tokens.target, other)],
    );
    assertInputError(
      opens(all.with(one, other).with(other, one)),
      `states shard 1: it has the states of another sentence at pair ${one}, whose target differs`,
    );
    // States without ids, as they once were, are of nobody knows which sentences.
    for (const index of [0, 1, 2]) {
      const { tensors } = readSafetensors(shard(folder, index), "states");
      const { ["target.sentences"]: _, ...rest } = tensors;
      writeSafetensors(shard(empty, index), rest);
    }
    assertInputError(
      () => openStates(() => empty, tokens, model, distillation),
      'expected tensor "target.sentences" of I32 [2048,2]',
    );
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
          () => copy,
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
        'tensor "encoder.1"',
        ",10], found F16 [",
        ",8]",
      );
      assertInputError(
        () => opens({}, corpus(4199)),
        "states shard 2",
        'tensor "encoder.1"',
      );
      assertInputError(() => opens({}, corpus(6200)), "states shard 2");
      assertInputError(
        () => opens({ attention: { encoder: [3, 3], decoder: [] } }),
        'tensor "encoder.3.self" of F16',
        "only encoder.1, encoder.3, decoder.2, encoder.2.self",
      );
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
      const states = openStates(() => copy, tokens, model, distillation);
      Deno.truncateSync(shard(copy, 1), 100);
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
