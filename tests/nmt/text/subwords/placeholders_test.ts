/** Masked placeholders: which there are, that they come back in any real text, one subword each, in every reader. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { join } from "@std/path";
import { spaced } from "../../../../nmt/text/corpus/cleaning.ts";
import {
  betweenSymbols,
  lacking,
  mask,
  maskedPlaceholders,
  placeholdersOf,
  unmask,
} from "../../../../nmt/text/subwords/placeholders.ts";
import {
  NOTHING,
  reservedSubwords,
} from "../../../../nmt/text/subwords/reserved.ts";
import {
  loadSubwords,
  trainSubwords,
} from "../../../../nmt/text/subwords/subwords.ts";
import { EOS, Vocabulary } from "../../../../schemas/experiment/vocabulary.ts";
import { temporary } from "../../../fixtures/made_run.ts";
import { learnedSubwords } from "../fixtures/learned_subwords.ts";
import {
  corpusPairs,
  documentLines,
  TABLES,
  tablesMissing,
} from "../fixtures/real_lines.ts";

const SYMBOL = /[\ue000-\ue01d]/;
const MOST = 16;

/** Subwords of masked lines. */
function masking(lines: readonly string[], size: number, most = MOST) {
  const parts = lines.flatMap((line) =>
    betweenSymbols(mask(line, maskedPlaceholders(line, most)))
  );
  return learnedSubwords(parts, size, { languages: [], placeholders: most });
}

Deno.test("directives, names in braces, tags, entities and addresses are placeholders; percentages and prose are not", () => {
  const cases: [line: string, placeholders: string[]][] = [
    [
      "%s %1$s %-10s %.250s %.*f %lld %zu %(name)s",
      ["%s", "%1$s", "%-10s", "%.250s", "%.*f", "%lld", "%zu", "%(name)s"],
    ],
    ["%1 de %2, %d%%", ["%1", "%2", "%d", "%%"]],
    ["{0}{name} ${HOME} {{x y}} $(zap) {}", [
      ..."{0} {name} ${HOME}".split(" "),
      ..."{{x y}}|$(zap)|{}".split("|"),
    ]],
    ['<a href="x y">a</a> &amp; &#39;<br/>', [
      ...['<a href="x y">', "</a>", "&amp;", "&#39;", "<br/>"],
    ]],
    ["(https://a.b/c?d=e.) http://x.", ["https://a.b/c?d=e", "http://x"]],
    ["%APPDATA%\\x", ["%APPDATA%"]],
    ["100% is 50 % of 200%, 100%ig, %50'si", []],
    ["ein 100 %iger Erfolg, 50 %-Einstieg, 50\u00a0%-ig, 50 %dir, 5 %s", []],
    ["(%discount) ~%Frequency 3 %e", []],
    ["%sB, %dx%d (%ds), '%s'in %s個", [
      ..."%s %d %d %d %s %s".split(" "),
    ]],
    // Which of both it is, cannot be told.
    ["Qt %5, %5 indirim", ["%5", "%5"]],
    ["a < b > c, x & y; {a b} $5 3% of it", []],
  ];
  for (const [line, placeholders] of cases) {
    assertEquals(placeholdersOf(line), placeholders, line);
  }
});

Deno.test("equal placeholders have one number, so that a translation may have them in another order", () => {
  const values = maskedPlaceholders("{0} von {1}, {0}: %s", MOST);
  assertEquals(values, ["{0}", "{1}", "%s"]);
  assertEquals(mask("%s {1} {0} {2}", values), "\ue002 \ue001 \ue000 {2}");
  assertEquals(unmask("\ue002 \ue001 \ue003 \ue000.", values), "%s {1} {0}.");
  assertEquals(unmask("$& \ue000", ["$&"]), "$& $&");
  assertEquals(lacking("{0} von {0}, %s", "{0} %d"), ["{0}", "%s"]);
});

Deno.test("beyond their most, placeholders stay text; a symbol in a text comes back, or is one of no placeholder", () => {
  const line = "{a} {b} {c} \ue000";
  assertEquals(
    mask(line, maskedPlaceholders(line, 2)),
    "\ue000 \ue001 {c} \ufffd",
  );
  const values = maskedPlaceholders("\ue005 {a}", 2);
  assertEquals(mask("\ue005 {a}", values), "\ue000 \ue001");
  assertEquals(unmask("\ue001 \ue000", values), "{a} \ue005");
});

