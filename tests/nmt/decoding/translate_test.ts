/** Translating text: lines in, lines out, as they come. */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  type SavedModel,
  saveModel,
} from "../../../nmt/transformer/checkpoint.ts";
import { createTranslator } from "../../../nmt/decoding/beam_search.ts";
import {
  type StreamOptions,
  translateLines,
  translateStream,
} from "../../../nmt/decoding/translate.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import {
  loadSubwords,
  trainSubwords,
} from "../../../nmt/text/subwords/subwords.ts";
import { randomModel } from "../fixtures/plain_search.ts";
import { refusal } from "../fixtures/refusal.ts";

const VOCABULARY = 300;

interface Files {
  readonly modelPath: string;
  readonly tokenizerPath: string;
  readonly saved: SavedModel;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A tokenizer learnt on a few lines, and a model of its size. */
async function files(
  change: (saved: SavedModel) => SavedModel = (saved) => saved,
): Promise<Files> {
  const folder = await Deno.makeTempDir();
  const tokenizerPath = `${folder}/tokenizer.json`;
  const modelPath = `${folder}/model.safetensors`;
  const lines = Array.from(
    { length: 200 },
    (_, i) =>
      `the file number ${i} was not found in folder ${i % 7} of the store`,
  );
  await trainSubwords(lines, VOCABULARY, tokenizerPath);
  const saved = change(randomModel(VOCABULARY, 3));
  saveModel(modelPath, saved);
  return {
    modelPath,
    tokenizerPath,
    saved,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

async function* from(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

async function translated(
  { modelPath, tokenizerPath }: Files,
  lines: AsyncIterable<string>,
  more: Partial<StreamOptions> = {},
): Promise<string[]> {
  const written: string[] = [];
  await translateStream({
    modelPath,
    tokenizerPath,
    beam: 2,
    lengthPenalty: 1,
    lines,
    write: (line) => void written.push(line),
    ...more,
  });
  return written;
}

Deno.test("a stream gives one line for each line, in order, and an empty one for an empty one", async () => {
  await using model = await files();
  const lines = [
    "the file",
    "",
    "the folder of the store was not found in the folder",
    "   ",
    "7",
    "",
  ];
  const written = await translated(model, from(lines));
  const subwords = await loadSubwords(model.tokenizerPath);
  const translator = await createTranslator(
    await loadRuntime(),
    model.saved,
  );
  const expected: string[] = [];
  for (const line of lines) {
    expected.push(
      ...await translateLines(translator, subwords, [line], {
        beam: 2,
        lengthPenalty: 1,
      }),
    );
  }
  await translator.dispose();
  assertEquals(written, expected);
  assertEquals(written.map((line) => line === ""), [
    false,
    true,
    false,
    true,
    false,
    true,
  ]);
  assertEquals(await translated(model, from([])), []);
});

Deno.test("all lines before one that cannot be translated are answered, and the error comes after", async () => {
  await using model = await files();
  const long = "the file ".repeat(2000);
  async function* broken(count: number) {
    for (let line = 1; line <= count; line++) yield `the file ${line}`;
    // Not there before the lines are in use.
    if (count > 2) await new Promise((resolve) => setTimeout(resolve, 100));
    throw new Error("broken");
  }
  for (const count of [0, 1, 2, 3]) {
    const written: string[] = [];
    const write = (line: string) => void written.push(line);
    await assertRejects(
      () => translated(model, broken(count), { write }),
      Error,
      "broken",
    );
    assertEquals(written.length, count);
    const lines = [...Array(count).fill("the file"), long, "the file"];
    await assertRejects(
      () => translated(model, from(lines), { write }),
      Error,
      `Cannot translate line ${count + 1}: expected at most`,
    );
    assertEquals(written.length, 2 * count);
  }
});

Deno.test("a line is answered before the next one comes", async () => {
  await using model = await files();
  let answers = 0;
  let answered = Promise.withResolvers<void>();
  async function* conversation() {
    for (let line = 1; line <= 3; line++) {
      yield `the file ${line}`;
      await answered.promise;
      assertEquals(answers, line);
      answered = Promise.withResolvers<void>();
    }
  }
  await translated(model, conversation(), {
    write: () => {
      answers++;
      answered.resolve();
    },
  });
  assertEquals(answers, 3);
});

Deno.test("a long stream is read as it is translated", async () => {
  await using model = await files();
  const total = 2500;
  let read = 0, written = 0, ahead = 0;
  async function* numbers() {
    while (read < total) yield `file ${++read % 10}`;
  }
  const lines: string[] = [];
  await translated(model, numbers(), {
    beam: 1,
    write: (line) => {
      ahead = Math.max(ahead, read - written++);
      lines.push(line);
    },
  });
  assertEquals(lines.length, total);
  assert(ahead <= 1001, `${ahead} lines were held`);
  for (let i = 10; i < total; i++) assertEquals(lines[i], lines[i - 10]);
});

Deno.test("a line break that the model says is a space", async () => {
  await using model = await files(({ model, vocabulary, weights }) => {
    // Nothing but the last id decides: "a" follows a line break, and a line break "a".
    const empty = Object.fromEntries(
      Object.entries(weights).map((
        [name, values],
      ) => [name, new Float32Array(values.length)]),
    );
    empty["decoder.norm.gain"].fill(-1);
    return { model, vocabulary, weights: empty };
  });
  const { vocab } =
    JSON.parse(await Deno.readTextFile(model.tokenizerPath)).model;
  const { width } = model.saved.model;
  model.saved.weights.embedding[vocab["a"] * width] = 5;
  model.saved.weights.embedding[vocab["Ċ"] * width] = -5;
  saveModel(model.modelPath, model.saved);
  const [line] = await translated(model, from(["1"]), { beam: 1 });
  assertStringIncludes(line, "a a a a");
  assert(!line.includes("\n"));
});

Deno.test("a line too long for the model, or another model's tokenizer, is an input error", async () => {
  await using model = await files();
  async function* lines() {
    yield "the file";
    yield "7".repeat(1500);
    // A terminal that says nothing more must not hold the error back.
    await new Promise(() => {});
  }
  assertEquals(
    await refusal(() => translated(model, lines())),
    "Cannot translate line 2: expected at most 1023 subwords, found 1500; split it into sentences.",
  );

  await trainSubwords(["the file", "the folder"], 262, model.tokenizerPath);
  assertStringIncludes(
    await refusal(() => translated(model, from(["the file"]))),
    "it has 300 subwords and its tokenizer 262",
  );
});
