/** The tokenize stage: dropped pairs, the text that subwords are trained on, and refused configs. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import tokenizeStage from "../../../../stages/tokenize.ts";
import { modelFiles } from "../../../../nmt/imported/files.ts";
import { importModel } from "../../../../nmt/imported/import.ts";
import { loadSubwords } from "../../../../nmt/text/subwords/subwords.ts";
import {
  tokenize,
  tokenizeSentences,
} from "../../../../nmt/text/subwords/tokenize.ts";
import {
  readTokens,
  sentence,
  sentenceIdsOf,
} from "../../../../nmt/text/subwords/tokens.ts";
import { EOS } from "../../../../schemas/experiment/vocabulary.ts";
import { withFolder } from "../../fixtures/folder.ts";
import { refusal } from "../../fixtures/refusal.ts";
import { stageContext } from "../../fixtures/stage_context.ts";
import { writeMarianFolder } from "../../imported/marian_folder.ts";

const LETTERS = "bcdfghjklm";
const name = (i: number) =>
  [...String(i)].map((digit) => LETTERS[Number(digit)] + "a").join("");
const corpusOf = (count: number) =>
  Array.from(
    { length: count },
    (_, i) => `frase ${name(i)}\tsentence ${name(i)}\n`,
  ).join("");

async function tokenizeIn(
  folder: string,
  config: { size: number; maximumLength: number; placeholders?: number },
  train: string,
  validation: string,
) {
  const path = (name: string) => join(folder, name);
  await Deno.writeTextFile(path("train.tsv"), train);
  await Deno.writeTextFile(path("validation.tsv"), validation);
  const outputs = {
    tokenizer: path("tokenizer.json"),
    train: path("train.st"),
    validation: path("validation.st"),
  };
  const result = await tokenizeStage.run({
    ...stageContext(folder),
    config,
    inputs: {
      corpus: { train: path("train.tsv"), validation: path("validation.tsv") },
    },
    outputs,
  });
  return { metrics: result.metrics, outputs };
}

Deno.test("tokens are the subwords of the pairs in order, without those with a side too long", async () => {
  await withFolder(async (folder) => {
    const long = "uma palavra ".repeat(40);
    const { metrics, outputs } = await tokenizeIn(
      folder,
      { size: 300, maximumLength: 60 },
      `${corpusOf(50)}${long}\tshort\nshort\t${long}\nfim\tend\n`,
      "frase\tsentence\n",
    );
    assertEquals(metrics?.trainPairs, 51);
    assertEquals(metrics?.trainTooLong, 2);
    assertEquals(metrics?.vocabulary, 300);
    const tokens = readTokens(outputs.train),
      subwords = await loadSubwords(outputs.tokenizer);
    assertEquals(tokens.pairs, 51);
    const sides = [tokens.source, tokens.target].flatMap((side) =>
      [0, 7, 50].map((i) => sentence(side, i))
    );
    assertEquals(await subwords.decode(sides), [
      `frase ${name(0)}`,
      `frase ${name(7)}`,
      "fim",
      `sentence ${name(0)}`,
      `sentence ${name(7)}`,
      "end",
    ]);
    for (
      const [side, text] of [["source", "fim"], ["target", "end"]] as const
    ) {
      const id = sentenceIdsOf(tokens[side], 50, 51).slice();
      const hash = await crypto.subtle.digest(
        "SHA-256",
        new TextEncoder().encode(text),
      );
      assertEquals(new Uint8Array(id.buffer), new Uint8Array(hash).slice(0, 8));
    }
  });
});

Deno.test("masked placeholders have the number of the source on both sides, and pairs whose placeholders differ are left out", async () => {
  await withFolder(async (folder) => {
    const train = corpusOf(50) +
      "{a} antes de %s\t%s after {a}\n{a} e %s\t%s alone\nfim\tend of {a}\n";
    const { metrics, outputs } = await tokenizeIn(
      folder,
      { size: 290, maximumLength: 60, placeholders: 2 },
      train,
      "frase {0}\tsentence {0}\n",
    );
    assertEquals(metrics?.trainPairs, 51);
    assertEquals(metrics?.trainPlaceholdersDiffer, 2);
    assertEquals(metrics?.trainTooLong, 0);
    assertEquals(metrics?.validationPlaceholdersDiffer, 0);
    const tokens = readTokens(outputs.train);
    const [first, second] = [EOS + 1, EOS + 2];
    const source = [...sentence(tokens.source, 50)];
    const target = [...sentence(tokens.target, 50)];
    assertEquals([source[0], source.at(-1)], [first, second]);
    assertEquals([target[0], target.at(-1)], [second, first]);
    assertEquals(
      await (await loadSubwords(outputs.tokenizer)).decode([target], [
        "{x} %d",
      ]),
      ["%d after {x}"],
    );
    const without = await tokenizeIn(
      folder,
      { size: 290, maximumLength: 60 },
      train,
      "frase {0}\tsentence {0}\n",
    );
    assertEquals(without.metrics?.trainPairs, 53);
    assertEquals("trainPlaceholdersDiffer" in (without.metrics ?? {}), false);
  });
});

Deno.test("text that is in validation alone leaves no trace in the vocabulary", async () => {
  await withFolder(async (folder) => {
    const config = { size: 320, maximumLength: 60 };
    const { outputs } = await tokenizeIn(
      folder,
      config,
      corpusOf(200),
      "frase\tsentence\n",
    );
    const before = await Deno.readTextFile(outputs.tokenizer);
    await tokenizeIn(
      folder,
      config,
      corpusOf(200),
      "xyzzyx xyzzyx\txyzzyx xyzzyx\n".repeat(500),
    );
    assertEquals(await Deno.readTextFile(outputs.tokenizer), before);
    await tokenizeIn(
      folder,
      config,
      corpusOf(200) + "xyzzyx xyzzyx\txyzzyx xyzzyx\n".repeat(500),
      "frase\tsentence\n",
    );
    assert(await Deno.readTextFile(outputs.tokenizer) !== before);
  });
});

Deno.test("a vocabulary that train cannot give, and lengths that leave no pair, are input errors", () =>
  withFolder(async (folder) => {
    const fault = (size: number, maximumLength: number, train: string) =>
      refusal(() =>
        tokenizeIn(folder, { size, maximumLength }, train, "a\tb\n")
      );
    assertStringIncludes(
      await fault(9000, 60, corpusOf(20)),
      "Cannot make a vocabulary of 9000: this text gives",
    );
    assertStringIncludes(
      await fault(300, 2, corpusOf(50).replaceAll("\t", " 1 2 3\t4 5 6 ")),
      "each of the 50 has a side of more than 2 subwords",
    );
    const differing = async (train: string) => {
      const config = { size: 290, maximumLength: 60, placeholders: 2 };
      return await refusal(() => tokenizeIn(folder, config, train, "a\tb\n"));
    };
    const advice =
      '; give pairs whose placeholders agree, or leave out "vocabulary.placeholders".';
    assertEquals(
      await differing(corpusOf(50).replaceAll("\t", " {a}\t")),
      `Cannot use the train pairs: of the 50, 50 have other placeholders in the target than in the source${advice}`,
    );
    assertEquals(
      await differing(
        corpusOf(50).replaceAll("\t", " {a}\t") +
          `${"uma palavra ".repeat(40)}\tshort\n`,
      ),
      `Cannot use the train pairs: of the 51, 50 have other placeholders in the target than in the source and 1 a side of more than 60 subwords${advice}`,
    );
  }));

Deno.test("pairs whose target has an unknown subword are left out, and pieces that a vocabulary lacks are unknown", () =>
  withFolder(async (folder) => {
    writeMarianFolder(folder);
    const { tokenizer, unknown } = importModel(modelFiles(folder));
    const path = `${folder}/tokenizer.json`;
    const write = (more: object) =>
      Deno.writeTextFileSync(
        path,
        JSON.stringify({ ...JSON.parse(tokenizer.source), ...more }),
      );
    const text = "ab\tcd\nab\tc\u6f22\na\u6f22\tcd\n";
    Deno.writeTextFileSync(`${folder}/pairs.tsv`, text);
    const pairsOf = async () => {
      const subwords = await loadSubwords(path);
      return await tokenize(`${folder}/pairs.tsv`, subwords, 60, "train");
    };
    write({});
    const { tokens, dropped } = await pairsOf();
    assertEquals([tokens.pairs, dropped], [2, 1]);
    assert(sentence(tokens.source, 1).includes(unknown));
    // Of "a" and "b", the second is not in the vocabulary.
    const [a, b] = (await (await loadSubwords(path)).encode(["ab"]))[0].slice(
      1,
    );
    assertEquals(b, a + 1);
    write({ known: b });
    const [cut] = await (await loadSubwords(path)).encode(["ab"]);
    assertEquals([...cut.slice(1)], [a, unknown]);
    // Sentences without translations are left out for their own unknown subwords.
    write({});
    const lines = `${folder}/lines.txt`;
    const sentences = async (text: string) => {
      Deno.writeTextFileSync(lines, text);
      return await tokenizeSentences(lines, await loadSubwords(path), 60);
    };
    const kept = await sentences("ab\na\u6f22\ncd");
    assertEquals([kept.tokens.pairs, kept.unknown, kept.tooLong], [2, 1, 0]);
    assertStringIncludes(
      await refusal(() => sentences("a\u6f22\n")),
      "of its 1 sentences, 0 have more than 60 subwords and 1 unknown ones",
    );
  }));
