/** A corpus for tests of `pipeline init`, with a few pairs that are left out of it. */
import { join } from "@std/path";
import { temporary } from "../../fixtures/made_run.ts";

const NOUNS = ["casa", "porta", "mesa", "janela", "rua", "cidade", "lua"];
const ENGLISH = ["house", "door", "table", "window", "street", "city", "moon"];

/** Distinct sentences, and their translations; two of them again, one with an empty side, one with its words thrice. */
export const PAIRS: readonly (readonly [string, string])[] = [
  ...Array.from({ length: 343 }, (_, i): [string, string] => {
    const [a, b, c] = [i % 7, Math.floor(i / 7) % 7, Math.floor(i / 49)];
    return [
      `a ${NOUNS[a]} fica perto da ${NOUNS[b]} e longe da ${NOUNS[c]}`,
      `the ${ENGLISH[a]} is near the ${ENGLISH[b]} and far from the ${
        ENGLISH[c]
      }`,
    ];
  }),
  ["uma frase que se repete", "a sentence that comes again"],
  ["uma frase que se repete", "a sentence that comes again"],
  ["sem tradução", ""],
  ["uma casa", "a house that is far too long for what it translates"],
];

/** A folder with the corpus as two files and as one, which is removed at the end of its scope. */
export function corpus() {
  const folder = temporary();
  const path = (name: string) => join(folder.path, name);
  const write = (name: string, text: string) =>
    Deno.writeTextFileSync(path(name), text);
  const lines = (texts: string[]) => texts.join("\n") + "\n";
  write("text.pt", lines(PAIRS.map(([source]) => source)));
  write("text.en", lines(PAIRS.map(([, target]) => target)));
  write("text.tsv", lines(PAIRS.map((pair) => pair.join("\t"))));
  const cyrillic = (text: string) =>
    text.replace(
      /[a-z]/g,
      (letter) => String.fromCodePoint(letter.charCodeAt(0) - 97 + 0x430),
    );
  write(
    "text.uk.tsv",
    lines(PAIRS.map(([source, target]) => `${cyrillic(source)}\t${target}`)),
  );
  write("short.en", lines(PAIRS.slice(1).map(([, target]) => target)));
  write("three.tsv", "0.9\tuma casa\ta house\n");
  write("ten.tsv", lines(PAIRS.slice(0, 10).map((pair) => pair.join("\t"))));
  const hundred = Array.from({ length: 100 }, (_, i) => i);
  write("alike.tsv", lines(hundred.map((i) => `página ${i}\tpage ${i}`)));
  write("empty.tsv", lines(Array(20).fill("uma casa\t")));
  Deno.writeFileSync(path("latin1.tsv"), Uint8Array.of(0xe3, 9, 97, 10));
  return {
    path,
    mine: path("mine/experiment.jsonc"),
    write,
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

export const LANGUAGES = ["--from", "pt", "--to", "en"];
