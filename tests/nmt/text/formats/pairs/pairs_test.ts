/** Tests of the formats of pairs: what each may look like, and a sentence for everything that is wrong. */
import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  formatOf,
  pairsAs,
  readPairs,
} from "../../../../../nmt/text/formats/pairs/pairs.ts";
import { readBytes } from "../../../../../nmt/text/formats/lines.ts";
import { withFolder } from "../../../fixtures/folder.ts";
import { refusal } from "../../../fixtures/refusal.ts";
import { zipOf } from "../../fixtures/zips.ts";

type Content = string | Uint8Array;

const LANGUAGES = { source: "pt", target: "en" };

const bytesOf = (content: Content) =>
  typeof content === "string" ? new TextEncoder().encode(content) : content;

function withFile<Result>(
  name: string,
  content: Content,
  use: (file: { path: string; name: string }) => Promise<Result>,
): Promise<Result> {
  return withFolder(async (folder) => {
    const path = `${folder}/${name}`;
    await Deno.writeFile(path, bytesOf(content));
    return await use({ path, name });
  });
}

/** The sides of each pair of a file. */
const read = (name: string, content: Content, languages = LANGUAGES) =>
  withFile(name, content, async (file) => {
    const pairs = await Array.fromAsync(readPairs(file, languages));
    return pairs.map(({ source, target }) => [source, target]);
  });

const fault = (name: string, content: Content, languages = LANGUAGES) =>
  withFile(
    name,
    content,
    (file) => refusal(() => Array.fromAsync(readPairs(file, languages))),
  );

const PAIRS = [["uma casa", "a house"], ['duas "casas"', "two, houses"]];

const tmx = (units: string, head = '<?xml version="1.0"?>\n') =>
  `${head}<tmx version="1.4"><header srclang="en"/><body>\n${units}</body></tmx>\n`;

const unit = (pt: string, en: string) =>
  `<tu><tuv xml:lang="pt-BR"><seg>${pt}</seg></tuv><tuv xml:lang="EN"><seg>${en}</seg></tuv></tu>\n`;

const HEAD = 'msgid ""\nmsgstr "Language: pt_BR\\n"\n\n';

/** Two pairs as each format has them, by the name of a file. */
const WRITTEN: Readonly<Record<string, Content>> = {
  "plain.tsv": 'uma casa\ta house\nduas "casas"\ttwo, houses\n',
  "named.tsv":
    'id\ten\tpt\n1\ta house\tuma casa\n2\ttwo, houses\tduas "casas"\n',
  "words.tsv":
    'Portuguese\tEnglish\numa casa\ta house\nduas "casas"\ttwo, houses\n',
  "regions.tsv":
    'English (US)\tPortuguese (Brazil)\na house\tuma casa\ntwo, houses\tduas "casas"\n',
  "origins.csv":
    'id,source,portuguese,english\n1,web,uma casa,a house\n2,web,"duas ""casas""","two, houses"\n',
  "scores.tsv":
    'pt_score\tpt-BR\ten\n0.5\tuma casa\ta house\n0.5\tduas "casas"\ttwo, houses\n',
  "named.csv":
    'source,target\r\numa casa,a house\r\n"duas ""casas""","two, houses"\r\n',
  "plain.csv": 'uma casa,a house\n"duas ""casas""","two, houses"\n',
  "excel.csv": '\ufeffen;pt\na house;uma casa\ntwo, houses;"duas ""casas"""\n',
  "flat.jsonl":
    '{"pt": "uma casa", "en": "a house", "n": 1}\n\n{"n": 2, "en": "two, houses", "pt": "duas \\"casas\\""}\n',
  "nested.jsonl":
    '{"id": "a", "translation": {"pt": "uma casa", "en": "a house"}}\n' +
    '{"translation": {"en": "two, houses", "pt": "duas \\"casas\\""}}\n',
  "memory.tmx": tmx(
    unit(
      "uma <bpt i='1'>&lt;b></bpt>casa<ept i='1'>&lt;/b></ept>",
      "a <hi>house</hi>",
    ) +
      "<tu><tuv xml:lang='pt'><seg>sem par</seg></tuv></tu>" +
      unit('duas <![CDATA["casas"]]>', "two, houses"),
  ),
  "program.po": HEAD +
    '#, fuzzy\nmsgid "no"\nmsgstr "n\u00e3o"\n\nmsgid "a "\n"house"\nmsgstr "uma casa"\n\n' +
    'msgid "two, houses"\nmsgstr "duas \\"casas\\""\n\nmsgid "later"\nmsgstr ""\n\n#~ msgid "old"\n#~ msgstr "velho"\n',
  "moses.zip": zipOf({
    README: "whose it is",
    "Books.en-pt.en": "a house\ntwo, houses\n",
    "Books.en-pt.pt": 'uma casa\nduas "casas"\n',
  }),
  "packed.zip": zipOf({
    "__MACOSX/a.pt": "x",
    "__MACOSX/a.en": "x",
    ".b.tsv": "x",
    "a.en.zst": zstdCompressSync("a house\ntwo, houses\n"),
    "a.pt.gz": gzipSync('uma casa\nduas "casas"\n'),
  }, ["__MACOSX/a.en", ".b.tsv"]),
  "table.zip": zipOf({
    "__MACOSX/._pairs.tsv": "x",
    "pairs.tsv.gz": gzipSync('uma casa\ta house\nduas "casas"\ttwo, houses\n'),
  }),
  "one.zip": zipOf({
    "LICENSE": "free",
    "a/pairs.csv": 'pt,en\numa casa,a house\n"duas ""casas""","two, houses"\n',
  }),
};

