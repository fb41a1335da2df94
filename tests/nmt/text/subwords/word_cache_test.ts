/** Encoding by words beside the library's own encoding of whole lines: the same words, the same ids, on any text. */
import { assert, assertEquals } from "@std/assert";
import { gunzipSync } from "node:zlib";
import { byteLevelPreTokenizer, Tokenizer } from "tokenizers";
import { random } from "../../../../nmt/random.ts";
import {
  loadSubwords,
  trainSubwords,
} from "../../../../nmt/text/subwords/subwords.ts";
import { byWords } from "../../../../nmt/text/subwords/word_cache.ts";

const library = byteLevelPreTokenizer(false);

/** The bytes of a line after which a word of it ends as the library splits it; in its words, a character is a byte. */
function ends(line: string): number[] {
  let end = 0;
  return library.preTokenizeString(line).map(([word]) => end += word.length);
}

/** The same as `byWords` splits it. */
async function ownEnds(line: string): Promise<number[]> {
  const encode = byWords((words) =>
    Promise.resolve(
      words.map((word) => [new TextEncoder().encode(word).length]),
    )
  );
  let end = 0;
  return [...(await encode([line]))[0]].map((length) => end += length);
}

/** A file of the corpora, or nothing where they are not. */
function corpus(path: string): string[] {
  const url = new URL(`../../../shared/corpora/${path}`, import.meta.url);
  try {
    const bytes = path.endsWith(".gz")
      ? gunzipSync(Deno.readFileSync(url))
      : Deno.readFileSync(url);
    return new TextDecoder().decode(bytes).split("\n");
  } catch {
    return [];
  }
}

const CORPORA = [
  "multi30k/train.de.gz",
  "multi30k/train.pt.gz",
  "tatoeba/tur-eng.tsv.gz",
  "debian-messages/de-en.tsv.gz",
  "libreoffice-help/tr-en.tsv.gz",
  "npm-messages/pt-en.tsv.gz",
];

/** Uses a tokenizer of so many subwords of some lines: as `Subwords`, and the library's own. */
async function withTokenizer(
  lines: readonly string[],
  size: number,
  use: (path: string, whole: Tokenizer) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/tokenizer.json`;
    await trainSubwords(lines, size, path);
    await use(path, Tokenizer.fromString(await Deno.readTextFile(path)));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("each character of the first plane is of the kind that the library takes it for, wherever it stands", async () => {
  for (let code = 0; code < 0x10000; code++) {
    if (code >= 0xd800 && code < 0xe000) continue;
    const c = String.fromCharCode(code);
    if (c === "\u0085" || c === "\ufeff") continue;
    const line = `a${c}a 1${c}1 .${c}. ${c} ${c}${c}  ${c}'s  `;
    assertEquals(await ownEnds(line), ends(line), `U+${code.toString(16)}`);
  }
});

Deno.test("a line with a character that the library takes for another kind is one word", async () => {
  for (const line of ["a b\u0085c", "\ufeffa b", "a 😀 b", "a \ud800 b"]) {
    const asked: string[] = [];
    const encode = byWords((words) => {
      asked.push(...words);
      return Promise.resolve(words.map(() => [7]));
    });
    assertEquals(await encode([line]), [Int32Array.of(7)]);
    assertEquals(asked, [line]);
  }
});

Deno.test("random lines of awkward characters have the ids that the library gives whole lines", async () => {
  const next = random("awkward lines", 1);
  const signs = [
    ..."ab1½  \t\u00a0\u3000'’.,-_İışçßÄéπж中ـ\u0301\u200d\u0085\ufeff",
    "'s",
    "'re",
    " '",
    "😀",
    "𝒳",
    "\r\n",
  ];
  const lines = Array.from(
    { length: 4000 },
    () =>
      Array.from(
        { length: Math.floor(next() * 12) },
        () => signs[Math.floor(next() * signs.length)],
      ).join(""),
  );
  await withTokenizer(lines.slice(0, 1000), 330, async (path, whole) => {
    const subwords = await loadSubwords(path);
    const own = await subwords.encode(lines);
    const expected = await whole.encodeBatch(
      lines.map((line) => line.normalize("NFC")),
      { addSpecialTokens: false },
    );
    lines.forEach((line, i) =>
      assertEquals([...own[i]], expected[i].getIds(), JSON.stringify(line))
    );
  });
});

for (const path of CORPORA) {
  const lines = corpus(path).slice(0, 10_000);
  const missing = lines.length > 0
    ? ""
    : " (skipped: it needs the prepared corpora in ../shared/corpora)";
  Deno.test({
    name: `${path} has the ids that the library gives whole lines${missing}`,
    ignore: missing !== "",
    fn: () =>
      withTokenizer(lines, 4000, async (path, whole) => {
        const subwords = await loadSubwords(path);
        const own = await subwords.encode(lines);
        const expected = await whole.encodeBatch(
          lines.map((line) => line.normalize("NFC")),
          { addSpecialTokens: false },
        );
        lines.forEach((line, i) =>
          assertEquals(own[i].join(), expected[i].getIds().join(), line)
        );
      }),
  });
}

Deno.test("a word is asked for once, however many lines it is in, and calls at the same time do not mix", async () => {
  const asked: string[][] = [];
  const encode = byWords(async (words) => {
    asked.push([...words]);
    await new Promise((resolve) => setTimeout(resolve, 10 / asked.length));
    return words.map((word) => [word.length, word.charCodeAt(0)]);
  });
  const [first, second] = await Promise.all([
    encode(["ab cd", "ab"]),
    encode(["ab ef"]),
  ]);
  const ab = [2, 97], cd = [3, 32], ef = [3, 32];
  assertEquals(first, [Int32Array.of(...ab, ...cd), Int32Array.of(...ab)]);
  assertEquals(second, [Int32Array.of(...ab, ...ef)]);
  assertEquals(asked, [["ab", " cd"], ["ab", " ef"]]);
  assertEquals(await encode(["ab cd ef"]), [
    Int32Array.of(...ab, ...cd, ...ef),
  ]);
  assertEquals(asked.length, 2);
});

Deno.test("what is remembered does not grow with the text", async () => {
  const asked: number[] = [];
  const encode = byWords((words) => {
    asked.push(words.length);
    return Promise.resolve(words.map((word) => [Number(word)]));
  });
  for (let start = 0; start < 250_000; start += 50_000) {
    const lines = Array.from({ length: 50_000 }, (_, i) => String(start + i));
    const ids = await encode(lines);
    assert(ids.every(([id], i) => id === start + i));
  }
  // The last hundred thousand at most are still known.
  await encode(["0", "249999"]);
  assertEquals(asked.at(-1), 1);
});
