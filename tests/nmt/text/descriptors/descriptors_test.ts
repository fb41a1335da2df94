/** Tests of the descriptors of `data/` and of what a config selects from them. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { parse } from "../../../../base/input_error.ts";
import {
  Corpus,
  Data,
  type Languages,
} from "../../../../schemas/experiment/data.ts";
import { Descriptor, placesOf } from "../../../../schemas/descriptor.ts";
import { textLanguages } from "../../../../nmt/text/descriptors/languages.ts";
import {
  descriptorPath,
  selections,
  tarballName,
} from "../../../../nmt/text/descriptors/descriptors.ts";
import corpusStage from "../../../../stages/corpus.ts";
import fetchStage from "../../../../stages/fetch.ts";
import { dataFiles } from "../../../../nmt/text/fetch/user_files.ts";
import { refusal } from "../../fixtures/refusal.ts";
import { DESCRIPTORS } from "../fixtures/descriptors.ts";

const PT_EN: Languages = { source: "pt", target: "en" };

const fault = (data: unknown, languages: Languages = PT_EN) =>
  refusal(() => dataFiles(Data.parse(data), languages));

/** The refusal of a data set that is to be trained on, by the corpus stage. */
const trainingFault = (data: unknown) =>
  refusal(() =>
    corpusStage.files?.({
      data: Data.parse(data),
      languages: { source: "en", target: "de" },
      corpus: Corpus.parse({}),
    })
  );

Deno.test("every descriptor is named by its file, has all its languages in every source, and uses each of its files", () => {
  for (const [name, descriptor] of Object.entries(DESCRIPTORS)) {
    assertEquals(descriptor.name, name);
    const { sources, files, languages, citation } = descriptor;
    const used = files.flatMap(({ made }) => Object.values(made?.of ?? {}));
    for (const source of sources) {
      const found = "packages" in source
        ? source.packages.flatMap(({ files }) => Object.keys(files))
        : source.texts.flatMap(textLanguages);
      assertEquals(new Set(found), new Set(languages), source.label);
      if ("packages" in source) continue;
      used.push(...source.texts.flatMap(placesOf).map(({ file }) => file));
    }
    assertEquals(new Set(used), new Set(files.map(({ name }) => name)), name);
    assert(files.length === 0 || citation.length > 0, name);
    const tarballs = sources.flatMap((source) =>
      "packages" in source ? source.packages.map(tarballName) : []
    );
    assertEquals(new Set(tarballs).size, tarballs.length);
  }
});

Deno.test("only the packages of the selected sources and languages are needed", () => {
  const data = Data.parse({
    descriptor: "npm-messages",
    sources: ["vscode", "electerm"],
  });
  assertEquals(
    selections(data, PT_EN).own?.packages.map(({ name }) => name),
    [
      "@codingame/monaco-vscode-language-pack-qps-ploc",
      "@codingame/monaco-vscode-language-pack-pt-br",
      "@electerm/electerm-locales",
    ],
  );
  assertEquals(
    selections(data, { source: "tr", target: "de" }).own?.packages.map((
      { name },
    ) => name),
    [
      "@codingame/monaco-vscode-language-pack-tr",
      "@codingame/monaco-vscode-language-pack-de",
      "@electerm/electerm-locales",
    ],
  );
});

Deno.test("an unknown data set, source or language is an input error with what is known", async () => {
  assertEquals(
    await fault({ descriptor: "npm-mesages" }),
    'Cannot use data set "npm-mesages": data/ has no such descriptor, did you mean "npm-messages"?',
  );
  assertEquals(
    await fault({
      descriptor: "npm-messages",
      sources: ["vscode", "typoscript"],
    }),
    'Cannot use source "typoscript" of data set "npm-messages": it has no such source, did you mean "typescript"?',
  );
  assertEquals(
    await fault({ descriptor: "npm-messages" }, { source: "fr", target: "en" }),
    'Cannot use language "fr" of data set "npm-messages": it has en, pt, tr, de.',
  );
  assertEquals(
    await fault({ descriptor: "npm-messages" }, { source: "en", target: "en" }),
    'Cannot translate from "en" to the same language: expected two languages.',
  );
  assertEquals(
    await fault({ descriptor: "multi30k" }, { source: "pt", target: "pt-BR" }),
    'Cannot translate from "pt" to "pt-BR" on data set "multi30k": both are its "pt"; expected two of en, de, pt.',
  );
});