for (const [name, content] of Object.entries(WRITTEN)) {
  Deno.test(`${name} is read, compressed too, and by its beginning where its name does not tell`, async () => {
    assertEquals(await read(name, content), PAIRS);
    if (!name.endsWith(".zip")) {
      assertEquals(await read(`${name}.gz`, gzipSync(bytesOf(content))), PAIRS);
      assertEquals(
        await read(`${name}.zst`, zstdCompressSync(bytesOf(content))),
        PAIRS,
      );
    }
    assertEquals(await read("data", content), PAIRS);
  });
}

Deno.test("a catalogue of the source language is read the other way round, and plurals give both forms", async () => {
  const plural = HEAD +
    'msgid "%d house"\nmsgid_plural "%d houses"\nmsgstr[0] "%d casa"\nmsgstr[1] "%d casas"\n';
  assertEquals(await read("a.po", plural), [["%d casa", "%d house"], [
    "%d casas",
    "%d houses",
  ]]);
  const reversed = { source: "en", target: "pt" };
  assertEquals(await read("a.po", plural, reversed), [["%d house", "%d casa"], [
    "%d houses",
    "%d casas",
  ]]);
});

Deno.test("a translation memory in UTF-16 is read, and so is one whose declaration says Latin-1", async () => {
  const text = tmx(
    unit("é", "is"),
    '<?xml version="1.0" encoding="UTF-16"?>\n',
  );
  const utf16 = Uint8Array.from(
    [...`\ufeff${text}`].flatMap((
      c,
    ) => [c.charCodeAt(0) & 255, c.charCodeAt(0) >> 8]),
  );
  assertEquals(await read("a.tmx", utf16), [["é", "is"]]);
  const latin1 = tmx(
    unit("é", "is"),
    '<?xml version="1.0" encoding="iso-8859-1"?>\n',
  );
  assertEquals(
    await read(
      "a.tmx",
      Uint8Array.from([...latin1].map((c) => c.charCodeAt(0))),
    ),
    [["é", "is"]],
  );
});

const PROGRAM = (charset: string) =>
  `msgid ""\nmsgstr ""\n"Language: pt\\n"\n"Content-Type: text/plain; charset=${charset}\\n"\n\nmsgid "No"\nmsgstr `;

