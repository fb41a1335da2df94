/** BLEU's tokenizers on lines worked by hand; on every character they are compared with sacreBLEU's. */
import { assertEquals } from "@std/assert";
import { tokenize, trimEnd, words } from "../../../nmt/metrics/tokenize.ts";

const LINES = {
  "13a": {
    'Say "hi" (now)! don\'t': 'Say " hi " ( now ) ! don\'t',
    "1,000.5 and v.2 a,b 3.": "1,000.5 and v . 2 a , b 3 .",
    "10-20 well-known": "10 - 20 well-known",
    "&quot;a&quot; &amp;lt; &apos; x<skipped>y": '" a " < & apos ; xy',
    "«olá»…": "«olá»…",
  },
  intl: {
    "«olá»… 5€ a→b ½x": "« olá » … 5 € a → b ½x",
    "1,000.5 ٣٫٤ Ⅻ.5 in 2020.": "1,000.5 ٣٫٤ Ⅻ.5 in 2020.",
    "&lt;": "& lt ;",
  },
  char: { "a bç😀": "a b ç 😀" },
  none: { "  a,  b\tc ": "a, b c", " \u3000": "" },
} as const;

for (const tokenizer of ["13a", "intl", "char", "none"] as const) {
  Deno.test(`${tokenizer} gives the hand-worked tokens`, () => {
    for (const [line, expected] of Object.entries(LINES[tokenizer])) {
      assertEquals(tokenize(tokenizer, line).join(" "), expected);
    }
  });
}

Deno.test("white space is what Python calls so", () => {
  assertEquals(words("a\x1cb\x85c\u2028d\u3000e"), ["a", "b", "c", "d", "e"]);
  assertEquals(words("a\ufeffb\u200bc"), ["a\ufeffb\u200bc"]);
  assertEquals(trimEnd(" a \r\x1f\xa0"), " a");
});
