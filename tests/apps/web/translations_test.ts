/** What is translated, and in which order, while text is typed. */
import { assertEquals } from "@std/assert";
import type { Outcome } from "../../../apps/web/page/model/translation.ts";
import { createTranslations } from "../../../apps/web/page/model/translations.ts";

/** A translator whose answers the test gives, batch after batch; it takes as many as it may, in their order. */
function translator() {
  const asked: string[] = [];
  const sent: number[] = [];
  let told = 0;
  const failed: string[] = [];
  type Outcomes = Map<string, Outcome<string>>;
  let batch: readonly string[] = [];
  let answer = Promise.withResolvers<Outcomes>();
  const translations = createTranslations<string>(
    (waiting, most) => {
      batch = waiting.slice(0, most);
      asked.push(batch.join(" "));
      sent.push(waiting.length);
      answer = Promise.withResolvers();
      return answer.promise;
    },
    () => told++,
    ({ message }) => failed.push(message),
  );
  const settle = async (act: () => void) => {
    act();
    await new Promise((resolve) => setTimeout(resolve));
  };
  return {
    ...{ asked, failed, translations },
    /** How many waiting sentences each batch was chosen from. */
    sent,
    told: () => told,
    /** Answers the batch; `refused` are its sentences that have an error instead. */
    answer: (refused: readonly string[] = []) =>
      settle(() =>
        answer.resolve(
          new Map(batch.map((sentence) => [
            sentence,
            refused.includes(sentence)
              ? { error: `no ${sentence}` }
              : { result: sentence.toUpperCase() },
          ])),
        )
      ),
    fail: () => settle(() => answer.reject(new Error(`not ${batch}`))),
  };
}

Deno.test("the first sentence is translated alone and others in growing batches, each only once", async () => {
  const { asked, told, translations, answer } = translator();
  const sentences = [..."abcdefghijklmnopqrstuvwxyz"];
  translations.want([...sentences, "a", "c"]);
  assertEquals(asked, ["a"]);
  await answer();
  assertEquals([translations.get("a"), translations.isBusy], ["A", true]);
  for (let i = 1; i < 6; i++) await answer();
  assertEquals(asked, [
    ...["a", "b c", "d e f g", "h i j k l m n o"],
    ...["p q r s t u v w", "x y z"],
  ]);
  assertEquals(translations.isBusy, false);
  assertEquals(told(), asked.length);
  assertEquals(
    sentences.map((sentence) => translations.get(sentence)),
    sentences.map((sentence) => sentence.toUpperCase()),
  );
  translations.want(["a", "b2"]);
  await answer();
  translations.want(["a", "b"]);
  assertEquals(asked.at(-1), "b2");
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
  const { asked, failed, translations, answer } = translator();
  translations.want(["a", "b", "c", "d"]);
  await answer(["a"]);
  await answer(["c"]);
  await answer();
  assertEquals(failed, ["no a", "no c"]);
  assertEquals(["b", "c", "d"].map(translations.get), ["B", undefined, "D"]);
  assertEquals(translations.isBusy, false);
  translations.want(["a", "b"]);
  await answer();
  assertEquals([asked.at(-1), translations.get("a")], ["a", "A"]);
});

Deno.test("a batch that fails as a whole refuses no sentence: its first is tried alone, and batches grow again", async () => {
  const { asked, failed, translations, answer, fail } = translator();
  const sentences = [..."abcdefgh"];
  translations.want(sentences);
  await answer();
  await answer();
  await fail();
  assertEquals(translations.isBusy, true);
  for (let i = 0; i < 3; i++) await answer();
  assertEquals(asked, ["a", "b c", "d e f g", "d", "e f", "g h"]);
  assertEquals(failed, []);
  assertEquals(translations.isBusy, false);
  assertEquals(
    sentences.map(translations.get),
    sentences.map((sentence) => sentence.toUpperCase()),
  );
});

Deno.test("a sentence that fails alone is refused, and the next one is tried alone", async () => {
  const { asked, failed, translations, answer, fail } = translator();
  translations.want([..."abcd"]);
  await answer();
  await fail();
  await fail();
  await answer();
  await fail();
  assertEquals(asked, ["a", "b c", "b", "c", "d"]);
  assertEquals(failed, ["not b", "not d"]);
  assertEquals([..."abcd"].map(translations.get), [
    ...["A", undefined, "C", undefined],
  ]);
  assertEquals(translations.isBusy, false);
});

Deno.test("what is typed while a long text is translated comes alone in the next batch", async () => {
  const { asked, translations, answer } = translator();
  const sentences = [..."abcdefghijklmnopqrstuvwxyz"];
  translations.want(sentences);
  for (let i = 0; i < 3; i++) await answer();
  assertEquals(asked.at(-1), "h i j k l m n o");
  translations.want(["new", ...sentences]);
  for (let i = 0; i < 3; i++) await answer();
  assertEquals(asked.slice(4), ["new", "p q", "r s t u"]);
});

Deno.test("batches go on growing where what is wanted again is the same, or less", async () => {
  const { asked, translations, answer } = translator();
  translations.want([..."abcdefgh"]);
  await answer();
  translations.want([..."abcdefgh"]);
  await answer();
  translations.want([..."abcdefg"]);
  assertEquals(asked, ["a", "b c", "d e f g"]);
});

Deno.test("of a long text only the first sentences that wait are sent with a batch, and all are translated", async () => {
  const { sent, translations, answer } = translator();
  const sentences = Array.from({ length: 300 }, (_, i) => `${i}`);
  translations.want(sentences);
  while (translations.isBusy) await answer();
  assertEquals(Math.max(...sent), 64);
  assertEquals(sentences.map(translations.get), sentences);
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