Deno.test("a catalogue is in the encoding of its header, and in UTF-8 where it names none", async () => {
  for (const charset of ["UTF-8", "utf8", "CHARSET", ""]) {
    assertEquals(await read("a.po", `${PROGRAM(charset)}"Não"\n`), [
      ["Não", "No"],
    ]);
  }
  assertEquals(await read("a.po", `${HEAD}msgid "No"\nmsgstr "Não"\n`), [
    ["Não", "No"],
  ]);
  const koi8 = Uint8Array.of(
    ...[...bytesOf(`${PROGRAM("KOI8-R")}"`), 0xce, 0xc5, 0xd4],
    ...bytesOf('"\n'),
  );
  assertEquals(await read("a.po", koi8), [["нет", "No"]]);
});

Deno.test("a catalogue may have comments, obsolete messages and more than one string in a line", async () => {
  const entries = '# a "comment\n#~ msgid "old"\n#~ msgstr "velho"\n\n' +
    'msgid\n"a " "\\"cat\\"" # here\r\n  msgstr "um " \n\t"\\"gato\\""\n' +
    '#, fuzzy\n#| msgid "was\nmsgid "b"\nmsgstr "c"\n';
  assertEquals(await read("a.po", HEAD + entries), [['um "gato"', 'a "cat"']]);
});

Deno.test("a table is one by the TAB in its first line, whatever it begins with", async () => {
  for (
    const start of [
      ...['"Uma" casa', "PK é um país", '{"uma": casa}', '"Uma", disse ele'],
    ]
  ) {
    assertEquals(await read("data", `${start}\ta house\n`), [
      [start, "a house"],
    ]);
  }
  // A TAB between quotes is one of the cell.
  const quoted = '\ufeff"uma\tcasa","a\nhouse"\n';
  assertEquals(await read("data", quoted), [["uma\tcasa", "a\nhouse"]]);
});

Deno.test("units of a translation memory that have one language alone, or a second one twice, are counted", async () => {
  const one = (language: string) =>
    `<tuv xml:lang="${language}"><seg>a</seg></tuv>`;
  const text = tmx(
    unit("a", "b") +
      ["pt", "pt-PT pt-BR en", "fr de"].map((languages) =>
        `<tu>${languages.split(" ").map(one).join("")}</tu>`
      ).join(""),
  );
  const said = (content: string) =>
    withFile("a.tmx", content, (file) => pairsAs(file, LANGUAGES));
  assertEquals(
    await said(text),
    "TMX (units left out, as one language is missing or not clear: 2)",
  );
  assertEquals(await said(tmx(unit("a", "b"))), "TMX");
});

Deno.test("zstd that grows too much is refused, before it takes the memory", async () => {
  // A frame of 2,000 blocks, each of which is 128 KiB of one byte.
  const block = [0x02, 0x00, 0x10, 97];
  const frame = Uint8Array.from([
    ...[0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58],
    ...Array.from({ length: 2000 }, () => block).flat(),
  ]);
  assertStringIncludes(
    await withFile(
      "a.tmx.zst",
      frame,
      (file) => refusal(() => Array.fromAsync(readBytes(file))),
    ),
    "it unpacks to more than 200 times its size",
  );
});

/** A frame of zstd with a byte that says its window, and one text that it repeats. */
const framed = (window: number, ...block: number[]) =>
  Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, window, ...block);

Deno.test("a frame of zstd that needs more memory than others is refused, before it is given it", async () => {
  const empty = [1, 0, 0];
  assertStringIncludes(
    await fault("a.tsv.zst", framed(21 << 3, ...empty)),
    'Cannot decompress "a.tsv.zst": its zstd is broken (a frame needs a window of 2147483648 bytes, expected at most 134217728, as zstd writes without --long);',
  );
  const eighth = (17 << 3) + 1;
  assertStringIncludes(
    await fault("a.tsv.zst", framed(eighth, ...empty)),
    "a window of 150994944 bytes",
  );
  // 1 GiB in one segment.
  const single = [0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0x40, ...empty];
  assertStringIncludes(
    await fault("a.tsv.zst", Uint8Array.from(single)),
    "a window of 1073741824 bytes",
  );
});

