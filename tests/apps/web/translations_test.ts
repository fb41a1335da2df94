/** What is translated, and in which order, while text is typed. */
import { assertEquals } from "@std/assert";
import { createTranslations } from "../../../apps/web/page/model/translations.ts";

/** A translator whose answers the test gives, one after another. */
function translator() {
  const asked: string[] = [];
  const told: string[] = [];
  const failed: string[] = [];
  let answer = Promise.withResolvers<string>();
  const translations = createTranslations(
    (sentence) => {
      asked.push(sentence);
      answer = Promise.withResolvers<string>();
      return answer.promise;
    },
    () => told.push(asked.at(-1) ?? ""),
    ({ message }) => failed.push(message),
  );
  const settle = async (act: () => void) => {
    act();
    await new Promise((resolve) => setTimeout(resolve));
  };
  return {
    ...{ asked, told, failed, translations },
    answer: () =>
      settle(() => answer.resolve(asked.at(-1)?.toUpperCase() ?? "")),
    refuse: () => settle(() => answer.reject(new Error(`no ${asked.at(-1)}`))),
  };
}

Deno.test("sentences are translated one by one, and each only once", async () => {
  const { asked, told, translations, answer } = translator();
  translations.want(["a", "b", "a"]);
  assertEquals(asked, ["a"]);
  await answer();
  assertEquals([translations.get("a"), translations.isBusy], ["A", true]);
  await answer();
  assertEquals([translations.get("b"), translations.isBusy], ["B", false]);
  translations.want(["a", "b2"]);
  await answer();
  translations.want(["a", "b"]);
  assertEquals(asked, ["a", "b", "b2"]);
  assertEquals(told, asked);
  assertEquals(translations.isBusy, false);
});

Deno.test("what was typed meanwhile and is gone again is never translated", async () => {
  const { asked, translations, answer } = translator();
  translations.want(["w"]);
  for (const text of ["wo", "wor", "word"]) translations.want([text]);
  await answer();
  assertEquals(asked, ["w", "word"]);
  await answer();
  assertEquals(translations.get("word"), "WORD");
});

Deno.test("a sentence that fails is told once, holds no other up, and is tried again when it is wanted anew", async () => {
  const { asked, failed, translations, answer, refuse } = translator();
  translations.want(["a", "b"]);
  await refuse();
  await answer();
  assertEquals([failed, translations.get("b")], [["no a"], "B"]);
  assertEquals(translations.isBusy, false);
  translations.want(["a", "b"]);
  await answer();
  assertEquals([asked, translations.get("a")], [["a", "b", "a"], "A"]);
});

Deno.test("so many translations are kept that text may go on for hours, and those that are wanted always", async () => {
  const { translations, answer } = translator();
  for (let i = 0; i < 600; i++) {
    translations.want(["stays", `${i}`]);
    if (i === 0) await answer();
    await answer();
  }
  assertEquals(translations.get("stays"), "STAYS");
  assertEquals(translations.get("0"), undefined);
  assertEquals(translations.get("599"), "599");
});
