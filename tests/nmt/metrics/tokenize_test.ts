/** Tests of BLEU's tokenizers on lines worked by hand. */
import { assertEquals } from "@std/assert";
import {
  tokenize,
  type Tokenizer,
  trimEnd,
  words,
} from "../../../nmt/metrics/tokenize.ts";

function check(tokenizer: Tokenizer, line: string, expected: string): void {
  assertEquals(tokenize(tokenizer, line).join(" "), expected);
}

Deno.test("13a separates ASCII punctuation", () => {
  check("13a", 'Say "hi" (now)!', 'Say " hi " ( now ) !');
  check("13a", "a+b=c/d", "a + b = c / d");
  check("13a", "it's don't", "it's don't");
});

Deno.test("13a keeps full stops and commas between digits", () => {
  check("13a", "1,000.5 and 3.", "1,000.5 and 3 .");
  check("13a", "v.2 a,b", "v . 2 a , b");
});

Deno.test("13a separates a dash after a digit only", () => {
  check("13a", "10-20 well-known", "10 - 20 well-known");
});

Deno.test("13a resolves four entities and drops <skipped>", () => {
  check("13a", "&quot;a&quot; &amp;lt;", '" a " <');
  check("13a", "&apos;", "& apos ;");
  check("13a", "x<skipped>y", "xy");
});

Deno.test("13a leaves punctuation beyond ASCII in its word", () => {
  check("13a", "«olá»… “sim”", "«olá»… “sim”");
});

Deno.test("intl separates punctuation and symbols of every script", () => {
  check("intl", "«olá»… “sim”", "« olá » … “ sim ”");
  check("intl", "5€ a→b ½x", "5 € a → b ½x");
  check("intl", "問い、答え。", "問い 、 答え 。");
});

Deno.test("intl keeps punctuation between numbers of any script, and after a number at the end", () => {
  check("intl", "1,000.5 in 2020.", "1,000.5 in 2020.");
  check("intl", "٣٫٤ Ⅻ.5", "٣٫٤ Ⅻ.5");
});

Deno.test("intl does not resolve entities", () => {
  check("intl", "&lt;", "& lt ;");
});

Deno.test("char takes characters, not halves of a surrogate pair", () => {
  check("char", "a bç😀", "a b ç 😀");
});

Deno.test("none takes the words", () => {
  check("none", "  a,  b\tc ", "a, b c");
});

Deno.test("an empty line has no tokens", () => {
  for (const tokenizer of ["13a", "intl", "char", "none"] as const) {
    assertEquals(tokenize(tokenizer, ""), []);
    assertEquals(tokenize(tokenizer, " \u3000"), []);
  }
});

Deno.test("white space is what Python calls so", () => {
  assertEquals(words("a\x1cb\x85c\u2028d\u3000e"), ["a", "b", "c", "d", "e"]);
  assertEquals(words("a\ufeffb\u200bc"), ["a\ufeffb\u200bc"]);
  assertEquals(trimEnd(" a \r\x1f\xa0"), " a");
});
