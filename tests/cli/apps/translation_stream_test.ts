/** A stream of lines that are translated as they come. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type StreamOptions,
  translateStream,
} from "../../../cli/apps/translation_stream.ts";
import { createTranslator } from "../../../nmt/decoding/beam_search.ts";
import { createParallelTranslator } from "../../../nmt/decoding/parallel_translator.ts";
import { translateLines } from "../../../nmt/decoding/translate.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { loadSubwords } from "../../../nmt/text/subwords/subwords.ts";
import { type ModelFiles, modelFiles } from "../../nmt/decoding/model_files.ts";
import { refusal } from "../../nmt/fixtures/refusal.ts";

async function* from(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

async function translated(
  { tokenizerPath, saved }: ModelFiles,
  lines: AsyncIterable<string>,
  more: Partial<StreamOptions> = {},
): Promise<string[]> {
  const written: string[] = [];
  const translator = createParallelTranslator(await loadRuntime(), saved);
  try {
    await translateStream({
      translator,
      subwords: await loadSubwords(tokenizerPath),
      beam: 2,
      lengthPenalty: 1,
      lines,
      write: (best) => void written.push(textOf(best)),
      ...more,
    });
  } finally {
    await translator.dispose();
  }
  return written;
}

type Best = Parameters<StreamOptions["write"]>[0];

const textOf = (best: Best) => best.map(([{ text }]) => text).join(" ");

Deno.test("a stream gives one line for each line, in order, and an empty one for an empty one", async () => {
  await using model = await modelFiles();
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
  await using model = await modelFiles();
  const long = "the file ".repeat(2000);
  async function* broken(count: number) {
    for (let line = 1; line <= count; line++) yield `the file ${line}`;
    // Not there before the lines are in use.
    if (count > 2) await new Promise((resolve) => setTimeout(resolve, 100));
    throw new Error("broken");
  }
  for (const count of [0, 1, 2, 3]) {
    const written: string[] = [];
    const write = (best: Best) => void written.push(textOf(best));
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
  await using model = await modelFiles();
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
  await using model = await modelFiles();
  const total = 2500;
  let read = 0, written = 0, ahead = 0;
  async function* numbers() {
    while (read < total) yield `file ${++read % 10}`;
  }
  const lines: string[] = [];
  await translated(model, numbers(), {
    beam: 1,
    write: (best) => {
      ahead = Math.max(ahead, read - written++);
      lines.push(textOf(best));
    },
  });
  assertEquals(lines.length, total);
  assert(ahead <= 1001, `${ahead} lines were held`);
  for (let i = 10; i < total; i++) assertEquals(lines[i], lines[i - 10]);
});

Deno.test("a line that is split is the translations of its sentences, and one of several best has them in order", async () => {
  await using model = await modelFiles();
  const lines = ["the file. the store", "", "folder 3"];
  const split = (line: string) => line.split(". ").filter((part) => part);
  const parts = await translated(model, from(lines.flatMap(split)));
  assertEquals(await translated(model, from(lines), { split }), [
    `${parts[0]} ${parts[1]}`,
    "",
    parts[2],
  ]);
  const all: Best[] = [];
  await translated(model, from(lines), {
    beam: 4,
    count: 3,
    write: (best) => void all.push(best),
  });
  for (const [i, [best]] of all.entries()) {
    assertEquals(best.length, lines[i] === "" ? 1 : 3);
    const scores = best.map(({ score }) => score);
    assertEquals(scores, scores.toSorted((a, b) => b - a));
  }
});

Deno.test("a line too long for the model is an input error though no more lines come", async () => {
  await using model = await modelFiles();
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
});
