/** Hints at sides of a corpus whose language seems to be another than was said: those of one script are easily swapped. */
import { eld } from "eld/extrasmall";
import type { Languages } from "../../schemas/experiment/data.ts";

/** Sides that are looked at, and the characters that are judged at once: of more than 350 bytes the rest is not read. */
const SIDES = 2000, PIECE = 300;

/** Of at least so many pieces, at least this part is in the language that a side seems to be in. */
const PIECES = 5, CLEAR = 0.8;

/** Languages that are taken for one another. */
const NEIGHBOURS: readonly (readonly string[])[] = [
  ["no", "nb", "nn", "da"],
  ["hr", "bs", "sr"],
  ["ms", "id"],
];

const NAMES = new Intl.DisplayNames("en", { type: "language" });

/** What is known to the library: a language or its neighbours, as they are written there. */
const KNOWN = new Set(
  Object.values(eld.info().Languages)
    // Sorani, which it takes for Persian as often.
    .filter((code) => code !== "ku").map(written),
);

/** Sentences on the sides of a corpus, each source before its target; none where the languages are as they should be, or not known. */
export async function languageHints(
  sides: AsyncIterable<string>,
  { source, target }: Languages,
): Promise<string[]> {
  const pieces: [string[], string[]] = [[""], [""]];
  let count = 0;
  for await (const side of sides) {
    const own = pieces[count % 2], last = own.length - 1;
    own[last] += `${side} `;
    if (own[last].length >= PIECE) own.push("");
    if (++count === SIDES) break;
  }
  const [first, second] = pieces.map(languageOf);
  const isIn = (found: string | undefined, language: string) =>
    found !== undefined && family(found) === family(language);
  const isOther = (found: string | undefined, language: string) =>
    found !== undefined && KNOWN.has(written(language)) &&
    !isIn(found, language);
  const name = (language = "") => NAMES.of(language);
  const areOther = isOther(first, source) && isOther(second, target);
  if (areOther && isIn(first, target) && isIn(second, source)) {
    return [
      `the sides seem to be swapped: that of ${source} is ${
        name(target)
      }, that of ${target} is ${
        name(source)
      }; if so, give --from ${target} --to ${source}.`,
    ];
  }
  const hint = (language: string, found: string | undefined, flag: string) =>
    isOther(found, language)
      ? [
        `the side of ${language} seems to be ${
          name(found)
        }: check the text and ${flag}.`,
      ]
      : [];
  return [
    ...hint(source, first, "--from"),
    ...hint(target, second, "--to"),
  ];
}

/** The language that most pieces of a text are in; undefined where they are few, or do not agree. */
function languageOf(text: readonly string[]): string | undefined {
  const pieces = text.filter((piece) => piece.length >= PIECE);
  if (pieces.length < PIECES) return undefined;
  const found = Map.groupBy(pieces, (piece) => eld.detect(piece).language);
  const clear = [...found].find(([, { length }]) =>
    length >= CLEAR * pieces.length
  );
  return clear?.[0] || undefined;
}

/** The first neighbour of a language, or itself. */
function family(language: string): string {
  const plain = new Intl.Locale(language).language;
  return NEIGHBOURS.find((row) => row.includes(plain))?.[0] ?? plain;
}

/** A language or its neighbours, with its script. */
function written(language: string): string {
  return `${family(language)}-${new Intl.Locale(language).maximize().script}`;
}
