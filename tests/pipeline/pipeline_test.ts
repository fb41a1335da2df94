/** The real pipeline by its command line: bad values and bad files are refused in one sentence. */
import { zstdCompressSync } from "node:zlib";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { exists } from "../engine/fixtures/project.ts";
import { pipeline } from "../fixtures/command.ts";
import { withFolder } from "../nmt/fixtures/folder.ts";
import { zipOf } from "../nmt/text/fixtures/zips.ts";

const BAD_VALUES: Readonly<
  Record<string, readonly [setting: string, sentence: RegExp]>
> = {
  "a mistyped key": [
    "students.rkd.alhpa=0.5",
    /unknown key "students\.rkd\.alhpa", did you mean "alpha"/,
  ],
  "a source that the data set has not": [
    'data.sources=["vscod"]',
    /did you mean "vscode"/,
  ],
};

for (const [what, [setting, sentence]] of Object.entries(BAD_VALUES)) {
  Deno.test(`${what} is refused with one sentence and exit code 2, and nothing is written`, () =>
    withFolder(async (folder) => {
      const artifacts = `${folder}/artifacts`;
      const { code, out, err } = await pipeline(
        ...["--experiment", "tiny", "--artifacts", artifacts],
        ...["--set", setting],
      );
      assertEquals({ code, out }, { code: 2, out: "" }, err);
      assertEquals(err.trim().split("\n").length, 1, err);
      assertMatch(err, sentence);
      assert(!exists(artifacts));
    }));
}

const encoder = new TextEncoder();
const SYLLABLES = ["ba", "ce", "di", "fo", "gu", "la", "me", "ni", "po", "ru"];
const word = (n: number) =>
  [...String(n)].map((digit) => SYLLABLES[Number(digit)]).join("");
const LINES = Array.from({ length: 400 }, (_, i) => {
  const [one, other] = [word(i + 100), word(i * 7 + 1000)];
  return `uma ${one} e ${other}\ta ${one} and ${other}\n`;
}).join("");

const BAD_DATA: Readonly<
  Record<string, readonly [data: Uint8Array, sentence: RegExp]>
> = {
  "invalid UTF-8": [
    new Uint8Array([...encoder.encode("olá\thello\n"), 0xff, 0x0a]),
    /byte 1[0-2]/,
  ],
  "a vocabulary larger than the data can give": [
    encoder.encode(LINES),
    /vocabulary|subwords/,
  ],
};

for (const [what, [data, sentence]] of Object.entries(BAD_DATA)) {
  Deno.test(`${what} in a user's corpus ends with one sentence and exit code 2`, () =>
    withFolder(async (folder) => {
      const path = `${folder}/mine.tsv`;
      Deno.writeFileSync(path, data);
      Deno.writeTextFileSync(
        `${folder}/mine.jsonc`,
        JSON.stringify({
          languages: { source: "pt", target: "en" },
          data: { train: path },
          corpus: { validation: 20, test: 20 },
        }),
      );
      const { code, err } = await pipeline(
        ...["run", "--quiet", "--until", "tokenize"],
        ...["--experiment", `${folder}/mine.jsonc`],
        ...["--artifacts", `${folder}/artifacts`],
      );
      assertEquals(code, 2, err);
      assertMatch(err, sentence);
      assert(!/^\s+at /m.test(err), err);
    }));
}

Deno.test("a corpus of another format is made, with what the stages may do, as that of a plain table is", () =>
  withFolder(async (folder) => {
    const rows = LINES.trimEnd().split("\n").map((line) => line.split("\t"));
    const units = rows.map(([pt, en]) =>
      `<tu><tuv xml:lang="en"><seg>${en}</seg></tuv><tuv xml:lang="pt"><seg>${pt}</seg></tuv></tu>`
    );
    const files = {
      "plain.tsv": encoder.encode(LINES),
      "memory.tmx.zst": zstdCompressSync(`<tmx>${units.join("\n")}</tmx>`),
      "quoted.csv": encoder.encode(
        rows.map((row) => `${row.map((side) => `"${side}"`).join()}\n`).join(
          "",
        ),
      ),
      "flat.jsonl": encoder.encode(
        rows.map(([pt, en]) => `${JSON.stringify({ pt, en })}\n`).join(""),
      ),
      "program.po": encoder.encode(
        'msgid ""\nmsgstr "Language: pt\\n"\n' +
          rows.map(([pt, en]) => `\nmsgid "${en}"\nmsgstr "${pt}"\n`).join(""),
      ),
      "moses.zip": zipOf({
        "X.pt": rows.map(([pt]) => `${pt}\n`).join(""),
        "X.en": rows.map(([, en]) => `${en}\n`).join(""),
      }),
    };
    const made: string[] = [];
    for (const [name, content] of Object.entries(files)) {
      Deno.writeFileSync(`${folder}/${name}`, content);
      const experiment = {
        languages: { source: "pt", target: "en" },
        data: { train: `${folder}/${name}` },
        corpus: { validation: 20, test: 20 },
      };
      Deno.writeTextFileSync(
        `${folder}/mine.jsonc`,
        JSON.stringify(experiment),
      );
      const { code, out, err } = await pipeline(
        ...["run", "corpus", "--json"],
        ...["--experiment", `${folder}/mine.jsonc`],
        ...["--artifacts", `${folder}/artifacts`],
      );
      assertEquals(code, 0, err);
      const { nodes }: { nodes: { name: string; outputs: unknown }[] } = JSON
        .parse(out);
      const corpus = nodes.find(({ name }) => name === "corpus");
      made.push(JSON.stringify(corpus?.outputs));
    }
    assertEquals(new Set(made).size, 1, made.join("\n"));
  }));