Deno.test("the files of a config are its descriptor, or the user's own files, each of which must be readable", async () => {
  const [descriptor] = dataFiles(
    Data.parse({ descriptor: "npm-messages" }),
    PT_EN,
  );
  assertEquals(
    await Deno.realPath(descriptor),
    await Deno.realPath(descriptorPath("npm-messages")),
  );
  const folder = await Deno.makeTempDir();
  const path = (name: string) => `${folder}/${name}`;
  for (const name of ["train.pt", "train.en", "test.tsv"]) {
    await Deno.writeTextFile(path(name), "a\tb\n");
  }
  const data = {
    train: { source: path("train.pt"), target: path("train.en") },
    test: path("test.tsv"),
  };
  assertEquals(
    dataFiles(Data.parse(data), PT_EN),
    ["train.pt", "train.en", "test.tsv"].map(path),
  );
  await Deno.remove(path("train.en"));
  assertEquals(
    await fault(data),
    `Cannot read "${path("train.en")}": there is no such file.`,
  );
  assertEquals(
    await fault({ train: path("test.tsv"), licence: "CC-BY-4" }),
    'Cannot use licence "CC-BY-4": expected an identifier of SPDX, did you mean "CC-BY-4.0"; say any other as LicenseRef-NAME, or in words.',
  );
  await Deno.remove(folder, { recursive: true });
});

/** The message of the error that a descriptor of one pinned file gives, once it is changed. */
function descriptorFault(change: Record<string, unknown>): Promise<string> {
  const file = {
    name: "a.tsv",
    urls: ["https://example.org/a.tsv"],
    licence: "CC0",
    sha256: "0".repeat(64),
    bytes: 5,
    ...change.file as object,
  };
  return refusal(() =>
    parse(Descriptor, {
      name: "mine",
      description: "a test",
      languages: ["pt", "en"],
      files: [file],
      sources: [{
        label: "all",
        texts: [{
          part: "train",
          format: "tsv",
          table: { file: "a.tsv" },
          columns: ["pt", "en"],
          ...change.text as object,
        }],
      }],
      ...change.descriptor as object,
    }, "it")
  );
}

Deno.test("a descriptor says where a file is, pins it or says openly that it does not, and names its own files only", async () => {
  const cases: [Record<string, unknown>, string][] = [
    [{ file: { urls: [] } }, 'expected "urls", "made", or "origin"'],
    [{ file: { urls: ["ftp://example.org/a"] } }, '"files.0.urls.0"'],
    [{ file: { sha256: undefined } }, 'expected "sha256" and "bytes", or'],
    [{ file: { sha256: "ABC" } }, "64 hexadecimal digits"],
    [{ file: { maximumBytes: 9 } }, '"maximumBytes" alone'],
    [{ file: { name: "../a.tsv" } }, "expected a plain file name"],
    [{ text: { table: { file: "b.tsv" } } }, 'found "b.tsv"'],
    [{ text: { columns: ["pt", "english"] } }, "columns"],
    [{ text: { part: "dev" } }, "part"],
    [{ descriptor: { name: "train" } }, "expected another name than train"],
    [{ descriptor: { licence: "MIT" } }, 'unknown key "licence"'],
  ];
  for (const [change, part] of cases) {
    assertStringIncludes(await descriptorFault(change), part);
  }
});

Deno.test("of text, only what is in both languages is used, and what there is otherwise is said", async () => {
  const chosen = (data: unknown, source: string, target: string) => {
    const { own, additional } = selections(Data.parse(data), {
      source,
      target,
    });
    return [...own?.files ?? [], ...additional.flatMap(({ files }) => files)]
      .map(({ name }) => name);
  };
  assertEquals(chosen({ descriptor: "multi30k" }, "pt", "en"), [
    "train.en.gz",
    "train.pt.gz",
    "val.en.gz",
    "val.pt.gz",
    "test_2016_flickr.en.gz",
    "test_2016_flickr.pt.gz",
  ]);
  assertEquals(
    chosen(
      { descriptor: "libreoffice-help", additional: ["tatoeba"] },
      "en",
      "tr",
    ),
    ["tr-en.tsv", "tur-eng.tsv.gz"],
  );
  assertEquals(
    await fault({ descriptor: "libreoffice-help" }, {
      source: "pt",
      target: "de",
    }),
    'Cannot train from "pt" to "de" on data set "libreoffice-help": it has no training text in both, only in pt-en, tr-en, de-en.',
  );
  assertEquals(
    await trainingFault({
      descriptor: "wmt14-en-de",
      sources: ["newstest"],
    }),
    'Cannot train from "en" to "de" on data set "wmt14-en-de": its newstest have no training text in both, only in de-en, de-en, de-en.',
  );
});

