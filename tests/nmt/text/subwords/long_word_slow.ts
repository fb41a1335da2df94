/** A word of 120,000 characters is trained on, encoded, and dropped from training within seconds. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import tokenizeStage from "../../../../stages/tokenize.ts";
import {
  loadSubwords,
  trainSubwords,
} from "../../../../nmt/text/subwords/subwords.ts";
import { readTokens } from "../../../../nmt/text/subwords/tokens.ts";
import { withFolder } from "../../fixtures/folder.ts";
import { stageContext } from "../../fixtures/stage_context.ts";

const SECONDS = 20;

const LETTERS = "abcdefghijklmnop";
/** No two parts of it are alike, so that nothing is gained by what is remembered. */
const WORD = Array.from(
  { length: 120_000 },
  (_, i) => LETTERS[(i * i + i * 7 + (i >> 3)) % 16],
).join("");

const LONG: Readonly<Record<string, string>> = {
  "letters": WORD,
  "one letter": "a".repeat(120_000),
  "digits": "1234567890".repeat(12_000),
  "signs": "!?".repeat(60_000),
  "spaces": `a${" ".repeat(120_000)}b`,
  "two kinds of white space in turn": `a${" \u0085".repeat(60_000)}b`,
  "emoji": "😀".repeat(60_000),
  "combining marks": `a${"\u0301".repeat(120_000)}`,
};

const lines = Array.from(
  { length: 300 },
  (_, i) => `frase ${i} sentence ${i * 7} abc def`,
);

const withPaths = (test: (path: (name: string) => string) => Promise<void>) =>
  withFolder((folder) => test((name) => join(folder, name)));

for (const [title, word] of Object.entries(LONG)) {
  Deno.test(`subwords are learnt from, and give, 120,000 characters without a break: ${title}`, async () => {
    await withPaths(async (path) => {
      const begin = performance.now();
      await trainSubwords([...lines, word], 320, path("tokenizer.json"));
      const subwords = await loadSubwords(path("tokenizer.json"));
      const ids = await subwords.encode([word]);
      assertEquals(await subwords.decode(ids), [word.normalize("NFC")]);
      const seconds = (performance.now() - begin) / 1000;
      assert(seconds < SECONDS, `${seconds} s`);
    });
  });
}

Deno.test("a word of up to 1,000 characters is learnt from as it is", async () => {
  await withPaths(async (path) => {
    // What is learnt of a word that is cut is learnt of its parts.
    const part = (start: number) => WORD.slice(start, start + 1000);
    const learnt = async (name: string, words: readonly string[]) => {
      await trainSubwords([...lines, ...words], 320, path(name));
      return await Deno.readTextFile(path(name));
    };
    const whole = await learnt("whole", [part(0), part(1000)]);
    assertEquals(await learnt("cut", [part(0) + part(1000)]), whole);
  });
});

Deno.test("a pair with such a word is left out of training and counted, within seconds", async () => {
  await withPaths(async (path) => {
    const pairs = lines.map((line) => `${line}\t${line}\n`).join("");
    await Deno.writeTextFile(path("train"), `${pairs}${WORD}\tword\n`);
    await Deno.writeTextFile(path("validation"), pairs);
    const outputs = {
      tokenizer: path("tokenizer.json"),
      train: path("train.st"),
      validation: path("validation.st"),
    };
    const begin = performance.now();
    const { metrics } = await tokenizeStage.run({
      config: { size: 320, maximumLength: 100 },
      ...stageContext(path("work")),
      inputs: {
        corpus: { train: path("train"), validation: path("validation") },
      },
      outputs,
    });
    const seconds = (performance.now() - begin) / 1000;
    assert(seconds < SECONDS, `${seconds} s`);
    assertEquals(metrics?.trainTooLong, 1);
    assertEquals(metrics?.trainPairs, lines.length);
    assertEquals(readTokens(outputs.train).pairs, lines.length);
  });
});
