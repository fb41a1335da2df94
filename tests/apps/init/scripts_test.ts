/** The scripts of a corpus: each side is in that of its language, under all names that the script has. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkScripts } from "../../../apps/init/scripts.ts";
import { refusal } from "../../nmt/fixtures/refusal.ts";

const TEXTS = {
  Latn: "uma casa na rua",
  Cyrl: "један дан у граду",
  Arab: "ایک گھر اور ایک سڑک",
  Kana: "ひらがなとカタカナ",
  Hani: "我們的房子在街上",
};

/** Checks text in the script of each side. */
const check = (
  [source, from]: readonly [string, keyof typeof TEXTS],
  [target, to]: readonly [string, keyof typeof TEXTS],
) => {
  const sides = async function* () {
    for (let i = 0; i < 100; i++) yield* [TEXTS[from], TEXTS[to]];
  };
  return checkScripts(sides(), { source, target });
};

Deno.test("the scripts of BCP 47 that Unicode has under other names are known, and of others nothing is said", async () => {
  await check(["ur-Aran", "Arab"], ["ja-Hrkt", "Kana"]);
  await check(["de-Latf", "Latn"], ["zh-Hanb", "Hani"]);
  await check(["ga-Latg", "Latn"], ["tlh", "Cyrl"]);
  await check(["en", "Latn"], ["ru-Cyrs", "Latn"]);
  assertStringIncludes(
    await refusal(() => check(["ur-Aran", "Latn"], ["en", "Latn"])),
    "most letters of the ur-Aran side are not",
  );
});

Deno.test("the advice names the script that was found, in a code that is one", async () => {
  assertStringIncludes(
    await refusal(() => check(["sr-RS", "Latn"], ["en", "Latn"])),
    "not Cyrillic; give text in it, or name how it is written: sr-Latn-RS.",
  );
  assertStringIncludes(
    await refusal(() => check(["en", "Latn"], ["de", "Cyrl"])),
    "most letters of the de side are not Latin; give text in it, or name how it is written: de-Cyrl.",
  );
  const unknown = await refusal(() => check(["en", "Kana"], ["de", "Latn"]));
  assertEquals(
    unknown.split("; ").at(-1),
    "give text in it, or name how it is written: en-Jpan.",
  );
});
