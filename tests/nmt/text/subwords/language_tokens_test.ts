/** Language tokens: the first id of each marked sentence, in every reader, and of no other text. */
import { assertEquals, assertNotEquals } from "@std/assert";
import { join } from "@std/path";
import { Tokenizer } from "tokenizers";
import { createSubwords } from "../../../../apps/web/page/model/subwords.ts";
import { sharedTokenizer } from "../../../../nmt/export/hugging_face.ts";
import { spaced } from "../../../../nmt/text/corpus/cleaning.ts";
import {
  marked,
  unmarked,
} from "../../../../nmt/text/subwords/language_tokens.ts";
import {
  loadSubwords,
  trainSubwords,
} from "../../../../nmt/text/subwords/subwords.ts";
import { Model } from "../../../../schemas/experiment/model.ts";
import { BOS, EOS, PAD } from "../../../../schemas/experiment/vocabulary.ts";
import { temporary } from "../../../fixtures/made_run.ts";
import { refusal } from "../../fixtures/refusal.ts";
import { documentLines } from "../fixtures/real_lines.ts";

const LANGUAGES = ["pt-BR", "tr", "uk"];

/** Lines of text, some with what looks like a token. */
const LINES = [
  ...documentLines().map(spaced).slice(0, 400),
  "<2tr> in a text, and <2uk>",
  "a <2tr>b <2xx>",
  "%s of {0}",
];

async function subwordsOf(folder: string, placeholders: number) {
  const path = join(folder, "tokenizer.json");
  const reserved = { languages: LANGUAGES, placeholders };
  await trainSubwords(documentLines(), 700, path, reserved);
  return { path, own: await loadSubwords(path) };
}

for (const placeholders of [0, 8]) {
  Deno.test(`a marked sentence is its token and the subwords of its text, here and on the page, with ${placeholders} placeholders`, async () => {
    using folder = temporary();
    const { path, own } = await subwordsOf(folder.path, placeholders);
    assertEquals(own.languages, LANGUAGES);
    assertEquals(own.placeholders, placeholders || undefined);
    const page = createSubwords(JSON.parse(Deno.readTextFileSync(path)));
    for (const [index, language] of LANGUAGES.entries()) {
      const lines = LINES.map((line) => marked(line, language));
      assertEquals(lines.map(unmarked), LINES);
      const ids = await own.encode(lines);
      const plain = await own.encode(LINES, "target", LINES);
      ids.forEach((list, i) => {
        assertEquals([...list], [EOS + 1 + index, ...plain[i]], LINES[i]);
        assertEquals(page.encode(LINES[i], language), [...list]);
        assertEquals(page.decode([...list], LINES[i]), LINES[i]);
        assertEquals(page.lengths([...list], LINES[i])[0], 0);
      });
      assertEquals(await own.decode(ids, lines), LINES);
    }
  });
}

Deno.test("nothing has no token, and text without one or with another is refused", async () => {
  using folder = temporary();
  const { own } = await subwordsOf(folder.path, 0);
  const [ids] = await own.encode([marked("  ", "tr")]);
  assertEquals(ids.length, 0);
  for (const line of ["Dosya", "<2de> Datei", " <2tr> Dosya"]) {
    const message = await refusal(() => own.encode([line]));
    assertEquals(
      message,
      `Cannot translate "${line}": expected the language of the text, one of pt-BR, tr, uk, found none; name it.`,
    );
  }
});

Deno.test("subwords without languages take a token as text", async () => {
  using folder = temporary();
  const path = join(folder.path, "tokenizer.json");
  await trainSubwords(Array(50).fill("<2tr> Dosya <2tr>"), 264, path);
  const own = await loadSubwords(path);
  assertEquals(own.languages, undefined);
  const ids = await own.encode(["<2tr> Dosya", "Dosya"]);
  assertNotEquals(ids[0].length, ids[1].length + 1);
  assertEquals(await own.decode(ids), ["<2tr> Dosya", "Dosya"]);
});

Deno.test("other readers of an exported tokenizer give a marked sentence the same ids, and we read it too", async () => {
  using folder = temporary();
  const { path, own } = await subwordsOf(folder.path, 0);
  const shared = sharedTokenizer(Deno.readTextFileSync(path), {
    ...{ model: Model.parse({}), vocabulary: 700, maximumLength: 1023 },
    ...{ ids: { pad: PAD, bos: BOS, eos: EOS, unk: null } },
    ...{ beam: 5, lengthPenalty: 1, sources: LANGUAGES },
  });
  const written = join(folder.path, "shared.json");
  Deno.writeTextFileSync(written, shared.tokenizer);
  const theirs = Tokenizer.fromFile(written);
  const again = await loadSubwords(written);
  for (const line of LINES.slice(0, 400).map((line) => marked(line, "tr"))) {
    const [ids] = await own.encode([line]);
    assertEquals((await theirs.encode(line)).getIds(), [...ids, EOS]);
    assertEquals(await again.encode([line]), [ids]);
  }
});
