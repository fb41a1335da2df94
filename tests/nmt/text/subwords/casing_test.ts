/** Marked case: which words are marked, that any real text comes back, and that words share their subwords. */
import { assert, assertEquals } from "@std/assert";
import { random } from "../../../../nmt/random.ts";
import { spaced } from "../../../../nmt/text/corpus/cleaning.ts";
import {
  CAPITALIZED as C,
  cased,
  uncased,
  UPPER as U,
} from "../../../../nmt/text/subwords/casing.ts";
import { betweenSymbols } from "../../../../nmt/text/subwords/placeholders.ts";
import { isMark } from "../../../../nmt/text/subwords/reserved.ts";
import { learnedSubwords } from "../fixtures/learned_subwords.ts";
import {
  corpusPairs,
  documentLines,
  TABLES,
  tablesMissing,
} from "../fixtures/real_lines.ts";

/** Subwords of lines whose case is marked. */
function markedSubwords(lines: readonly string[], placeholders: number) {
  const parts = lines.flatMap((line) => betweenSymbols(cased(line)));
  return learnedSubwords(parts, 1000, { placeholders, casing: true });
}

Deno.test("a word is marked if its mark gives it back, before the space that is before it; other words stay", () => {
  const cases = [
    ["Open the File", `${C}open the${C} file`],
    ["URL: A, ÇÖZÜM", `${U}url:${C} a,${U} çözüm`],
    ["iOS TypeScript eBay", "iOS TypeScript eBay"],
    ["İstanbul STRAẞE ǅ", "İstanbul STRAẞE ǅ"],
    ["X2y Don't", `${C}x2y${C} don't`],
    ["a  Two", `a ${C} two`],
    ["ΟΔΟΣ", `${U}οδος`],
    [`${C}A ${U}`, `${C}${C}${C}a ${C}${U}`],
  ];
  for (const [line, marks] of cases) {
    assertEquals(cased(line), marks);
    assertEquals(uncased(marks), line);
  }
});

Deno.test("a mark without a word, as a model may invent, goes", () => {
  assertEquals(uncased(`${C}. the${U} ${C}3${U}`), ". the 3");
  assertEquals(uncased(`${U}iOS ${U}${C} file`), "IOS  File");
});

Deno.test("any text of any characters comes back", () => {
  const next = random("any case");
  const alphabet = [..."aAbBzZıİiIßẞſKǅςΣ 0.,'\u0301\u0307-", C, U, "ŉ", "ﬁ"];
  for (let i = 0; i < 20_000; i++) {
    const line = Array.from(
      { length: Math.floor(next() * 10) },
      () => alphabet[Math.floor(next() * alphabet.length)],
    ).join("");
    assertEquals(uncased(cased(line)), line, JSON.stringify(line));
  }
});

for (const placeholders of [0, 16]) {
  Deno.test({
    name:
      `real text in four languages comes back, here and on the page, with ${placeholders} placeholders${tablesMissing}`,
    ignore: tablesMissing !== "",
    fn: async () => {
      const tables = await Promise.all(
        TABLES.map((table) => corpusPairs(table, 150)),
      );
      const lines = [
        ...documentLines(),
        ...tables.flat().flatMap(({ source, target }) => [source, target]),
      ].map(spaced);
      const { own, page } = await markedSubwords(lines, placeholders);
      assertEquals(own.casing, true);
      const ids = await own.encode(lines);
      assertEquals(await own.decode(ids, lines), lines);
      let marks = 0;
      const reserved = { languages: [], placeholders, casing: true };
      lines.forEach((line, i) => {
        marks += ids[i].filter((id) => isMark(id, reserved)).length;
        assertEquals(page.encode(line, "pt"), [...ids[i]], line);
        assertEquals(page.decode([...ids[i]], line), line);
      });
      assert(marks > lines.length, `${marks} marks of ${lines.length} lines`);
    },
  });
}

Deno.test("a word has the subwords of its lower case after its mark, and the page gives marks no bytes", async () => {
  const { own, page } = await markedSubwords(documentLines(), 4);
  const [lower, capital, upper] = await own.encode([
    "the file",
    "the File",
    "the FILE",
  ]);
  const at = lower.length - (await own.encode([" file"]))[0].length;
  for (const [ids, mark] of [[capital, 7], [upper, 8]] as const) {
    assertEquals(
      [...ids],
      [...lower.slice(0, at), mark, ...lower.slice(at)],
    );
  }
  const lengths = page.lengths([...capital], "the File");
  assertEquals(lengths[at], 0);
  assertEquals(lengths.reduce((sum, length) => sum + length, 0), 8);
});