Deno.test("the most that the schema allows has reserved subwords, which follow the special ones", async () => {
  const { placeholders } = Vocabulary.shape;
  const { subwords } = reservedSubwords({ ...NOTHING, placeholders: 30 });
  assertEquals(placeholders.safeParse(30).success, true);
  assertEquals(placeholders.safeParse(31).success, false);
  const { own, json } = await masking(documentLines(), 600, 30);
  assertEquals([own.placeholders, own.size], [30, 600]);
  assertEquals(
    subwords.map((subword) => json.model.vocab[subword]),
    subwords.map((_, i) => EOS + 1 + i),
  );
  const line = Array.from({ length: 30 }, (_, i) => `{${i}}`).join("");
  assertEquals(
    [...(await own.encode([line]))[0]],
    Array.from({ length: 30 }, (_, i) => EOS + 1 + i),
  );
});

Deno.test("subwords without placeholders have none reserved, also of text with symbols", async () => {
  using folder = temporary();
  const path = join(folder.path, "tokenizer.json");
  const lines = Array(50).fill("\ue000 a \ue001 \ue000\ue000");
  await trainSubwords(lines, 264, path);
  const own = await loadSubwords(path);
  assertEquals(own.placeholders, undefined);
  const [ids] = await own.encode(["%s \ue000"]);
  assertEquals(await own.decode([ids], ["%s"]), ["%s \ue000"]);
});

/** Each placeholder of a line is one id, all else comes back, and the page finds the same. */
async function assertMasked(
  { own, page }: Awaited<ReturnType<typeof masking>>,
  lines: readonly string[],
): Promise<number> {
  let found = 0;
  const ids = await own.encode(lines);
  assertEquals(await own.decode(ids, lines), [...lines]);
  lines.forEach((line, i) => {
    const values = maskedPlaceholders(line, MOST);
    const masked = placeholdersOf(line).filter((one) => values.includes(one));
    const symbols = [...ids[i]].filter((id) => id > EOS && id <= EOS + MOST);
    assertEquals(symbols, masked.map((one) => EOS + 1 + values.indexOf(one)));
    found += symbols.length;
    assertEquals(page.encode(line, "pt"), [...ids[i]], JSON.stringify(line));
    assertEquals(page.decode([...ids[i]], line), line);
    const lengths = page.lengths([...ids[i]], line);
    assertEquals(
      lengths.reduce((sum, length) => sum + length, 0),
      new TextEncoder().encode(line).length,
    );
  });
  return found;
}

Deno.test("the project's documents come back, each placeholder one subword, here and on the page", async () => {
  const lines = documentLines().map(spaced);
  const found = await assertMasked(await masking(lines, 1000), lines);
  assert(found > 30, `${found} placeholders`);
});

Deno.test({
  name:
    `messages and prose in four languages come back, each placeholder one subword, here and on the page${tablesMissing}`,
  ignore: tablesMissing !== "",
  fn: async () => {
    const tables = await Promise.all(
      TABLES.map((table) => corpusPairs(table, 80)),
    );
    const lines = tables.flat()
      .flatMap(({ source, target }) => [source, target]).map(spaced);
    assert(lines.length > 5000, `${lines.length} lines`);
    const found = await assertMasked(await masking(lines, 2000), lines);
    assert(found > 700, `${found} placeholders`);
  },
});

Deno.test({
  name:
    `a real target is masked by the numbers of its source, and comes back by them${tablesMissing}`,
  ignore: tablesMissing !== "",
  fn: async () => {
    const pairs = await corpusPairs("npm-messages/pt-en.tsv.gz", 7);
    const targets = pairs.map(({ target }) => target);
    const sources = pairs.map(({ source }) => source);
    const { own } = await masking(targets, 1000);
    const ids = await own.encode(targets, "target", sources);
    assertEquals(await own.decode(ids, sources), targets);
    const kept = pairs.filter(({ source, target }) =>
      placeholdersOf(source).length > 1 &&
      lacking(source, target).length === 0
    );
    assert(kept.length > 50);
    const order = kept.find(({ source, target }) =>
      `${placeholdersOf(source)}` !== `${placeholdersOf(target)}`
    );
    assert(order !== undefined);
    const alone = (await own.encode([order.target], "source"))[0];
    const [numbered] = await own.encode([order.target], "target", [
      order.source,
    ]);
    assertNotEquals(alone, numbered);
    assert(SYMBOL.test((await own.decode([numbered]))[0]));
  },
});
