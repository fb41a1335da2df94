/** Tests of the cleaning of pairs: a hand-worked pair for every rule, and for everything that is stripped. */
import { assertEquals } from "@std/assert";
import {
  clean,
  type Cleaned,
  type Limits,
  type Notation,
  type Rule,
  RULES,
} from "../../../../nmt/text/corpus/cleaning.ts";

const LIMITS: Limits = { minimumWords: 1, maximumWords: 100, maximumRatio: 3 };
const PLAIN: Notation = { markup: false, mnemonics: false };
const MARKUP: Notation = { markup: true, mnemonics: false };
const MNEMONICS: Notation = { markup: false, mnemonics: true };

function cleaned(
  source: string,
  target: string,
  notation = PLAIN,
  limits: Partial<Limits> = {},
): Cleaned {
  return clean({ source, target }, notation, { ...LIMITS, ...limits });
}

function kept(source: string, target: string): Cleaned {
  return { pair: { source, target } };
}

Deno.test("a token that names the language of a pair, for a corpus of several, stays before its source", () => {
  const [source, target] = [">>tr<< Dosya {0} açılamadı", "Cannot open {0}"];
  assertEquals(cleaned(source, target, MARKUP), kept(source, target));
});

Deno.test("words whose vowels are signs between letters are words, and marks of direction are no text", () => {
  assertEquals(cleaned("पानी", "water"), kept("पानी", "water"));
  assertEquals(
    cleaned("Abrir \u2068{0}\u2069\u061c", "Open \u2068{0}\u2069"),
    kept("Abrir {0}", "Open {0}"),
  );
});

Deno.test("each rule leaves out the pair that it is for, and a pair that just meets it stays", () => {
  const seventy = (word: string) => Array(70).fill(word).join(" ");
  const cases: Record<
    Exclude<Rule, "duplicate">,
    [left: Cleaned, stays: Cleaned]
  > = {
    "paragraphs": [
      cleaned("Um.\n\nDois.", "One. Two."),
      cleaned("Um.\n\nDois.", "One.\n \nTwo."),
    ],
    "markup": [
      cleaned("<b>Olá</b> mundo", "<i>Hello</i> world", MARKUP),
      cleaned('<a href="x">Olá</a>', '<a href="y">Hello</a>', MARKUP),
    ],
    "empty": [cleaned("  ", "Something"), cleaned("Algo", "Something")],
    "no words": [cleaned("42 %", "42 percent"), cleaned("ou", "or")],
    "replacement character": [
      cleaned("Ol\ufffd mundo", "Hello world"),
      cleaned("Olá mundo", "Hello world"),
    ],
    "identical": [cleaned("HTTP proxy", "http Proxy"), cleaned("Tom", "Tim")],
    "identifier": [
      cleaned("editor.acao", "editor.action"),
      cleaned("Modific.em", "Changed on"),
    ],
    "placeholders": [
      cleaned("O arquivo {0} de {1}", "The file {0}"),
      cleaned("De {1} a {0}", "From {0} to {1}"),
    ],
    "alternatives": [
      cleaned(
        "{n, plural, one {item} other {itens}}",
        "{n, plural, one {item} other {itens}}s",
      ),
      cleaned("{n} itens, plural", "{n} items, plural"),
    ],
    "too few words": [
      cleaned("Abrir tudo", "Open all", PLAIN, { minimumWords: 3 }),
      cleaned("Abrir tudo já", "Open all now", PLAIN, { minimumWords: 3 }),
    ],
    "too many words": [
      cleaned(seventy("um"), seventy("one"), PLAIN, { maximumWords: 69 }),
      cleaned(seventy("um"), seventy("one"), PLAIN, { maximumWords: 70 }),
    ],
    "length ratio": [
      cleaned("abcd", "a sentence of 24 letters", PLAIN),
      cleaned("abcdefgh", "a sentence of 24 letters", PLAIN),
    ],
  };
  for (const [rule, [left, stays]] of Object.entries(cases)) {
    assertEquals<unknown>(left, { rule }, rule);
    assertEquals("pair" in stays, true, `the counterpart of ${rule}`);
  }
  assertEquals([...Object.keys(cases), "duplicate"], [...RULES]);
});

Deno.test("the ratio does not count for pairs of fewer than 12 characters", () => {
  assertEquals(cleaned("OK", "Tamam mısın"), kept("OK", "Tamam mısın"));
  assertEquals(cleaned("OK", "Tamam mısınız"), { rule: "length ratio" });
});

