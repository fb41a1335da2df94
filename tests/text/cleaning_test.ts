/** Tests of the cleaning of pairs: a hand-worked pair for every rule, and for everything that is stripped. */
import { assertEquals } from "@std/assert";
import {
  type Cleaned,
  cleaner,
  type Limits,
  type Notation,
  type Rule,
  RULES,
} from "../../text/cleaning.ts";

const LIMITS: Limits = { minimumWords: 1, maximumWords: 100, maximumRatio: 3 };
const PLAIN: Notation = { markup: false, mnemonics: false };
const MARKUP: Notation = { markup: true, mnemonics: false };
const MNEMONICS: Notation = { markup: false, mnemonics: true };

function clean(
  source: string,
  target: string,
  notation = PLAIN,
  limits: Partial<Limits> = {},
): Cleaned {
  return cleaner({ ...LIMITS, ...limits })({ source, target }, notation);
}

function kept(source: string, target: string): Cleaned {
  return { pair: { source, target } };
}

Deno.test("each rule leaves out the pair that it is for, and a pair that just meets it stays", () => {
  const seventy = (word: string) => Array(70).fill(word).join(" ");
  const cases: Record<
    Exclude<Rule, "duplicate">,
    [left: Cleaned, stays: Cleaned]
  > = {
    "paragraphs": [
      clean("Um.\n\nDois.", "One. Two."),
      clean("Um.\n\nDois.", "One.\n \nTwo."),
    ],
    "markup": [
      clean("<b>Olá</b> mundo", "<i>Hello</i> world", MARKUP),
      clean('<a href="x">Olá</a>', '<a href="y">Hello</a>', MARKUP),
    ],
    "empty": [clean("  ", "Something"), clean("Algo", "Something")],
    "no words": [clean("42 %", "42 percent"), clean("ou", "or")],
    "replacement character": [
      clean("Ol\ufffd mundo", "Hello world"),
      clean("Olá mundo", "Hello world"),
    ],
    "identical": [clean("HTTP proxy", "http Proxy"), clean("Tom", "Tim")],
    "identifier": [
      clean("editor.acao", "editor.action"),
      clean("Modific.em", "Changed on"),
    ],
    "placeholders": [
      clean("O arquivo {0} de {1}", "The file {0}"),
      clean("De {1} a {0}", "From {0} to {1}"),
    ],
    "alternatives": [
      clean(
        "{n, plural, one {item} other {itens}}",
        "{n, plural, one {item} other {itens}}s",
      ),
      clean("{n} itens, plural", "{n} items, plural"),
    ],
    "too few words": [
      clean("Abrir tudo", "Open all", PLAIN, { minimumWords: 3 }),
      clean("Abrir tudo já", "Open all now", PLAIN, { minimumWords: 3 }),
    ],
    "too many words": [
      clean(seventy("um"), seventy("one"), PLAIN, { maximumWords: 69 }),
      clean(seventy("um"), seventy("one"), PLAIN, { maximumWords: 70 }),
    ],
    "length ratio": [
      clean("abcd", "a sentence of 24 letters", PLAIN),
      clean("abcdefgh", "a sentence of 24 letters", PLAIN),
    ],
  };
  for (const [rule, [left, stays]] of Object.entries(cases)) {
    assertEquals<unknown>(left, { rule }, rule);
    assertEquals("pair" in stays, true, `the counterpart of ${rule}`);
  }
  assertEquals([...Object.keys(cases), "duplicate"], [...RULES]);
});

Deno.test("the ratio does not count for pairs of fewer than 12 characters", () => {
  assertEquals(clean("OK", "Tamam mısın"), kept("OK", "Tamam mısın"));
  assertEquals(clean("OK", "Tamam mısınız"), { rule: "length ratio" });
});

Deno.test("a pair that comes again is a duplicate, also when it differed before it was cleaned", () => {
  const next = cleaner(LIMITS);
  const pair = { source: "Bom dia", target: "Good morning" };
  assertEquals(next(pair, PLAIN), { pair });
  assertEquals(next({ source: " Bom  dia", target: "Good morning\n" }, PLAIN), {
    rule: "duplicate",
  });
  assertEquals(next({ source: "Bom dia", target: "Good day" }, PLAIN), {
    pair: { source: "Bom dia", target: "Good day" },
  });
});

Deno.test("text is composed, control and invisible characters go, white space becomes single spaces", () => {
  assertEquals(
    clean(
      "\ufeffCafe\u0301\u00a0com\u0007leite\u200b e\u00ad\tpão\r\n",
      " Coffee \u2028 with milk and\u200e bread",
    ),
    kept("Café com leite e pão", "Coffee with milk and bread"),
  );
});

Deno.test("compatibility forms and joiners are kept: they are spelling, not noise", () => {
  assertEquals(
    clean("ﬁm ² می\u200cخواهم", "end ² I want"),
    kept("ﬁm ² می\u200cخواهم", "end ² I want"),
  );
});

Deno.test("tags are removed where the source has markup, and are text where it has none", () => {
  assertEquals(
    clean(
      'Clique <a href="/x">aqui</a> <br/>agora',
      "Click <a>here</a> <br/>now",
      MARKUP,
    ),
    kept("Clique aqui agora", "Click here now"),
  );
  assertEquals(
    clean("O tipo <T> falta", "The type <T> is missing"),
    kept("O tipo <T> falta", "The type <T> is missing"),
  );
  assertEquals(
    clean("Se a < b e c > d", "If a < b and c > d", MARKUP),
    kept("Se a < b e c > d", "If a < b and c > d"),
  );
});

Deno.test("access keys are removed where the source marks them, and an ampersand stays one elsewhere", () => {
  assertEquals(
    clean("&&Arquivo novo", "New (&&F)ile && &Edit (&E)", MNEMONICS),
    kept("Arquivo novo", "Newile && Edit"),
  );
  assertEquals(
    clean("Pesquisa & ajuda", "Search & help", MNEMONICS),
    kept("Pesquisa & ajuda", "Search & help"),
  );
  assertEquals(clean("&&Novo", "&&New"), kept("&&Novo", "&&New"));
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
      clean(`Abrir ${placeholder} agora`, "Open it right now"),
      { rule: "placeholders" },
      placeholder,
    );
    assertEquals(
      clean(`Abrir ${placeholder} agora`, `Open ${placeholder} now`),
      kept(`Abrir ${placeholder} agora`, `Open ${placeholder} now`),
    );
  }
});
