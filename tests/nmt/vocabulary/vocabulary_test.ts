/** Characters are added to an imported vocabulary and unused subwords left out, and nothing else changes. */
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import { importModel } from "../../../nmt/imported/import.ts";
import { modelFiles } from "../../../nmt/imported/files.ts";
import { readSentencePiece } from "../../../nmt/imported/sentencepiece.ts";
import { tokenizerJson } from "../../../nmt/imported/tokenizer_json.ts";
import { renumber } from "../../../nmt/imported/vocabulary.ts";
import { loadSubwords } from "../../../nmt/text/subwords/subwords.ts";
import { tokenize } from "../../../nmt/text/subwords/tokenize.ts";
import type { Tokens } from "../../../nmt/text/subwords/tokens.ts";
import { extended } from "../../../nmt/vocabulary/extension.ts";
import { trimmed } from "../../../nmt/vocabulary/trimming.ts";
import { FORBIDDEN } from "../../../nmt/transformer/parameters.ts";
import type { SavedModel } from "../../../nmt/transformer/checkpoint.ts";
import { recordStates } from "../../../nmt/states/states.ts";
import { Signals } from "../../../schemas/experiment/distillation.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { withFolder } from "../fixtures/folder.ts";
import { refusal } from "../fixtures/refusal.ts";
import { type MadePiece, SPECIALS, spm } from "../imported/made.ts";
import { writeMarianFolder } from "../imported/marian_folder.ts";

const LINES = [
  "Uma menina {0}.\tA girl {0} <.\n",
  "Um gato {1} \\ ç\tA cat {1} c\n",
  "Dois gatos.\tTwo cats.\n",
].join("");

async function* linesOf(text: string) {
  yield* text.split(/[\n\t]/);
}

/** A small model of Marian's, of letters. */
function imported(folder: string) {
  writeMarianFolder(`${folder}/marian`);
  const { tokenizer, ...saved } = importModel(modelFiles(`${folder}/marian`));
  return { saved, tokenizer: tokenizer.source };
}

async function subwordsOf(folder: string, json: string) {
  const path = `${folder}/tokenizer.json`;
  Deno.writeTextFileSync(path, json);
  return await loadSubwords(path);
}

const row = (saved: SavedModel, id: number) => {
  const { width } = saved.model;
  return [...saved.weights.embedding.subarray(id * width, (id + 1) * width)];
};

Deno.test("the most frequent characters that a vocabulary lacks are added, and text without them is cut as before", () =>
  withFolder(async (folder) => {
    const { saved, tokenizer } = imported(folder);
    const result = await extended({
      ...{ saved, tokenizer, characters: 3 },
      lines: linesOf(LINES),
    });
    // "<" is in the names of special tokens, which no text becomes.
    assertEquals(result.added, ["{", "}", "0"]);
    assertEquals(result.saved.vocabulary, saved.vocabulary + 3);
    const four = { saved, tokenizer, characters: 6, lines: linesOf(LINES) };
    assert((await extended(four)).added.includes("<"));

    const before = await subwordsOf(folder, tokenizer);
    const after = await subwordsOf(folder, result.tokenizer);
    const plain = ["Uma menina", "Dois gatos.", "ç"];
    assertEquals(await after.encode(plain), await before.encode(plain));
    const [ids] = await after.encode(["a{0}"]);
    assertEquals(await after.decode([ids]), ["a{0}"]);
    assert(!ids.includes(before.unknown ?? -1));
    const [unknown] = await before.encode(["{"]);
    assert(unknown.includes(before.unknown ?? -1));
  }));

Deno.test("an added character begins as the unknown subword, which the model may now say", () =>
  withFolder(async (folder) => {
    const { saved, tokenizer } = imported(folder);
    const result = await extended({
      ...{ saved, tokenizer, characters: 1 },
      lines: linesOf(LINES),
    });
    const { unknown = -1 } = await subwordsOf(folder, tokenizer);
    const id = saved.vocabulary;
    assertEquals(row(result.saved, id), row(saved, unknown));
    assertEquals(row(result.saved, 5), row(saved, 5));
    const bias = result.saved.weights["output.bias"];
    assertEquals(bias[unknown], FORBIDDEN);
    assert(bias[id] > -100, String(bias[id]));
    assertEquals(
      bias.slice(0, id),
      saved.weights["output.bias"],
    );
  }));

Deno.test("more characters than the text has are refused by their number", () =>
  withFolder(async (folder) => {
    const { saved, tokenizer } = imported(folder);
    const told = await refusal(() =>
      extended({
        ...{ saved, tokenizer, characters: 9 },
        lines: linesOf(LINES),
      })
    );
    assertStringIncludes(
      told,
      `set "teacher.adaptation.characters" to at most`,
    );
  }));

