/** The subwords of the page beside the project's own, on real text and on odd text. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import {
  loadSubwords,
  trainSubwords,
} from "../../../nmt/text/subwords/subwords.ts";
import { createSubwords } from "../../../apps/web/page/model/subwords.ts";
import { captions, captionsMissing } from "../../nmt/training/captions.ts";

const ROOT = fromFileUrl(new URL("../../../", import.meta.url));

const ODD = [
  "  two  spaces  ",
  "\ttab\r\nand lines\n",
  "</s> <s> <pad></s>x",
  "👩‍👩‍👧 🇹🇷 ok",
  "\u0000\u0001\u007f\u0085\u200b\ufeff a\u0085b\ufeffc \u0085 \ufeff d",
  "e\u0301 Å ﬁ ² ½ … ﷺ",
  "한국어 漢字 عربى हिन्दी ไทย",
  "'s I'll n't don't we're 'S 12345 $%^ __x__",
  "\u00a0\u2003 wide \u3000\u2028",
  "\ue000\ufffd",
  "Ġ Ċ ġ ▁ ##x",
  "Hello , world . Is it ? It 's , n't !",
];

/** The documents of the project: prose, code, tables and signs. */
function documents(): string[] {
  const folder = join(ROOT, "docs");
  return [...Deno.readDirSync(folder)]
    .filter(({ name }) => name.endsWith(".md"))
    .flatMap(({ name }) =>
      Deno.readTextFileSync(join(folder, name)).split("\n")
    )
    .filter((line) => line !== "");
}

/** Fails unless both encode and decode each line alike, with subwords learnt from other lines. */
async function assertAlike(
  lines: readonly string[],
  learnt: readonly string[],
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "tokenizer.json");
    await trainSubwords(learnt, 2000, path);
    const own = await loadSubwords(path);
    const page = createSubwords(JSON.parse(await Deno.readTextFile(path)));
    const ids = await own.encode(lines);
    const texts = await own.decode(ids);
    lines.forEach((line, i) => {
      assertEquals(page.encode(line), [...ids[i]], JSON.stringify(line));
      assertEquals(page.decode([...ids[i]]), texts[i]);
      const bytes = new TextEncoder().encode(line.normalize("NFC")).length;
      const lengths = page.lengths([...ids[i]]);
      assertEquals(lengths.reduce((sum, length) => sum + length, 0), bytes);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("hundreds of lines of the project's documents have the ids that its own tokenizer gives, and come back", async () => {
  const lines = documents();
  assert(lines.length > 400, `${lines.length} lines`);
  await assertAlike(lines, lines.filter((_, i) => i % 2 === 0));
});

Deno.test("so does text with odd spaces, signs, scripts and special subwords", async () => {
  await assertAlike(ODD, documents());
});

Deno.test({
  name: `so do 1,000 captions, in English and in German${captionsMissing}`,
  ignore: captionsMissing !== "",
  fn: async () => {
    const [english, german] = [
      await captions("train.en.gz"),
      await captions("train.de.gz"),
    ];
    const part = (lines: readonly string[]) => lines.slice(0, 5000);
    await assertAlike(
      [...english.slice(-1000), ...german.slice(-1000)],
      [...part(english), ...part(german)],
    );
  },
});

Deno.test("broken bytes of a translation are shown as the project's own tokenizer shows them", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "tokenizer.json");
    await trainSubwords(documents(), 400, path);
    const own = await loadSubwords(path);
    const page = createSubwords(JSON.parse(await Deno.readTextFile(path)));
    // Ids 3 to 258 are the single bytes, in the order of the signs that stand for them.
    const lists = Array.from(
      { length: 500 },
      (_, i) =>
        Array.from({ length: 6 }, (_, j) => 3 + (i * 37 + j * 91) % 256),
    );
    assertEquals(lists.map(page.decode), await own.decode(lists));
    assertEquals(page.decode([]), "");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
