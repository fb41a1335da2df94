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
  Hanb: ["Hani", "Bopo"],
  Hrkt: ["Hira", "Kana"],
  Aran: ["Arab"],
  Latf: ["Latn"],
  Latg: ["Latn"],
};

/** Scripts that text of another language is likely in. */
const LIKELY = "Latn Cyrl Arab Deva Beng Grek Hebr Thai Hani Jpan Kore".split(
  " ",
);

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
  const isFault = isWritten(sample[0], from) === false;
  if (!isFault && isWritten(sample[1], to) !== false) return;
  const isSwapped = isWritten(sample[0], to) && isWritten(sample[1], from);
  const [language, script = "", text] = isFault
    ? [source, from, sample[0]]
    : [target, to, sample[1]];
  const found = LIKELY.find((each) => isWritten(text, each));
  throw inputError(
    `Cannot set up an experiment from "${source}" to "${target}": most letters of the ${language} side are not ${
      NAMES.of(script)
    }; ` +
      (isSwapped
        ? "the sides are swapped: swap --from and --to."
        : found === undefined
        ? "give text in it."
        : `give text in it, or name how it is written: ${new Intl.Locale(
          language,
          { script: found },
        )}.`),
  );
}

/** The script that a language is written in, unless its code says another; undefined where that is not known. */
function scriptOf(language: string): string | undefined {
  return new Intl.Locale(language).maximize().script;
}

/** Whether a text is in a script; undefined where it has too few letters to tell, or Unicode has no such script. */
function isWritten(
  text: string,
  script: string | undefined,
): boolean | undefined {
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  const own = script === undefined ? undefined : lettersOf(script);
  if (letters < LETTERS || own === undefined) return undefined;
  return (text.match(own)?.length ?? 0) >= LEAST * letters;
}

function lettersOf(script: string): RegExp | undefined {
  const classes = (SCRIPTS[script] ?? [script])
    .map((name) => `\\p{Script=${name}}`).join("");
  try {
    return new RegExp(`(?=\\p{L})[${classes}]`, "gu");
  } catch {
    return undefined;
  }
}
