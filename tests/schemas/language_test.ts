/** Tests of language codes: which there are, and what is meant by those that there are not. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { Language, languageAmong } from "../../schemas/language.ts";

/** All of ISO 639-1, and some of the rest with scripts and regions. */
const KNOWN =
  "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en " +
  "eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv " +
  "ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne " +
  "ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st " +
  "su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu " +
  "por gsw hsb nah oto tlh qaa pt-BR zh-Hant sr-Latn zh-Hant-HK es-419";

Deno.test("every language of ISO 639-1 is one, and so are scripts and regions of it", () => {
  const unknown = KNOWN.split(" ")
    .filter((code) => !Language.safeParse(code).success);
  assertEquals(unknown, []);
});

Deno.test("what is no language is refused, with the code that may be meant", () => {
  const cases: Readonly<Record<string, string | undefined>> = {
    ...{ ua: "uk", jp: "ja", cz: "cs", dk: "da", gr: "el", cn: "zh" },
    ...{ "pt-br": "pt-BR", pt_BR: "pt-BR", EN: "en", "zh-hant": "zh-Hant" },
    ...{ xx: undefined, english: undefined, und: undefined, "": undefined },
    ...{ "pt-XX": undefined, "pt-Abcd": undefined, "pt en": undefined },
  };
  for (const [code, meant] of Object.entries(cases)) {
    const [issue] = Language.safeParse(code).error?.issues ?? [];
    assertStringIncludes(issue?.message ?? "", `found "${code}"`);
    const [, hint] = /; "(.*)" may be meant$/.exec(issue.message) ?? [];
    assertEquals(hint, meant, code);
  }
});

Deno.test("a language is found among others by its code, its old one, its region and its script", () => {
  const found = (language: string, ...tags: string[]) =>
    languageAmong(language, tags);
  assertEquals(found("pt", "pt-BR", "pt"), "pt");
  assertEquals(found("pt", "PT-br", "en"), "PT-br");
  assertEquals(found("pt", "por", "eng"), "por");
  assertEquals(found("pt", "pt-BR", "pt-PT"), undefined);
  assertEquals(found("pt-PT", "pt-BR"), undefined);
  assertEquals(found("zh-Hant", "zh_TW", "zh"), "zh_TW");
  assertEquals(found("sr-Latn", "sr"), undefined);
  assertEquals(found("pt", "not a tag", ""), undefined);
});
