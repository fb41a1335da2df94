/** The stages fetch and monolingual on text without translations: what is left out, tokens, refused files. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { parse } from "../../base/input_error.ts";
import type { Descriptor, MessageSource } from "../../schemas/descriptor.ts";
import {
  CorpusWithMonolingual,
  Data,
  fetchedMonolingual,
  MonolingualText,
} from "../../schemas/experiment/data.ts";
import fetchStage from "../../stages/fetch.ts";
import monolingualStage from "../../stages/monolingual.ts";
import tokenizeStage from "../../stages/tokenize.ts";
import { tarballName } from "../../nmt/text/descriptors/descriptors.ts";
import { loadSubwords } from "../../nmt/text/subwords/subwords.ts";
import {
  readTokens,
  sentence,
  sentenceIdsOf,
} from "../../nmt/text/subwords/tokens.ts";
import { withFolder } from "../nmt/fixtures/folder.ts";
import { refusal } from "../nmt/fixtures/refusal.ts";
import { stageContext } from "../nmt/fixtures/stage_context.ts";
import { tgzOf } from "../nmt/text/fixtures/archives.ts";
import { build, withMirrors } from "../nmt/text/fixtures/building.ts";

const LETTERS = "bcdfghjklm";
const name = (i: number) =>
  [...String(i)].map((digit) => LETTERS[Number(digit)] + "a").join("");
const phrase = (i: number) => `frase ${name(i)} de teste`;

interface Corpus {
  readonly folder: string;
  readonly train: readonly string[];
  readonly validation: readonly string[];
  readonly test: readonly string[];
  write(name: string, text: string | Uint8Array): string;
  /** Runs fetch, where there is a descriptor, and the stage. */
  run(
    text: unknown,
    options?: { seed?: number; maximumLength?: number },
  ): Promise<{
    readonly sentences: readonly string[];
    readonly metrics: Readonly<Record<string, number | string>>;
    readonly train: string;
  }>;
}

/** Acts on a corpus of 300 pairs and its subwords. */
const withCorpus = (act: (corpus: Corpus) => Promise<void>) =>
  withFolder(async (folder) => {
    const path = (name: string) => join(folder, name);
    const pairs = Array.from(
      { length: 300 },
      (_, i) => `${phrase(i)}\tphrase ${name(i)} of tests\n`,
    );
    Deno.writeTextFileSync(path("mine.tsv"), pairs.join(""));
    const { read } = await build(folder, { train: path("mine.tsv") }, {
      corpus: { validation: 20, test: 40 },
    });
    const sourcesOf = async (part: string) =>
      (await read(part)).trimEnd().split("\n")
        .map((line) => line.split("\t")[0]);
    const corpus = {
      train: path("train.out"),
      validation: path("validation.out"),
      test: path("test.out"),
    };
    const tokenizer = path("tokenizer.json");
    await tokenizeStage.run({
      ...stageContext(path("work")),
      config: { size: 320, maximumLength: 60 },
      inputs: { corpus },
      outputs: {
        tokenizer,
        train: path("train.st"),
        validation: path("validation.st"),
      },
    });
    await act({
      folder,
      train: await sourcesOf("train"),
      validation: await sourcesOf("validation"),
      test: await sourcesOf("test"),
      write: (name, text) => {
        const bytes = typeof text === "string"
          ? new TextEncoder().encode(text)
          : text;
        Deno.writeFileSync(path(name), bytes);
        return path(name);
      },
      run: async (given, { seed = 1, maximumLength = 60 } = {}) => {
        const text = MonolingualText.parse(given);
        const config = {
          ...{ text, language: "pt", maximumLength },
          ...{ minimumWords: 1, maximumWords: 30 },
        };
        const files = await fetched(folder, fetchedMonolingual(text));
        monolingualStage.files?.(config);
        const outputs = {
          sentences: path("sentences.txt"),
          train: path("monolingual.st"),
        };
        const { metrics = {} } = await monolingualStage.run({
          ...stageContext(path("work")),
          config,
          seed,
          inputs: { files, corpus, tokens: { tokenizer } },
          outputs,
        });
        const sentences = Deno.readTextFileSync(outputs.sentences)
          .trimEnd().split("\n");
        return { sentences, metrics, train: outputs.train };
      },
    });
  });