Deno.test("a language with a region is that of a descriptor that says none, and has the experiment's name", () => {
  const own = (source: string, target: string) =>
    selections(Data.parse({ descriptor: "multi30k" }), { source, target }).own;
  const [captions] = own("pt-BR", "en")?.sources ?? [];
  assertEquals(
    "texts" in captions &&
      captions.texts.map((text) => "sides" in text && text.sides["pt-BR"].file),
    ["train.pt.gz", "val.pt.gz", "test_2016_flickr.pt.gz"],
  );
  assertEquals(own("pt-BR", "en")?.files, own("pt", "en")?.files);
  const messages = selections(Data.parse({ descriptor: "npm-messages" }), {
    source: "pt-BR",
    target: "en",
  });
  const plain = selections(Data.parse({ descriptor: "npm-messages" }), PT_EN);
  assertEquals(
    messages.own?.packages.map(({ name }) => name),
    plain.own?.packages.map(({ name }) => name),
  );
});

Deno.test("a data set of test sets is refused where it is to be trained on, added to training, or read without translations", async () => {
  const without =
    "it has no training text, only a test set, which may be named " +
    'in "testSets".';
  assertEquals(
    await trainingFault({ descriptor: "multi30k-2017" }),
    `Cannot train from "en" to "de" on data set "multi30k-2017": ${without}`,
  );
  assertEquals(
    await fault({ descriptor: "multi30k", additional: ["multi30k-2017"] }, {
      source: "en",
      target: "de",
    }),
    `Cannot train from "en" to "de" on data set "multi30k-2017": ${without}`,
  );
  assertEquals(
    await refusal(() =>
      dataFiles(Data.parse({ descriptor: "multi30k-2017" }), { source: "en" })
    ),
    `Cannot take text of "en" from data set "multi30k-2017": ${without}`,
  );
});

Deno.test("an unknown additional data set, one that lacks a language, and one named twice are input errors", async () => {
  assertEquals(
    await fault({ descriptor: "multi30k", additional: ["tatoba"] }),
    'Cannot use data set "tatoba": data/ has no such descriptor, did you mean "tatoeba"?',
  );
  assertEquals(
    await fault({ descriptor: "multi30k", additional: ["tatoeba"] }),
    'Cannot use language "pt" of data set "tatoeba": it has en, tr.',
  );
  const twice = Data.safeParse({
    descriptor: "tatoeba",
    additional: ["tatoeba"],
  });
  assertEquals(
    twice.error?.issues[0].message,
    'expected each data set once, found "tatoeba" twice',
  );
});

Deno.test("a file without a recorded hash is refused before anything runs, unless the experiment says its hash", async () => {
  const TR_EN = { source: "tr", target: "en" };
  const requires = (data: unknown) =>
    fetchStage.requires?.({ data: Data.parse(data), languages: TR_EN });
  assertEquals(
    await refusal(() => requires({ descriptor: "ted-tr-en" })),
    'Cannot use data set "ted-tr-en": nobody has recorded the SHA-256 of "tr-en.tgz", so that nothing tells its bytes ' +
      "from others; get it from https://wit3.fbk.eu/archive/2014-01/texts/tr/en/tr-en.tgz or the page of release 2014-01 " +
      "on https://wit3.fbk.eu, check that it is the right one, and say its hash in the experiment as " +
      '"data": {"sha256": {"tr-en.tgz": "..."}}.',
  );
  const sha256 = { "tr-en.tgz": "a".repeat(64) };
  await requires({ descriptor: "ted-tr-en", sha256 });
  assertEquals(
    await fault(
      { descriptor: "ted-tr-en", sha256: { "tr.tgz": "a".repeat(64) } },
      TR_EN,
    ),
    'Cannot use "data.sha256": no data set of the experiment has a file "tr.tgz", only "tr-en.tgz".',
  );
  assertStringIncludes(
    await fault({
      descriptor: "multi30k",
      sha256: { "train.en.gz": "a".repeat(64) },
    }),
    `Cannot use "data.sha256" for "train.en.gz": its descriptor pins d79cfa99`,
  );
});

Deno.test("docs/data.md has a line for every descriptor", async () => {
  const root = new URL("../../../../", import.meta.url);
  const text = await Deno.readTextFile(new URL("docs/data.md", root));
  for (const name of Object.keys(DESCRIPTORS)) {
    assertMatch(text, new RegExp(`^- (?:\`[\\w-]+\`, )?\`${name}\`[:,]`, "m"));
  }
});
