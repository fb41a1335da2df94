/** The languages of a corpus: what its sides seem to be in, by messages of programs. */
import { assertEquals } from "@std/assert";
import { languageHints } from "../../../apps/init/languages.ts";

const LANGUAGES = "cs de es fr it ja ko pl pt-br ru tr zh-cn zh-tw".split(" ");

/** TypeScript's messages in a language, by their keys. */
function messages(language: string): string[] {
  const url = new URL(
    `${language}/diagnosticMessages.generated.json`,
    import.meta.resolve("typescript"),
  );
  const read: Record<string, string> = JSON.parse(Deno.readTextFileSync(url));
  return Object.values(read);
}

/** What is said of text that is given as of two languages. */
function hints(
  [source, first]: readonly [string, readonly string[]],
  [target, second]: readonly [string, readonly string[]],
): Promise<string[]> {
  const sides = async function* () {
    for (const [i, text] of first.entries()) {
      yield* [text, second[i % second.length]];
    }
  };
  return languageHints(sides(), { source, target });
}

const TEXT = Object.fromEntries(
  LANGUAGES.map((each) => [each.slice(0, 2), messages(each)]),
);

/** Sentences of languages that are like another one, often enough. */
const LIKE_ANOTHER = {
  da:
    "Filen kunne ikke åbnes, fordi den bruges af et andet program. Luk programmet, og prøv igen om nogle få minutter.",
  hr:
    "Datoteku nije moguće otvoriti jer je koristi drugi program. Zatvorite program i pokušajte ponovno za nekoliko minuta.",
  id:
    "Berkas tidak dapat dibuka karena sedang digunakan oleh program lain. Tutup program itu dan coba lagi dalam beberapa menit.",
  gl:
    "Non foi posible abrir o ficheiro porque outro programa o está a usar. Peche o programa e ténteo de novo dentro duns minutos.",
};

const many = (text: string) => Array<string>(200).fill(text);

Deno.test("nothing is said of text in the languages that are named, and of swapped sides that they are", async () => {
  const codes = Object.keys(TEXT);
  for (const [i, one] of codes.entries()) {
    const other = codes[(i + 1) % codes.length];
    assertEquals(await hints([one, TEXT[one]], [other, TEXT[other]]), []);
    const name = (code: string) =>
      new Intl.DisplayNames("en", { type: "language" }).of(code);
    assertEquals(await hints([one, TEXT[other]], [other, TEXT[one]]), [
      `the sides seem to be swapped: that of ${one} is ${
        name(other)
      }, that of ${other} is ${
        name(one)
      }; if so, give --from ${other} --to ${one}.`,
    ]);
  }
});

Deno.test("a side that is in a third language is told by its name", async () => {
  assertEquals(await hints(["pt", TEXT.es], ["de", TEXT.de]), [
    "the side of pt seems to be Spanish: check the text and --from.",
  ]);
  assertEquals(await hints(["pt-BR", TEXT.de], ["de", TEXT.de]), [
    "the side of pt-BR seems to be German: check the text and --from.",
  ]);
  assertEquals(await hints(["uk", TEXT.ru], ["pt", TEXT.es]), [
    "the side of uk seems to be Russian: check the text and --from.",
    "the side of pt seems to be Spanish: check the text and --to.",
  ]);
});

Deno.test("nothing is said of neighbours, of languages and scripts that are not known, of mixed text and of little", async () => {
  const { da, hr, id, gl } = LIKE_ANOTHER;
  for (
    const [language, text] of [
      ["nb", many(da)],
      ["no", many(da)],
      ["bs", many(hr)],
      ["sr-Latn", many(hr)],
      ["id", many(id)],
      ["ms", many(id)],
      ["gl", many(gl)],
      ["af", TEXT.de],
      ["ku", TEXT.tr],
      ["ckb", TEXT.ru],
      ["az-Cyrl", TEXT.ru],
      ["es", TEXT.de.map((text, i) => i % 60 < 30 ? text : TEXT.es[i])],
      ["es", TEXT.de.slice(0, 5)],
    ] as const
  ) {
    assertEquals(await hints([language, text], ["de", TEXT.de]), [], language);
  }
  assertEquals((await hints(["en", many(id)], ["de", TEXT.de])).length, 1);
  assertEquals((await hints(["en", many(da)], ["nb", TEXT.de])).length, 2);
});

Deno.test("swapped sides are seen where one is of neighbours", async () => {
  const [hint] = await hints(["nb", TEXT.de], ["de", many(LIKE_ANOTHER.da)]);
  assertEquals(
    hint,
    "the sides seem to be swapped: that of nb is German, that of de is Norwegian Bokmål; if so, give --from de --to nb.",
  );
});