async function fetched(folder: string, data: Data | undefined) {
  if (data === undefined) return undefined;
  const files = Deno.makeTempDirSync({ dir: folder });
  const config = { data, languages: { source: "pt" } };
  fetchStage.files?.(config);
  await fetchStage.requires?.(config);
  await fetchStage.run({
    ...stageContext(join(folder, "work")),
    config,
    inputs: {},
    outputs: { files },
  });
  return { files };
}

Deno.test("clean sentences are kept once and in order, without those of train and those that resemble held-out text", () =>
  withCorpus(async ({ write, run, train, validation, test }) => {
    const plain = write(
      "plain.txt",
      [
        "A primeira frase nova",
        "  A <b>segunda</b>\tfrase\u00ad nova  ",
        "",
        "12:30",
        "x \ufffd quebrada",
        "org.exemplo.nome",
        "palavra ".repeat(31),
        train[3],
        test[0],
        `${validation[5].toUpperCase()}!`,
        "A primeira frase nova",
        "A primeira frase nova!",
      ].join("\r\n"),
    );
    const packed = write("more.gz", gzipSync("Da segunda fonte\n"));
    const { sentences, metrics } = await run({ files: [plain, packed] });
    assertEquals(sentences, [
      "A primeira frase nova",
      "A segunda frase nova",
      "A primeira frase nova!",
      "Da segunda fonte",
    ]);
    const { sourceTokens, ...counts } = metrics;
    assert(Number(sourceTokens) > 16);
    assertEquals(counts, {
      read: 13,
      kept: 4,
      empty: 1,
      noWords: 1,
      replacementCharacter: 1,
      identifier: 1,
      tooManyWords: 1,
      duplicate: 2,
      nearDuplicate: 2,
      ...{ beyondLimit: 0, tooLong: 0, unknown: 0 },
    });
  }));

Deno.test("tokens are of the sentences, with empty targets and the ids of their texts, without those that are too long", () =>
  withCorpus(async ({ folder, write, run }) => {
    const long = "incomum ".repeat(20).trimEnd();
    const lines = [phrase(1000), long, phrase(1001)];
    const file = write("plain.txt", lines.join("\n"));
    const { metrics, sentences, train } = await run({ files: [file] }, {
      maximumLength: 40,
    });
    assertEquals(sentences, lines);
    assertEquals([metrics.kept, metrics.tooLong], [2, 1]);
    const tokens = readTokens(train);
    const { decode } = await loadSubwords(join(folder, "tokenizer.json"));
    const source = [0, 1].map((i) => sentence(tokens.source, i));
    assertEquals(await decode(source), [lines[0], lines[2]]);
    assertEquals([...tokens.target.offsets], [0, 0, 0]);
    [lines[0], lines[2]].forEach((line, i) => {
      const ids = sentenceIdsOf(tokens.source, i, i + 1).slice();
      assertEquals(
        new Uint8Array(ids.buffer).toHex(),
        createHash("sha256").update(line).digest("hex").slice(0, 16),
      );
    });
  }));

Deno.test("a limit keeps that many, which the seed chooses, in their order", () =>
  withCorpus(async ({ write, run }) => {
    const lines = Array.from({ length: 200 }, (_, i) => phrase(1000 + i));
    const file = write("plain.txt", lines.join("\n"));
    const of = (seed: number) => run({ files: [file], limit: 50 }, { seed });
    const one = await of(1), other = await of(2);
    assertEquals(one.metrics.beyondLimit, 150);
    assertEquals(one.sentences.length, 50);
    assertEquals(
      one.sentences,
      lines.filter((line) => one.sentences.includes(line)),
    );
    assert(one.sentences.join() !== other.sentences.join());
    assertEquals((await of(1)).sentences, one.sentences);
  }));

