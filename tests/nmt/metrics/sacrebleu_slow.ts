/** BLEU, chrF2, their p-values, signatures and tokens equal sacreBLEU's on more text, on every character, and as it runs now. */
import { assert, assertEquals } from "@std/assert";
import { scoreLines } from "../../../nmt/metrics/score.ts";
import { findPython, runPython } from "../../fixtures/python.ts";
import { cases, computed, texts } from "./sacrebleu.ts";
import {
  assertAgrees,
  hashes,
  settled,
  SETTLED_HASHES,
} from "./sacrebleu_agreement.ts";

const { python, missing } = findPython("sacrebleu");

for (const text of texts()) {
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
