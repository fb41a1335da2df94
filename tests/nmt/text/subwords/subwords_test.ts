/** Tests of the subwords: exact size, round trips of any text, equal bytes, no special subword out of text. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { BOS, EOS, PAD } from "../../../../schemas/experiment/vocabulary.ts";
import { random } from "../../../../nmt/random.ts";
import {
  loadSubwords,
  type Subwords,
  trainSubwords,
} from "../../../../nmt/text/subwords/subwords.ts";
import { withFolder } from "../../fixtures/folder.ts";
import { refusal } from "../../fixtures/refusal.ts";

/** Some thousand different words with shared pieces. */
function words(count: number, seed = 1): string[] {
  const next = random("test words", seed);
  const pieces = "ab ri lo çã em ter ü ş on ing ver k é st".split(" ");
  const word = () =>
    Array.from(
      { length: 1 + Math.floor(next() * 4) },
      () => pieces[Math.floor(next() * pieces.length)],
    ).join("");
  return Array.from({ length: count }, () => `${word()} ${word()}, ${word()}.`);
}

const trained = (
  lines: readonly string[],
  size: number,
  use: (subwords: Subwords, path: string) => Promise<void>,
) =>
  withFolder(async (folder) => {
    const path = `${folder}/tokenizer.json`;
    await trainSubwords(lines, size, path);
    const left = [...Deno.readDirSync(folder)].map(({ name }) => name);
    assertEquals(left, ["tokenizer.json"]);
    await use(await loadSubwords(path), path);
  });

const ODD = [
  "",
  " ",
  "  two  spaces  ",
  "\ttab\r\nand lines\n",
  "</s>",
  "<s> <pad></s>x",
  "<pad>",
  "👩‍👩‍👧 🇹🇷 ok",
  "\u0000\u0001\u007f\u0085\u200b\ufeff",
  "e\u0301 Å ﬁ ² ½ … ﷺ",
  "한국어 漢字 عربى हिन्दी ไทย",
  "'s I'll n't 12345 $%^ __x__",
  "\u00a0\u2003 wide",
  "\u{10ffff}\ue000\ufffd",
  "Ġ Ċ ġ ▁ ##x",
];

Deno.test("the vocabulary has exactly the size asked for, specials first, then the 256 bytes", async () => {
  for (const size of [300, 512, 777]) {
    await trained(words(2000), size, async (subwords, path) => {
      assertEquals(subwords.size, size);
      const { model: { vocab } } = JSON.parse(await Deno.readTextFile(path));
      assertEquals(vocab["<pad>"], PAD);
      assertEquals(vocab["<s>"], BOS);
      assertEquals(vocab["</s>"], EOS);
      assertEquals(
        Object.values<number>(vocab).sort((a, b) => a - b),
        Array.from({ length: size }, (_, i) => i),
      );
    });
  }
});

Deno.test("any text comes back as its NFC, and none becomes a special subword, also where training text has their names", async () => {
  const lines = Array(500).fill("</s> <pad> <s>x</s>").concat(words(2000));
  await trained(lines, 600, async (subwords) => {
    const next = random("any text");
    const character = () => {
      const code = Math.floor(next() * (next() < 0.5 ? 0x300 : 0x110000));
      return code >= 0xd800 && code < 0xe000 ? "x" : String.fromCodePoint(code);
    };
    const texts = [
      ...ODD,
      ...Array.from(
        { length: 3000 },
        () =>
          Array.from({ length: 1 + Math.floor(next() * 12) }, character).join(
            "",
          ),
      ),
    ];
    const ids = await subwords.encode(texts);
    assertEquals(
      await subwords.decode(ids),
      texts.map((text) => text.normalize("NFC")),
    );
    assert(ids.every((list) => list.every((id) => id > EOS && id < 600)));
    assertEquals(ids[0].length, 0);
  });
});

Deno.test("special ids among others are left out when ids become text", async () => {
  await trained(words(500), 300, async (subwords) => {
    const [ids] = await subwords.encode(["abrilo"]);
    assertEquals(
      await subwords.decode([
        [BOS, ...ids, EOS, PAD, PAD],
        [],
        Int32Array.of(EOS),
      ]),
      ["abrilo", "", ""],
    );
  });
});