/** A descriptor of files in `mirror/`, whose second language is not that of the experiment. */
function describe(folder: string, files: Readonly<Record<string, Uint8Array>>) {
  Deno.mkdirSync(join(folder, "mirror"));
  const described = Object.entries(files).map(([name, bytes]) => {
    Deno.writeFileSync(join(folder, "mirror", name), bytes);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return {
      ...{ name, sha256, bytes: bytes.length },
      ...{ origin: "the test that made it", licence: "CC0" },
    };
  });
  const sides = (from: object, to: object) => ({
    pt: { file: "a.pt", ...from },
    tr: { file: "a.tr", ...to },
  });
  const descriptor: unknown = {
    name: "elsewhere",
    description: "Text with translations into another language",
    languages: ["pt", "tr", "de"],
    files: described,
    sources: [{
      label: "sides",
      texts: [
        { part: "train", format: "lines", sides: sides({}, {}) },
        {
          part: "test",
          format: "lines",
          sides: sides({ file: "test.pt" }, {}),
        },
        {
          part: "train",
          format: "tagged",
          sides: sides(
            { file: "talks.tgz", member: "talks/pt" },
            { file: "talks.tgz", member: "talks/tr" },
          ),
        },
      ],
    }, {
      label: "table",
      texts: [{
        part: "train",
        format: "tsv",
        table: { file: "table.tsv" },
        columns: ["group", "tr", "pt"],
      }],
    }, {
      label: "german",
      texts: [{
        part: "train",
        format: "tsv",
        table: { file: "table.tsv" },
        columns: ["group", "tr", "de"],
      }],
    }] satisfies Descriptor["sources"],
  };
  const path = join(folder, "elsewhere.json");
  Deno.writeTextFileSync(path, JSON.stringify(descriptor));
  return path;
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

Deno.test("of a descriptor the side of the source language is taken, whatever the others are, and only what is to be trained on", () =>
  withCorpus(async ({ folder, run, write }) => {
    const descriptor = describe(folder, {
      "a.pt": bytesOf("linha um\nlinha dois\n"),
      "a.tr": bytesOf("satır bir\n"),
      "test.pt": bytesOf("linha de teste\n"),
      "talks.tgz": await tgzOf([
        { path: "talks/pt", text: "<url>x</url>\n fala um \n" },
        { path: "talks/tr", text: "" },
      ]),
      "table.tsv": bytesOf("page\tsatır\tcélula um\n"),
    });
    const files = [write("own.txt", "minha linha\n")];
    await withMirrors(join(folder, "mirror"), async () => {
      assertEquals((await run({ descriptor, files })).sentences, [
        ...["linha um", "linha dois", "fala um", "célula um", "minha linha"],
      ]);
      assertEquals(
        (await run({ descriptor, sources: ["table"] })).sentences,
        ["célula um"],
      );
      assertEquals(
        await refusal(() => run({ descriptor, sources: ["german"] })),
        'Cannot take text of "pt" from data set "elsewhere": its german have no training text in "pt", ' +
          "only in pt-tr, pt-tr, tr-pt, tr-de.",
      );
    });
  }));

Deno.test("of packages the messages of the source language are taken, also those that no other language has", () =>
  withCorpus(async ({ folder, write }) => {
    const source: MessageSource = {
      label: "program",
      format: "json",
      markup: false,
      mnemonics: true,
      packages: [{
        ...{ name: "words", version: "1.0.0", licence: "MIT", bytes: 1 },
        integrity: `sha512-${"A".repeat(86)}==`,
        files: {
          pt: [{ path: "pt.json", prefix: "", pseudo: false }],
          en: [{ path: "en.json", prefix: "", pseudo: false }],
        },
      }],
    };
    const descriptor = write(
      "words.json",
      JSON.stringify({
        ...{ name: "words", description: "x", languages: ["pt", "en"] },
        sources: [source],
      }),
    );
    const files = join(folder, "packages");
    Deno.mkdirSync(files);
    Deno.writeFileSync(
      join(files, tarballName(source.packages[0])),
      await tgzOf([
        {
          path: "package/pt.json",
          text: '{"a":"&Abrir ficheiro","b":"Só cá"}',
        },
        { path: "package/en.json", text: '{"a":"&Open file"}' },
      ]),
    );
    const { writeMonolingual } = await import(
      "../../nmt/text/corpus/monolingual.ts"
    );
    const corpus = {
      train: join(folder, "train.out"),
      validation: join(folder, "validation.out"),
      test: join(folder, "test.out"),
    };
    const output = join(folder, "out.txt");
    await writeMonolingual(
      {
        text: { descriptor },
        ...{ language: "pt", minimumWords: 1, maximumWords: 30 },
      },
      1,
      { corpus, heldOut: [], files, copies: {}, work: folder, output },
    );
    assertEquals(Deno.readTextFileSync(output), "Abrir ficheiro\nSó cá\n");
  }));

Deno.test("a sentence is left out by a held-out one with other tags; where tags are kept, it has its own", () =>
  withFolder(async (folder) => {
    const { writeMonolingual } = await import(
      "../../nmt/text/corpus/monolingual.ts"
    );
    const write = (name: string, text: string) => {
      Deno.writeTextFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const corpus = {
      train: write("train.out", "uma frase\tone\n"),
      validation: write("validation.out", "outra frase\tother\n"),
      test: write("test.out", "<b>Abrir</b> ficheiro\topen\n"),
    };
    const text = write(
      "a.txt",
      "abrir ficheiro!\n<i>outra</i> frase\numa <b>nova</b> frase\n",
    );
    const output = join(folder, "out.txt");
    for (const markup of ["keep", undefined] as const) {
      const { dropped } = await writeMonolingual(
        {
          ...{ text: { files: [text] }, language: "pt", markup },
          ...{ minimumWords: 1, maximumWords: 30 },
        },
        1,
        { corpus, heldOut: [], copies: {}, work: folder, output },
      );
      assertEquals(
        Deno.readTextFileSync(output),
        markup === "keep" ? "uma <b>nova</b> frase\n" : "uma nova frase\n",
      );
      assertEquals(dropped, { "near duplicate": 2 });
    }
  }));

Deno.test("files that are missing, empty or not text, a language that is not there, and text that leaves nothing are input errors", () =>
  withCorpus(async ({ folder, write, run, train }) => {
    const fault = (text: unknown) => refusal(() => run(text));
    const missing = join(folder, "missing.txt");
    assertEquals(
      await fault({ files: [missing] }),
      `Cannot read "${missing}": there is no such file.`,
    );
    const empty = write("empty.txt", "");
    assertEquals(
      await fault({ files: [empty] }),
      `Cannot use "${empty}": it is empty, expected a sentence a line.`,
    );
    const binary = write("latin.txt", Uint8Array.of(0x61, 0x0a, 0xe3, 0x6f));
    assertEquals(
      await fault({ files: [binary] }),
      `Cannot use "${binary}": line 2 has invalid UTF-8 at byte 2, expected UTF-8 text.`,
    );
    const zip = write("broken.gz", "no gzip");
    assertStringIncludes(await fault({ files: [zip] }), `"${zip}"`);
    const known = write("known.txt", `${train[0]}\n${train[1]}\n\n`);
    assertEquals(
      await fault({ files: [known] }),
      "Cannot use the text without translations: cleaning leaves none of its 3 sentences (duplicate 2, empty 1); " +
        'give other text in "corpus.monolingual".',
    );
    const long = write("long.txt", "incomum ".repeat(29));
    assertStringIncludes(
      await fault({ files: [long] }),
      "of its 1 sentences, 1 have more than 60 subwords and 0 unknown ones",
    );
    assertStringIncludes(
      await fault({ descriptor: "wmt14-en-de" }),
      'Cannot use language "pt" of data set "wmt14-en-de": it has',
    );
    assertStringIncludes(
      await fault({ descriptor: "tatoebba" }),
      'did you mean "tatoeba"?',
    );
  }));

Deno.test("the key `monolingual` of a corpus says where text is; what it cannot mean is an input error", async () => {
  const text = (monolingual: unknown) =>
    parse(CorpusWithMonolingual, { monolingual }, "the corpus");
  assertEquals(
    text({ files: ["a.txt"], minimumScore: -1.5, limit: 9 }).monolingual,
    { files: ["a.txt"], minimumScore: -1.5, limit: 9 },
  );
  assertEquals(
    parse(CorpusWithMonolingual, {}, "the corpus").monolingual,
    undefined,
  );
  const cases: [unknown, string][] = [
    [{}, 'expected "descriptor" (a data set of data/), "files", or both'],
    [{ files: [] }, '"monolingual.files"'],
    [{ files: ["a", "a"] }, 'expected each file once, found "a" twice'],
    [
      { files: ["a"], sources: ["x"] },
      '"sources" and "sha256" go with a "descriptor"',
    ],
    [{ files: ["a"], minimumScore: 0.1 }, '"monolingual.minimumScore"'],
    [{ files: ["a"], limit: 0 }, '"monolingual.limit"'],
    [{ file: ["a"] }, 'unknown key "monolingual.file", did you mean "files"'],
  ];
  for (const [given, part] of cases) {
    assertStringIncludes(await refusal(() => text(given)), part);
  }
  assertStringIncludes(
    await refusal(() =>
      parse(
        CorpusWithMonolingual,
        { minimumWords: 9, maximumWords: 2 },
        "the corpus",
      )
    ),
    "expected minimumWords of at most maximumWords",
  );
});