Deno.test("frames of zstd that hold no text are skipped, and any of few bytes is read", async () => {
  const skipped = (size: number) =>
    Uint8Array.of(
      0x5a,
      0x2a,
      0x4d,
      0x18,
      size,
      0,
      0,
      0,
      ...Array(size).fill(7),
    );
  const parts = [
    skipped(4),
    zstdCompressSync(bytesOf("uma casa\ta house\n")),
    framed(0, 1, 0, 0),
    zstdCompressSync(new Uint8Array()),
    skipped(0),
    skipped(200),
    zstdCompressSync(bytesOf("a\tb\n"), {
      params: { [constants.ZSTD_c_checksumFlag]: 1 },
    }),
    skipped(1),
  ];
  const file = Uint8Array.from(parts.flatMap((part) => [...part]));
  const pairs = [["uma casa", "a house"], ["a", "b"]];
  assertEquals(await read("a.tsv.zst", file), pairs);
  assertEquals(await read("a.tsv", file), pairs);
  for (const end of [-1, -2, -10]) {
    assertStringIncludes(
      await fault("a.tsv.zst", file.subarray(0, end)),
      "(unexpected EOF)",
    );
  }
});

const MANY = zipOf({
  "train.pt": "a",
  "train.en": "b",
  "test.pt": "a",
  "test.en": "b",
});

const FAULTS: readonly (readonly [string, Content, string])[] = [
  [
    "a.csv",
    "pt,en\na,b\nc,d,e\n",
    'Cannot use "a.csv": line 3 has 3 columns, expected source comma target.',
  ],
  [
    "a.csv",
    "a\n",
    'line 1 has no comma, expected source comma target, or a first line that names the columns, such as "pt comma en".',
  ],
  [
    "a.csv",
    'a,b\n"c,d\n',
    'Cannot use "a.csv": it is no CSV (Quote Not Closed: ',
  ],
  ["a.csv", "pt,en\n", 'Cannot use "a.csv": it is empty'],
  [
    "a.csv",
    Uint8Array.of(97, 44, 0xff, 10),
    "line 1 has invalid UTF-8 at byte 2",
  ],
  ["a.tsv", "id\tpt\ten\n1\tb\n", "line 2 has 2 columns, expected 3 columns."],
  [
    "a.jsonl",
    '{"pt": "a", "en": "b"}\n{"pt": \n',
    'Cannot use "a.jsonl": line 2 is not a JSON object, expected such as {"pt": "...", "en": "..."}.',
  ],
  [
    "a.jsonl",
    '{"pt": "a", "fr": "b"}\n',
    'line 1 has no text of both "pt" and "en", only "pt", "fr",',
  ],
  ["a.jsonl", '{"pt": "a", "en": 3}\n', "line 1 has a side that is not a text"],
  ["a.jsonl", "\n", "it is empty"],
  [
    "a.json",
    '[{"pt": "a", "en": "b"}]\n',
    'Cannot use "a.json": it is a JSON array, expected an object a line;',
  ],
  [
    "a.tmx",
    tmx("<tu>\n</tuv>"),
    'Cannot use "a.tmx": line 4 is no XML (unexpected close tag',
  ],
  ["a.tmx", tmx(unit("a", "b")).slice(0, -12), "is no XML (unclosed tag"],
  ["a.tmx", "<html></html>", 'its first element is "html", expected "tmx".'],
  [
    "a.tmx",
    tmx("<tu><tuv xml:lang='fr'><seg>a</seg></tuv></tu>"),
    'no unit has both "pt" and "en", only fr.',
  ],
  [
    "a.tmx",
    tmx(unit("x".repeat(2_000_000), "y")),
    "has a text of 1000000 characters or more",
  ],
  [
    "a.tmx",
    '<?xml version="1.0" encoding="klingon"?>\n<tmx/>',
    'its encoding "klingon" is not known',
  ],
  [
    "a.po",
    HEAD + 'msgid "a"\nmsgstr "b"\nfoo "c"\n',
    'Cannot use "a.po": it is no gettext catalogue (Invalid key name "foo" at line 6).',
  ],
  [
    "a.po",
    HEAD + 'msgid "a"\nmsgstr "b"\n\nmsgid "house"\nmsgstr "ca',
    'Cannot use "a.po": expected keywords and strings in double quotes in line 8, found msgstr "ca; mend the line, or get the whole file.',
  ],
  [
    "a.po",
    HEAD + 'msgid "a"\nmsgstr "b\n\nmsgid "c"\nmsgstr "d"\n',
    'in line 5, found msgstr "b; mend',
  ],
  ["a.po", HEAD + 'msgid "a"\nmsgstr "b"\nmsgst', "in line 6, found msgst;"],
  [
    "a.po",
    'msgid ""\nmsgstr "Language: fr\\n"\n\nmsgid "a"\nmsgstr "b"\n',
    'its header has the Language "fr", expected "Language: en" (or pt); give another catalogue',
  ],
  ["a.po", 'msgid "a"\nmsgstr "b"\n', "its header has no Language"],
  [
    "a.po",
    PROGRAM("klingon"),
    'Cannot use "a.po": its encoding "klingon" is not known, expected UTF-8.',
  ],
  [
    "a.po",
    Uint8Array.of(...bytesOf(PROGRAM("UTF-8") + '"'), 0xe3, 34, 10),
    'Cannot use "a.po": it is not in its encoding, utf-8.',
  ],
  ["a.po", HEAD, "it has no translated message"],
  [
    "a.zip",
    MANY,
    "expected one pair of members such as NAME.pt and NAME.en, or one file of pairs, found",
  ],
  ["a.zip", MANY.subarray(0, 60), 'Cannot use archive "a.zip": it is broken ('],
  [
    "a.zip",
    zipOf({ "a.pt": "/etc/hostname", "a.en": "a\n" }, ["a.pt"]),
    'Cannot use archive "a.zip": its member "a.pt" is a link, no file or folder; make or get it again, or unpack it',
  ],
  [
    "a.zip",
    zipOf({ "a.pt": "a\nb\n", "a.en": "a\n" }),
    "expected as many lines in both",
  ],
  [
    "a.zip",
    zipOf({ "a.pt": "a\n".repeat(400_000), "a.en": "a\n" }),
    'Cannot use archive "a.zip": it unpacks to more than 200 times its size; make or get it again, or unpack it',
  ],
  [
    "a.zst",
    zstdCompressSync("a\tb\n".repeat(9000)).subarray(0, 20),
    'Cannot decompress "a.zst": its zstd is broken (',
  ],
];

