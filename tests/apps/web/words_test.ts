/** Sentences and words of a text, and attention that is joined from subwords to words. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { sentencesOf } from "../../../apps/web/page/model/text.ts";
import { joinAttention, wordsOf } from "../../../apps/web/page/view/words.ts";

Deno.test("a text is its sentences, each without the space around it and with its place", () => {
  const text = "Olá. Tudo bem?\n\n  Salvar como… \r\nfim";
  const lines = sentencesOf(text, "pt");
  assertEquals(lines.map((line) => line.map(({ text }) => text)), [
    ["Olá.", "Tudo bem?"],
    [],
    ["Salvar como…"],
    ["fim"],
  ]);
  for (const { text: sentence, start } of lines.flat()) {
    assertEquals(text.slice(start, start + sentence.length), sentence);
  }
});

Deno.test("no sentence ends inside a placeholder, nor at a stop without white space after it", () => {
  const sentences = [
    ..."Veja https://example.org/a?b=c&d=e ou ${a?b}.|Se x!=y, abra v1.2.Final."
      .split("|"),
    ..."Use {{ count ? 'um' : 'dois' }} aqui...|{0} Fechou!".split("|"),
    '<a title="Abrir. Fechar tudo">Abrir</a> (é isto.) ',
    ...'Disse: "Fim."|“Fim.”|Fim'.split("|"),
  ].map((sentence) => sentence.trim());
  const textsOf = (text: string, language: string) =>
    sentencesOf(text, language).flat().map(({ text }) => text);
  assertEquals(textsOf(sentences.join(" "), "pt"), sentences);
  assertEquals(textsOf("打开。关闭!你好?", "zh"), ["打开。", "关闭!", "你好?"]);
});

Deno.test("subwords are of the word that most of their bytes are of", () => {
  const { words, wordOf } = wordsOf("a maçã, já", "pt");
  assertEquals(words, [
    { text: "a", start: 0 },
    { text: "maçã", start: 2 },
    { text: ",", start: 6 },
    { text: "já", start: 8 },
  ]);
  // "a", " ma", a part of a letter, the rest of the word, ",", " ", "já", and what is after the text.
  assertEquals(wordOf([1, 3, 1, 3, 1, 1, 3, 1]), [
    ...[0, 1, 1, 1],
    ...[2, undefined, 3, undefined],
  ]);
});

Deno.test("words are found in what is typed, though subwords are of its composed form", () => {
  const typed = "cafe\u0301 bom";
  const { words, wordOf } = wordsOf(typed, "pt");
  assertEquals(words.map(({ text, start }) => [text, start]), [
    ["cafe\u0301", 0],
    ["bom", 6],
  ]);
  assertEquals(wordOf([3, 2, 4]), [0, 0, 1]);
});

Deno.test("signs of Chinese are words by that language's rules", () => {
  const { words } = wordsOf("我们打开文件。", "zh");
  assertEquals(words.map(({ text }) => text).join("|"), "我们|打开|文件|。");
});

Deno.test("attention of words is the sum over source subwords and the mean over target subwords", () => {
  // Two target words of two and one subwords and the end; two source words of one and two subwords and the end.
  const attention = [
    ...[0.5, 0.2, 0.2, 0.1],
    ...[0.1, 0.3, 0.4, 0.2],
    ...[0.25, 0.25, 0.25, 0.25],
    ...[0, 0, 0, 1],
  ];
  const joined = joinAttention(
    attention,
    4,
    { words: 2, wordOf: [0, 0, 1] },
    { words: 2, wordOf: [0, 1, 1] },
  );
  const expected = [[0.3, 0.55], [0.25, 0.5]];
  joined.flat().forEach((share, i) =>
    assertAlmostEquals(share, expected.flat()[i], 1e-12)
  );
});
