/** Scores and tokens of this project against sacreBLEU's. */
import { assertAlmostEquals } from "@std/assert";
import type { ScoreReport } from "../../../nmt/metrics/score.ts";
import { tokenize, TOKENIZERS } from "../../../nmt/metrics/tokenize.ts";
import { type Figures, sha256 } from "./sacrebleu.ts";

export function assertAgrees(
  ours: ScoreReport,
  theirs: Figures,
  name: string,
): void {
  for (const metric of ["bleu", "chrf"] as const) {
    const message = `${name}: ${metric}`;
    const score = theirs.scores[metric];
    if (score === undefined) continue;
    assertAlmostEquals(ours[metric]?.score ?? NaN, score, 1e-8, message);
    const p = theirs.p?.[metric];
    if (p === undefined) continue;
    // sacreBLEU scores resamples in single precision: one of 1,000 may fall on the other side of the difference.
    const ourP = ours.against?.[metric]?.p ?? NaN;
    assertAlmostEquals(ourP, p, 1.01 / 1001, `${message} p`);
  }
}

/** A character before, between and after letters and digits, capital sigma beside it, twice and alone. */
function around(character: string): string {
  const c = character;
  return `a${c}b 1${c}1 a${c}1 1${c}b ${c}${c} aΣ${c} ${c}Σ -${c}. ${c}`;
}

/** Ranges, in hexadecimal, of punctuation, symbols, numbers, letters and white space of many scripts, all long settled. */
const SETTLED = `
01-24f 2b0-36f 386-3ff 400-482 5be-5c6 60c-66d 964-970 e3f-e5b 1680-169c
1e00-1eff 2000-2064 2070-208e 20a0-20b9 2100-2189 2190-23f3 2460-26ff
2701-27bf 2e00-2e31 3000-303f 3200-321e fe30-fe4f ff01-ff60 10100-10133
1d7ce-1d7ff 1f300-1f320 1f600-1f640
`.trim().split(/\s/).map((range) =>
  range.split("-").map((end) => parseInt(end, 16))
);

const MODES = [
  ...TOKENIZERS.map((tokenizer) => ({
    name: tokenizer as string,
    apply: (line: string) => tokenize(tokenizer, line).join(" "),
  })),
  { name: "lower", apply: (line: string) => line.toLowerCase() },
];

/** SHA-256 of the tokens of each tokenizer, and of lowercase, of lines around each of some characters. */
export async function hashes(
  characters: string,
): Promise<Record<string, string>> {
  const lines = [...characters].map(around);
  const entries = MODES.map(async ({ name, apply }) => [
    name,
    await sha256(lines.map(apply).join("\n")),
  ]);
  return Object.fromEntries(await Promise.all(entries));
}

/** The characters of these ranges. */
export const settled = SETTLED.map(([first, last]) =>
  Array.from(
    { length: last - first + 1 },
    (_, i) => first + i === 10 ? "" : String.fromCodePoint(first + i),
  ).join("")
).join("");

/** SHA-256 of what sacreBLEU makes of the settled characters; checked against it where it is installed. */
export const SETTLED_HASHES = {
  "13a": "2074772c9b1d893d225fb114d063305f281c1c371a7b890a80f3bdd727a96dc6",
  char: "010d6b7d3bf2ef2c1480b041bfc99cb942fc002c83e84008dd4f36391d91e56c",
  intl: "0e82210bf512b65ea97e36e26c52f857bc655329ab988f74f5bbcad563067c3f",
  lower: "f5be7093f3a73d6e0e2cf3ca4ee878f5ff842db5384275a4871774cf25801d07",
  none: "526fb79df14fe8952cf7778a62bc499c96bd16664f146bfbf3798cc427dfbca4",
};
