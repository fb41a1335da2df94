/** Tests that BLEU, chrF2, their p-values and tokenizers equal sacreBLEU's on real text and on every character. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { scoreLines, type ScoreReport } from "../../../nmt/metrics/score.ts";
import { tokenize, TOKENIZERS } from "../../../nmt/metrics/tokenize.ts";
import { findPython, runPython } from "../../fixtures/python.ts";
import {
  cases,
  computed,
  FIGURES,
  type Figures,
  type Recorded,
  sha256,
  texts,
} from "./sacrebleu.ts";

const { python, missing } = findPython("sacrebleu");
const recorded: Record<string, Recorded> = JSON.parse(
  Deno.readTextFileSync(FIGURES),
);

function assertAgrees(ours: ScoreReport, theirs: Figures, name: string): void {
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

for (const text of texts()) {
  Deno.test({
    name: `scores on ${text.name} equal sacreBLEU's recorded figures` +
      (text.missing ?? ""),
    ignore: text.missing !== undefined,
    fn: async () => {
      const all = cases(await text.lines());
      const { inputs, figures } = recorded[text.name];
      assertEquals(
        await sha256(JSON.stringify(all)),
        inputs,
        "the text is another than the figures are of; " +
          'run "deno run -A tests/nmt/metrics/sacrebleu.ts" to renew them',
      );
      for (const [name, options] of Object.entries(all)) {
        assertAgrees(scoreLines(options), figures[name], name);
      }
    },
  });

  Deno.test({
    name: `scores and signatures on ${text.name} equal sacreBLEU's, run now` +
      (text.missing ?? missing ?? ""),
    ignore: (text.missing ?? missing) !== undefined,
    fn: async () => {
      const all = cases(await text.lines());
      for (const { hypotheses } of [all["13a"], all.intl]) {
        assert(hypotheses.length >= 1000, `${hypotheses.length} lines`);
      }
      const theirs = await computed(python, all);
      for (const [name, options] of Object.entries(all)) {
        const ours = scoreLines(options);
        assertAgrees(ours, theirs[name].figures, name);
        for (const metric of options.metrics) {
          assertEquals(
            ours[metric]?.signature.replace(/version:.*$/, ""),
            theirs[name].signatures[metric].replace(/version:.*$/, ""),
          );
        }
      }
    },
  });
}

/** A character before, between and after letters and digits, capital sigma beside it, twice and alone. */
function around(character: string): string {
  const c = character;
  return `a${c}b 1${c}1 a${c}1 1${c}b ${c}${c} aΣ${c} ${c}Σ -${c}. ${c}`;
}

/** Ranges of punctuation, symbols, numbers, letters and white space of many scripts, all long settled. */
const SETTLED = [
  [0x01, 0x24f],
  [0x2b0, 0x36f],
  [0x386, 0x3ff],
  [0x400, 0x482],
  [0x5be, 0x5c6],
  [0x60c, 0x66d],
  [0x964, 0x970],
  [0xe3f, 0xe5b],
  [0x1680, 0x169c],
  [0x1e00, 0x1eff],
  [0x2000, 0x2064],
  [0x2070, 0x208e],
  [0x20a0, 0x20b9],
  [0x2100, 0x2189],
  [0x2190, 0x23f3],
  [0x2460, 0x26ff],
  [0x2701, 0x27bf],
  [0x2e00, 0x2e31],
  [0x3000, 0x303f],
  [0x3200, 0x321e],
  [0xfe30, 0xfe4f],
  [0xff01, 0xff60],
  [0x10100, 0x10133],
  [0x1d7ce, 0x1d7ff],
  [0x1f300, 0x1f320],
  [0x1f600, 0x1f640],
];

const MODES = [
  ...TOKENIZERS.map((tokenizer) => ({
    name: tokenizer as string,
    apply: (line: string) => tokenize(tokenizer, line).join(" "),
  })),
  { name: "lower", apply: (line: string) => line.toLowerCase() },
];

async function hashes(characters: string): Promise<Record<string, string>> {
  const lines = [...characters].map(around);
  const entries = MODES.map(async ({ name, apply }) => [
    name,
    await sha256(lines.map(apply).join("\n")),
  ]);
  return Object.fromEntries(await Promise.all(entries));
}

const SCRIPT = `
import hashlib, json, sys, unicodedata
from sacrebleu.metrics.bleu import _get_tokenizer
modes = {name: _get_tokenizer(name)() for name in ["13a", "intl", "char", "none"]}
def around(c):
    return f"a{c}b 1{c}1 a{c}1 1{c}b {c}{c} aΣ{c} {c}Σ -{c}. {c}"
def apply(name, line):
    return line.lower() if name == "lower" else " ".join(modes[name](line.rstrip()).split())
def hashes(characters):
    lines = [around(c) for c in characters]
    return {name: hashlib.sha256("\\n".join(apply(name, line) for line in lines).encode()).hexdigest()
            for name in [*modes, "lower"]}
blocks = json.load(sys.stdin)
if blocks is None:
    blocks = []
    for start in range(0, 0x110000, 256):
        known = [chr(c) for c in range(start, start + 256) if c != 10 and unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co")]
        if known:
            blocks.append("".join(known))
print(json.dumps([{"characters": block, "hashes": hashes(block)} for block in blocks]))
`;

const settled = SETTLED.map(([first, last]) =>
  Array.from(
    { length: last - first + 1 },
    (_, i) => first + i === 10 ? "" : String.fromCodePoint(first + i),
  ).join("")
).join("");

/** SHA-256 of what sacreBLEU makes of the settled characters; checked against it where it is installed. */
const SETTLED_HASHES = {
  "13a": "2074772c9b1d893d225fb114d063305f281c1c371a7b890a80f3bdd727a96dc6",
  char: "010d6b7d3bf2ef2c1480b041bfc99cb942fc002c83e84008dd4f36391d91e56c",
  intl: "0e82210bf512b65ea97e36e26c52f857bc655329ab988f74f5bbcad563067c3f",
  lower: "f5be7093f3a73d6e0e2cf3ca4ee878f5ff842db5384275a4871774cf25801d07",
  none: "526fb79df14fe8952cf7778a62bc499c96bd16664f146bfbf3798cc427dfbca4",
};

Deno.test("tokenizers and lowercase agree with sacreBLEU's recorded ones on settled characters", async () => {
  assertEquals(await hashes(settled), SETTLED_HASHES);
});

Deno.test({
  name:
    "tokenizers and lowercase agree with sacreBLEU's on every character that its Unicode knows" +
    (missing ?? ""),
  ignore: missing !== undefined,
  fn: async () => {
    const blocks = await runPython(python, SCRIPT, null);
    assert(Array.isArray(blocks) && blocks.length > 300);
    for (const { characters, hashes: theirs } of blocks) {
      const first = characters.codePointAt(0).toString(16);
      assertEquals(await hashes(characters), theirs, `block of U+${first}`);
    }
    const [{ hashes: theirs }] = await runPython(python, SCRIPT, [
      settled,
    ]) as { hashes: Record<string, string> }[];
    assertEquals(theirs, SETTLED_HASHES);
  },
});