Deno.test("characters that stand for several letters count as several, and only these", () => {
  const pairs = [
    [
      "天气预报说明天会下雨。",
      "The weather forecast says that it will rain tomorrow.",
    ],
    [
      "Please enter your user name and your password.",
      "ユーザー名と暗号を入力。",
    ],
    ["파일을 열 수 없습니다.", "The file could not be opened by this program."],
  ];
  for (const [source, target] of pairs) {
    assertEquals(cleaned(source, target), kept(source, target));
  }
  const rule = "length ratio";
  assertEquals(
    cleaned("天气预报说明天会下雨", "It will rain"),
    kept("天气预报说明天会下雨", "It will rain"),
  );
  assertEquals(cleaned("天气预报说明天会下雨", "It rains."), { rule });
  assertEquals(cleaned("погода завтра", "a".repeat(20) + " b".repeat(12)), {
    rule,
  });
});

Deno.test("text is composed, control and invisible characters go, white space becomes single spaces", () => {
  assertEquals(
    cleaned(
      "\ufeffCafe\u0301\u00a0com\u0007leite\u200b e\u00ad\tpão\r\n",
      " Coffee \u2028 with milk and\u200e bread",
    ),
    kept("Café com leite e pão", "Coffee with milk and bread"),
  );
});

Deno.test("compatibility forms and joiners are kept: they are spelling, not noise", () => {
  assertEquals(
    cleaned("ﬁm ² می\u200cخواهم", "end ² I want"),
    kept("ﬁm ² می\u200cخواهم", "end ² I want"),
  );
});

Deno.test("tags are removed where the source has markup, and are text where it has none", () => {
  assertEquals(
    cleaned(
      'Clique <a href="/x">aqui</a> <br/>agora',
      "Click <a>here</a> <br/>now",
      MARKUP,
    ),
    kept("Clique aqui agora", "Click here now"),
  );
  assertEquals(
    cleaned("O tipo <T> falta", "The type <T> is missing"),
    kept("O tipo <T> falta", "The type <T> is missing"),
  );
  assertEquals(
    cleaned("Se a < b e c > d", "If a < b and c > d", MARKUP),
    kept("Se a < b e c > d", "If a < b and c > d"),
  );
  assertEquals(
    cleaned(
      "<p>Linha um.<br>Linha <b>do</b>is</p><p>Linha três</p>",
      "<p>Line one.<br>Line <b>tw</b>o</p><p>Line three</p>",
      MARKUP,
    ),
    kept("Linha um. Linha dois Linha três", "Line one. Line two Line three"),
  );
});

Deno.test("access keys are removed where the source marks them, and an ampersand stays one elsewhere", () => {
  assertEquals(
    cleaned("&&Arquivo novo", "New (&&F)ile && &Edit (&E)", MNEMONICS),
    kept("Arquivo novo", "Newile && Edit"),
  );
  assertEquals(
    cleaned("Pesquisa & ajuda", "Search & help", MNEMONICS),
    kept("Pesquisa & ajuda", "Search & help"),
  );
  assertEquals(cleaned("&&Novo", "&&New"), kept("&&Novo", "&&New"));
});

Deno.test("placeholders of every notation must be on both sides", () => {
  for (
    const placeholder of [
      "{0}",
      "{{name}}",
      "${user}",
      "%s",
      "%1$d",
      "%2",
      "%NAME%",
      "$(sync~spin)",
      "https://example.org/a",
    ]
  ) {
    assertEquals(
      cleaned(`Abrir ${placeholder} agora`, "Open it right now"),
      { rule: "placeholders" },
      placeholder,
    );
    assertEquals(
      cleaned(`Abrir ${placeholder} agora`, `Open ${placeholder} now`),
      kept(`Abrir ${placeholder} agora`, `Open ${placeholder} now`),
    );
  }
});

Deno.test("tags stay where they are to be kept, and must still be of the same names", () => {
  const keep = { markup: "keep" } as const;
  const [source, target] = ['<a href="x">Olá</a> mundo', "Hello <a>you</a>"];
  assertEquals(cleaned(source, target, MARKUP), kept("Olá mundo", "Hello you"));
  assertEquals(cleaned(source, target, MARKUP, keep), kept(source, target));
  assertEquals(cleaned("<b>Olá</b>", "<i>Hello</i>", MARKUP, keep), {
    rule: "markup",
  });
});
