/** Undoes the pseudo-localisation of VS Code's `qps-ploc` packs, the only form in which packages carry its English. */

const LETTERS = new Map(
  Object.entries({
    æ: "a",
    ç: "c",
    ð: "d",
    ë: "e",
    ï: "i",
    ñ: "n",
    ø: "o",
    µ: "u",
    ÿ: "y",
    þ: "b",
    Æ: "A",
    Ç: "C",
    Ð: "D",
    Ë: "E",
    Ï: "I",
    Ñ: "N",
    Ø: "O",
    Ü: "U",
    Ý: "Y",
    ß: "B",
    "§": "S",
    "£": "L",
  }),
);

/** The English of a text whose letters were replaced one by one; no English message has one of the replacements. */
export function undoPseudo(text: string): string {
  return text.replace(
    /[æçðëïñøµÿþÆÇÐËÏÑØÜÝß§£]/g,
    (letter) => LETTERS.get(letter) ?? letter,
  );
}
