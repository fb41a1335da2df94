/** Checks that each side of a corpus is written as its language is: columns are easily swapped. */
import { inputError } from "../../base/input_error.ts";
import type { Languages } from "../../schemas/experiment/data.ts";

/** Sides that are looked at, and the letters without which nothing is said. */
const SIDES = 4000, LETTERS = 200;

/** A side has at least this part of its letters in the script of its language. */
const LEAST = 1 / 2;

/** What scripts of BCP 47 are to Unicode, where that is several or another. */
const SCRIPTS: Readonly<Record<string, readonly string[]>> = {
  Hans: ["Hani", "Bopo"],
  Hant: ["Hani", "Bopo"],
  Jpan: ["Hira", "Kana", "Hani"],
  Kore: ["Hang", "Hani"],
};

const NAMES = new Intl.DisplayNames("en", { type: "script" });

/**
 * Checks the sides of a corpus, each source before its target.
 *
 * @throws An input error where half of a side's letters are not in the script of its language.
 */
export async function checkScripts(
  sides: AsyncIterable<string>,
  { source, target }: Languages,
): Promise<void> {
  const sample: [string, string] = ["", ""];
  let count = 0;
  for await (const side of sides) {
    sample[count % 2] += side;
    if (++count === SIDES) break;
  }
  const [from, to] = [scriptOf(source), scriptOf(target)];
  const faults = [[sample[0], from], [sample[1], to]]
    .map(([text, script]) => isWritten(text, script) === false);
  if (!faults.includes(true)) return;
  const isSwapped = isWritten(sample[0], to) && isWritten(sample[1], from);
  const [language, script] = faults[0] ? [source, from] : [target, to];
  throw inputError(
    `Cannot set up an experiment from "${source}" to "${target}": most letters of the ${language} side are not ${
      NAMES.of(script)
    }; ` +
      (isSwapped
        ? "the sides are swapped: swap --from and --to."
        : `give text in it, or name how it is written, as in ${language}-Latn.`),
  );
}

/** The script that a language is written in, unless its code says another. */
function scriptOf(language: string): string {
  return new Intl.Locale(language).maximize().script ?? "Latn";
}

/** Whether a text is in a script; undefined where it has too few letters to tell. */
function isWritten(text: string, script: string): boolean | undefined {
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  if (letters < LETTERS) return undefined;
  const classes = (SCRIPTS[script] ?? [script])
    .map((name) => `\\p{Script=${name}}`).join("");
  const own = text.match(new RegExp(`(?=\\p{L})[${classes}]`, "gu"));
  return (own?.length ?? 0) >= LEAST * letters;
}