Deno.test("frequent words become one subword, with and without a space before", async () => {
  await trained(
    Array(200).fill("abacaxi abacaxi").concat(words(500)),
    400,
    async (subwords) => {
      const ids = await subwords.encode(["abacaxi", " abacaxi"]);
      assertEquals(ids.map((list) => list.length), [1, 1]);
    },
  );
});

Deno.test("equal lines give equal bytes, in another process with another number of threads too", async () => {
  const lines = words(3000);
  await trained(lines, 700, async (_, path) => {
    const bytes = await Deno.readTextFile(path);
    const source = await Deno.makeTempFile({ suffix: ".json" });
    await Deno.writeTextFile(source, JSON.stringify(lines));
    for (const threads of ["1", "3"]) {
      const again = `${source}.${threads}`;
      const script = `import { trainSubwords } from ${
        JSON.stringify(
          new URL("../../../../nmt/text/subwords/subwords.ts", import.meta.url)
            .href,
        )
      };
        await trainSubwords(JSON.parse(Deno.readTextFileSync(${
        JSON.stringify(source)
      })), 700, ${JSON.stringify(again)});`;
      const { success } = await new Deno.Command(Deno.execPath(), {
        args: [
          "eval",
          "--quiet",
          "--config",
          new URL("../../../../deno.json", import.meta.url).pathname,
          script,
        ],
        env: { RAYON_NUM_THREADS: threads },
      }).output();
      assert(success);
      assertEquals(await Deno.readTextFile(again), bytes);
      await Deno.remove(again);
    }
    await Deno.remove(source);
  });
});

Deno.test("a size that the text cannot give is an input error with the size that it can, and that one works", () =>
  withFolder(async (folder) => {
    const lines = ["abc abd", "abc"];
    const path = `${folder}/tokenizer.json`;
    const message = await refusal(() => trainSubwords(lines, 5000, path));
    const most = Number(/gives (\d+) subwords at most/.exec(message)?.[1]);
    assert(most > 259 && most < 275, message);
    assertEquals([...Deno.readDirSync(folder)], []);
    await trainSubwords(lines, most, path);
    assertEquals((await loadSubwords(path)).size, most);
    await refusal(() => trainSubwords(lines, most + 1, path));
  }));

interface Changed {
  readonly vocab: Record<string, number>;
  readonly merges: unknown[];
}

Deno.test("a file that is cut, foreign or changed is an input error that names it", async () => {
  await trained(words(500), 300, async (_, path) => {
    const whole = await Deno.readTextFile(path);
    const changed = (change: (model: Changed) => void) => {
      const json = JSON.parse(whole);
      change(json.model);
      return JSON.stringify(json);
    };
    const cases: [string, string][] = [
      [whole.slice(0, whole.length / 2), "it may be cut short"],
      ["{}", "it holds no byte-pair encoding"],
      [whole.replace('"BPE"', '"WordPiece"'), "it holds no byte-pair encoding"],
      [
        whole.replace('"use_regex":true', '"use_regex":false'),
        "expected words as",
      ],
      [whole.replace('"NFC"', '"NFKC"'), "expected words as"],
      [changed(({ vocab }) => vocab["<s>"] = 0), "each once"],
      [
        changed(({ vocab }) => [vocab["<s>"], vocab["<pad>"]] = [0, 1]),
        "as the first ids",
      ],
      [changed(({ vocab }) => delete vocab["q"]), "expected the ids"],
      [changed(({ merges }) => merges.push(["no", "such"])), "make them again"],
    ];
    for (const [text, why] of cases) {
      await Deno.writeTextFile(path, text);
      const message = await refusal(() => loadSubwords(path));
      assertStringIncludes(message, `Cannot use the subwords "${path}"`);
      assertStringIncludes(message, why);
    }
    await refusal(() => loadSubwords(`${path}.missing`));
  });
});