Deno.test("subwords of a byte-pair model can be added and left out, with all that is merged to what is kept", () =>
  withFolder(async (folder) => {
    const pieces: MadePiece[] = [
      ...SPECIALS,
      ...(["▁a", "ab", "▁ab", "abab", "▁abab", "cd", "▁cd"] as const)
        .map((piece, i): MadePiece => [piece, -1 - i]),
      ...[..."▁abcd"].map((piece, i): MadePiece => [piece, -20 - i]),
    ];
    const model = readSentencePiece(spm(pieces, { algorithm: 2 }), "pieces");
    const vocabulary = renumber({
      subwords: pieces.map(([piece]) => piece),
      ...{ end: model.end, unknown: model.unknown },
    });
    const json = tokenizerJson(model, vocabulary);
    const { saved } = imported(folder);
    const size = vocabulary.subwords.length;
    const { embedding, "output.bias": bias } = saved.weights;
    const small: SavedModel = {
      ...saved,
      vocabulary: size,
      weights: {
        ...saved.weights,
        embedding: embedding.slice(0, size * saved.model.width),
        "output.bias": bias.slice(0, size),
      },
    };
    const subwords = await subwordsOf(folder, json);
    Deno.writeTextFileSync(`${folder}/pairs.tsv`, "abab ab\tab a\n");
    const { tokens } = await tokenize(
      ...[`${folder}/pairs.tsv`, subwords, 20, "training"] as const,
    );
    const of = (size: number) =>
      trimmed({
        ...{ saved: small, tokenizer: json, size },
        ...{ train: tokens, validation: tokens },
      });
    const told = await refusal(() => of(8));
    const needed = Number(/uses (\d+)/.exec(told)?.[1]);
    const result = of(needed);
    const after = await subwordsOf(folder, result.tokenizer);
    assertEquals(after.size, needed);
    assertEquals(
      (await after.encode(["abab ab"]))[0],
      Int32Array.from(result.train.source.ids),
    );
    const [other] = await after.encode(["cd"]);
    assertEquals(await after.decode([other]), ["cd"]);
    assertEquals(other.length, 3, "▁cd and cd are left out");
  }));

/** The states of the tokens, as the bytes of their file. */
async function statesOf(folder: string, teacher: SavedModel, tokens: Tokens) {
  Deno.mkdirSync(folder);
  await recordStates({
    ...{ runtime: await loadRuntime(), teacher, tokens, folder },
    signals: Signals.parse({ final: true, encoder: [1, 2], decoder: [1, 2] }),
    report: () => {},
  });
  const [{ name }] = Deno.readDirSync(folder);
  return Deno.readFileSync(`${folder}/${name}`);
}

/** Words and letters, as many as the model has rows. */
function words(vocabulary: number): string {
  const names = ["▁dog", "▁casa", "▁gato", "▁cat", "▁"];
  const letters = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"];
  const pieces: MadePiece[] = [
    ...SPECIALS,
    ...[...names, ...letters].map((piece, i): MadePiece => [piece, -1 - i]),
  ].slice(0, vocabulary - 2);
  const model = readSentencePiece(spm(pieces), "pieces");
  const { end, unknown } = model;
  const subwords = pieces.map(([piece]) => piece);
  return tokenizerJson(model, renumber({ subwords, end, unknown }));
}

Deno.test("a trimmed teacher has the same states of its text, bit for bit, in the same subwords", () =>
  withFolder(async (folder) => {
    const { saved: whole } = imported(folder);
    const tokenizer = words(whole.vocabulary);
    const size = Object.keys(JSON.parse(tokenizer).model.vocab).length;
    const saved = {
      ...whole,
      vocabulary: size,
      weights: {
        ...whole.weights,
        embedding: whole.weights.embedding.slice(0, size * whole.model.width),
        "output.bias": whole.weights["output.bias"].slice(0, size),
      },
    };
    const subwords = await subwordsOf(folder, tokenizer);
    const path = `${folder}/pairs.tsv`;
    Deno.writeTextFileSync(path, "gato gato\tcat catA\ngato\tcat\n");
    const { tokens } = await tokenize(path, subwords, 20, "training");
    const of = (size: number) =>
      trimmed({
        ...{ saved, tokenizer, size },
        ...{ train: tokens, validation: tokens },
      });
    assertStringIncludes(await refusal(() => of(size + 1)), `has ${size}`);
    const needed = size - 2;
    assertStringIncludes(
      await refusal(() => of(needed - 1)),
      `the text uses ${needed}`,
    );
    const result = of(needed);
    assertEquals(result.saved.vocabulary, needed, "without dog and casa");
    const after = await subwordsOf(folder, result.tokenizer);
    assertEquals((await tokenize(path, after, 20, "training")).tokens, {
      ...result.train,
    });
    assertNotEquals(result.train.source.ids, tokens.source.ids.slice());
    assertEquals(
      await statesOf(`${folder}/trimmed`, result.saved, result.train),
      await statesOf(`${folder}/before`, saved, tokens),
    );
    const [dog] = await after.encode(["dog"]);
    assertEquals(await after.decode([dog]), ["dog"]);
  }));
