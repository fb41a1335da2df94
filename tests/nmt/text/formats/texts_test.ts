/** Tests of reading the text of a descriptor's files, of every format, out of archives that can be trusted or not. */
import { gzipSync } from "node:zlib";
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import type { Text } from "../../../../schemas/descriptor.ts";
import type { Placed } from "../../../../nmt/text/corpus/split.ts";
import { readTexts } from "../../../../nmt/text/formats/texts.ts";
import { withFolder } from "../../fixtures/folder.ts";
import { refusal } from "../../fixtures/refusal.ts";
import { type Member, tgzOf } from "../fixtures/archives.ts";
import { zipOf } from "../fixtures/zips.ts";

type Files = Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>;

/** The training pairs of some texts, from Portuguese to English. */
const read = (files: Files, ...texts: readonly Text[]): Promise<Placed[]> =>
  withFolder(async (root) => {
    const folders = { files: join(root, "files"), work: join(root, "work") };
    await Deno.mkdir(folders.files);
    await Deno.mkdir(folders.work);
    for (const [name, content] of Object.entries(files)) {
      const bytes = typeof content === "string"
        ? new TextEncoder().encode(content)
        : content;
      await Deno.writeFile(join(folders.files, name), bytes);
    }
    const source = { label: "all", texts: [...texts] };
    const languages = { source: "pt", target: "en" };
    const pairs = await Array.fromAsync(
      readTexts(source, "train", languages, folders),
    );
    assertEquals([...Deno.readDirSync(folders.work)], [], "nothing is left");
    return pairs;
  });

const faultOf = (files: Files, text: Text) => refusal(() => read(files, text));

const sides = (
  format: "lines" | "tagged" | "segments",
  pt: string,
  en: string,
): Text => ({
  part: "train",
  format,
  sides: {
    pt: { file: "talks.tgz", member: pt },
    en: { file: "talks.tgz", member: en },
  },
});

const table = (...columns: readonly string[]): Text => ({
  part: "train",
  format: "tsv",
  table: { file: "a.tsv" },
  columns: [...columns],
});

const TALK = (title: string, ...lines: readonly string[]) =>
  `<url>http://www.ted.com/talks/1</url>\n<keywords>talks</keywords>\n<title>${title}</title>\n` +
  `<description>TED Talk: ${title}</description>\n${lines.join("\n")}\n`;

Deno.test("TED talks: what is about a talk is dropped, on each side for itself, and the rest is paired", async () => {
  const members: Member[] = [
    { path: "pt-en/", type: "5" },
    {
      path: "pt-en/train.tags.pt-en.pt",
      text: TALK("Um", " Obrigado. ", "A < B & C") +
        `<reviewer href="x">Ana</reviewer>\n<translator href="x">Rui</translator>\n` +
        TALK("Dois", "Fim."),
    },
    {
      path: "pt-en/train.tags.pt-en.en",
      text: TALK("One", "Thank you.", "A < B & C") + TALK("Two", "The end."),
    },
  ];
  const pairs = await read(
    { "talks.tgz": await tgzOf(members) },
    sides("tagged", "pt-en/train.tags.pt-en.pt", "pt-en/train.tags.pt-en.en"),
  );
  assertEquals(pairs.map(({ source, target }) => [source, target]), [
    ["Obrigado.", "Thank you."],
    ["A < B & C", "A < B & C"],
    ["Fim.", "The end."],
  ]);
  assertEquals(pairs.map(({ position }) => position), [0, 1, 2]);
});

Deno.test("test sets of IWSLT and WMT: segments are read whatever stands around them, and their entities undone", async () => {
  const set = (...lines: readonly string[]) =>
    `<?xml version="1.0"?>\n<refset><doc docid="1" genre="lectures">\n<title>No text</title>\n` +
    lines.map((line, i) => `<seg id="${i + 1}">${line}</seg>\n`).join("") +
    "</doc></refset>\n";
  const files = {
    "talks.tgz": await tgzOf([
      {
        path: "a.pt.xml",
        text: set(" Ele disse &quot;n&atilde;o&quot;. ", "R&amp;D"),
      },
      { path: "a.en.sgm", text: set("He said &quot;no&quot;.", "R&amp;D") },
      { path: "b.en.sgm", text: set("He said &quot;no&quot;.") },
    ]),
  };
  const pairs = await read(files, sides("segments", "a.pt.xml", "a.en.sgm"));
  assertEquals(pairs.map(({ source, target }) => [source, target]), [
    ['Ele disse "n&atilde;o".', 'He said "no".'],
    ["R&D", "R&D"],
  ]);
  assertEquals(
    await faultOf(files, sides("segments", "a.pt.xml", "b.en.sgm")),
    'Cannot pair "talks.tgz/a.pt.xml" with "talks.tgz/b.en.sgm": "talks.tgz/b.en.sgm" ends after sentence 1, ' +
      '"talks.tgz/a.pt.xml" goes on at sentence 2; expected as many sentences in both.',
  );
});

