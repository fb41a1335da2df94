/** The subwords of the page beside the project's own, on real text and on odd text. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import {
  loadSubwords,
  trainSubwords,
} from "../../../nmt/text/subwords/subwords.ts";
import { createSubwords } from "../../../apps/web/page/model/subwords.ts";
import { modelFiles } from "../../../nmt/imported/files.ts";
import { importModel } from "../../../nmt/imported/import.ts";
import { temporary } from "../../fixtures/made_run.ts";
import { writeMarianFolder } from "../../nmt/imported/marian_folder.ts";
import { documentLines } from "../../nmt/text/fixtures/real_lines.ts";

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

/** Subwords learnt from lines, as the project reads them and as the page does. */
async function bothOf(learnt: readonly string[], size: number) {
  using folder = temporary();
  const path = join(folder.path, "tokenizer.json");
  await trainSubwords(learnt, size, path);
  return {
    own: await loadSubwords(path),
    page: createSubwords(JSON.parse(Deno.readTextFileSync(path))),
  };
}

/** Fails unless both encode and decode each line alike, with subwords learnt from other lines. */
async function assertAlike(
  lines: readonly string[],
  learnt: readonly string[],
): Promise<void> {
  const { own, page } = await bothOf(learnt, 2000);
  const ids = await own.encode(lines);
  const texts = await own.decode(ids);
  lines.forEach((line, i) => {
    assertEquals(page.encode(line, "pt"), [...ids[i]], JSON.stringify(line));
    assertEquals(page.decode([...ids[i]], line), texts[i]);
    const bytes = new TextEncoder().encode(line.normalize("NFC")).length;
    const lengths = page.lengths([...ids[i]], line);
    assertEquals(lengths.reduce((sum, length) => sum + length, 0), bytes);
  });
}

Deno.test("a thousand lines of the project's documents have the ids that its own tokenizer gives, and come back", async () => {
  const lines = documentLines();
  assert(lines.length > 1000, `${lines.length} lines`);
  await assertAlike(lines, lines.filter((_, i) => i % 2 === 0));
});

Deno.test("so does text with odd spaces, signs, scripts and special subwords", async () => {
  await assertAlike(ODD, documentLines());
});

Deno.test("broken bytes of a translation are shown as the project's own tokenizer shows them", async () => {
  const { own, page } = await bothOf(documentLines(), 400);
  // Ids 3 to 258 are the single bytes, in the order of the signs that stand for them.
  const lists = Array.from(
    { length: 500 },
    (_, i) => Array.from({ length: 6 }, (_, j) => 3 + (i * 37 + j * 91) % 256),
  );
  assertEquals(
    lists.map((ids) => page.decode(ids, "")),
    await own.decode(lists),
  );
  assertEquals(page.decode([], ""), "");
});

Deno.test("the subwords of an imported model have the ids that the project's own tokenizer gives, and come back", async () => {
  using folder = temporary();
  writeMarianFolder(folder.path);
  const { tokenizer } = importModel(modelFiles(folder.path));
  const path = join(folder.path, "tokenizer.json");
  Deno.writeTextFileSync(path, tokenizer.source);
  const own = await loadSubwords(path);
  const page = createSubwords(JSON.parse(tokenizer.source));
  const lines = [...ODD, ...documentLines().slice(0, 200), "", "  "];
  const ids = await own.encode(lines);
  const texts = await own.decode(ids);
  lines.forEach((line, i) => {
    assertEquals(page.encode(line, "pt"), [...ids[i]], JSON.stringify(line));
    assertEquals(page.decode([...ids[i]], line), texts[i]);
  });
  assertEquals(
    page.lengths(page.encode("ab cd", "pt"), "ab cd"),
    [0, 1, 1, 1, 1, 1],
  );
});