Deno.test("one side is never taken for both, where two languages differ in the region alone", async () => {
  const languages = { source: "pt", target: "pt-BR" };
  const unit = '<tu><tuv xml:lang="pt"><seg>a</seg></tuv></tu>';
  assertStringIncludes(
    await fault("a.tmx", tmx(unit), languages),
    'no unit has both "pt" and "pt-BR", only pt.',
  );
  assertStringIncludes(
    await fault("a.zip", zipOf({ "a.pt": "a\n", "a.en": "b\n" }), languages),
    "expected one pair of members such as NAME.pt and NAME.pt-BR",
  );
});

Deno.test("what is wrong with a file of pairs is one sentence that names it, and the line where there is one", async () => {
  for (const [name, content, part] of FAULTS) {
    const message = await fault(name, content);
    assertStringIncludes(message, part);
    assertStringIncludes(message, name);
    assertEquals(message.split("\n").length, 1, message);
  }
});

Deno.test("a large file is read piece by piece", async () => {
  const pairs = 60_000;
  const row = (i: number) =>
    `uma frase de número ${i},"a sentence, number ${i}"\n`;
  const csv = "pt,en\n" +
    Array.from({ length: pairs }, (_, i) => row(i)).join("");
  await withFile("large.csv.gz", gzipSync(csv), async (file) => {
    assertEquals((await formatOf(file)).name, "CSV");
    let count = 0;
    for await (const { source, target } of readPairs(file, LANGUAGES)) {
      if (count === 41_234) {
        assertEquals([source, target], [
          "uma frase de número 41234",
          "a sentence, number 41234",
        ]);
      }
      count++;
    }
    assertEquals(count, pairs);
  });
});