Deno.test("a table gives the columns of the two languages, and keeps what is of one group together", async () => {
  const pairs = await read(
    {
      "a.tsv":
        "x.html\t1\tum\tone\nx.html\t2\tdois\ttwo\ny.html\t1\ttrês\tthree\n",
    },
    table("group", "-", "pt", "en"),
  );
  assertEquals(pairs, [
    {
      source: "um",
      target: "one",
      file: "all/0/x.html",
      position: 0,
      isOneGroup: true,
    },
    {
      source: "dois",
      target: "two",
      file: "all/0/x.html",
      position: 1,
      isOneGroup: true,
    },
    {
      source: "três",
      target: "three",
      file: "all/0/y.html",
      position: 2,
      isOneGroup: true,
    },
  ]);
  const plain = await read({ "a.tsv": "one\tum\n" }, table("en", "pt"));
  assertEquals(plain, [
    { source: "um", target: "one", file: "all/0", position: 0 },
  ]);
  assertEquals(
    await faultOf(
      { "a.tsv": "x\t1\tum\tone\nx\tum\tone\n" },
      table("group", "-", "pt", "en"),
    ),
    'Cannot use "a.tsv": line 2 has 2 TABs, expected group TAB anything TAB pt TAB en.',
  );
});

Deno.test("several texts follow each other, and those of another part are left", async () => {
  const text = (part: "train" | "test", name: string): Text => ({
    part,
    format: "tsv",
    table: { file: name },
    columns: ["pt", "en"],
  });
  const pairs = await read(
    { "a.tsv": "um\tone\n", "b.tsv": "dois\ttwo\n", "c.tsv": "três\tthree\n" },
    text("train", "a.tsv"),
    text("test", "b.tsv"),
    text("train", "c.tsv"),
  );
  assertEquals(pairs.map(({ target, file }) => [target, file]), [
    ["one", "all/0"],
    ["three", "all/2"],
  ]);
});

Deno.test("an archive that leads out of itself, has a link or unpacks to too much is refused, whatever is read of it", async () => {
  const right: Member[] = [
    { path: "a.pt", text: "um\n" },
    { path: "a.en", text: "one\n" },
  ];
  const cases: [Member, string][] = [
    [{ path: "../a.pt", text: "x\n" }, 'its member "../a.pt" leads out of it'],
    [
      { path: "/etc/passwd", text: "x\n" },
      'its member "/etc/passwd" leads out of it',
    ],
    [
      { path: "b", type: "2", link: "/etc/passwd" },
      'its member "b" is a SymbolicLink, no file or folder',
    ],
    [
      { path: "b", size: 8 * 1024 ** 3 - 1 },
      "it unpacks to more than 200 times its size",
    ],
    [
      { path: "b", text: "0".repeat(20_000_000) },
      "it unpacks to more than 200 times its size",
    ],
  ];
  const text = sides("lines", "a.pt", "a.en");
  for (const [member, why] of cases) {
    for (const members of [[member, ...right], [...right, member]]) {
      assertEquals(
        await faultOf({ "talks.tgz": await tgzOf(members) }, text),
        `Cannot use archive "talks.tgz": ${why}; get the file that the data set describes.`,
      );
    }
  }
});

Deno.test("an archive that is cut short, is none, or lacks the member is told by its name", async () => {
  const whole = await tgzOf([
    { path: "a.pt", text: crypto.randomUUID().repeat(500) },
    { path: "a.en", text: "one\n" },
  ]);
  const text = sides("lines", "a.pt", "a.en");
  for (
    const bytes of [
      whole.subarray(0, whole.length / 2),
      "no archive".repeat(99),
    ]
  ) {
    const fault = await faultOf({ "talks.tgz": bytes }, text);
    assert(
      fault.startsWith('Cannot use archive "talks.tgz": it is broken ('),
      fault,
    );
  }
  assertEquals(
    await faultOf({ "talks.tgz": whole }, sides("lines", "a.pt", "b.en")),
    'Cannot use archive "talks.tgz": it has no member "b.en", only "a.pt", "a.en".',
  );
});

Deno.test("a descriptor names files of pairs, sides in a zip, and compressed ones", async () => {
  const zip = zipOf({ "X.en-pt.pt": "um\ndois\n", "X.en-pt.en": "one\ntwo\n" });
  const at = (file: string, member: string) => ({ file, member });
  const pairs = await read(
    {
      "moses.zip": zip,
      "regions.tsv": new TextEncoder().encode(
        "pt-PT\tpt-BR\ten\ncomboio\ttrem\ttrain\n",
      ),
      "flat.jsonl.gz": Uint8Array.from(
        gzipSync('{"en": "three", "pt-BR": "três"}\n'),
      ),
    },
    {
      part: "train",
      format: "lines",
      sides: {
        pt: at("moses.zip", "X.en-pt.pt"),
        en: at("moses.zip", "X.en-pt.en"),
      },
    },
    {
      part: "train",
      format: "pairs",
      pairs: { file: "flat.jsonl.gz" },
      languages: ["pt", "en"],
    },
    {
      part: "train",
      format: "pairs",
      pairs: { file: "moses.zip" },
      languages: ["pt", "en"],
    },
    {
      part: "train",
      format: "pairs",
      pairs: { file: "regions.tsv" },
      languages: ["pt-BR", "en"],
    },
  );
  assertEquals(
    pairs.map(({ source, target, file }) => `${file} ${source} ${target}`),
    [
      ...["all/0 um one", "all/0 dois two", "all/1 três three"],
      ...["all/2 um one", "all/2 dois two", "all/3 trem train"],
    ],
  );
  assertEquals(
    await faultOf({ "moses.zip": zip }, {
      part: "train",
      format: "lines",
      sides: { pt: at("moses.zip", "a"), en: at("moses.zip", "b") },
    }),
    'Cannot use archive "moses.zip": it has no member "a"; get the file that the data set describes.',
  );
});
