/** Committed results of several experiments are compared as those of one are. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { compareResults } from "../../tools/compare_results.ts";
import { ROOT } from "../fixtures/command.ts";
import { refusal } from "../nmt/fixtures/refusal.ts";

const STUDENT = "parity/pt-en:ckd-start-cooldown";

Deno.test("a planned comparison is the one that the experiment's table has", () => {
  const page = Deno.readTextFileSync(join(ROOT, "docs/results/parity.md"));
  const [row] = /ckd-start-cooldown - teacher \| +BLEU .*/.exec(page) ?? [""];
  const cells = row.split("|").map((cell) => cell.trim());
  const [bleu, chrf] = compareResults(STUDENT, "parity/pt-en:teacher", 1);
  const [, points, interval, p] =
    /^BLEU (.+) \((.+)\), p = (.+) of a loss of 1$/.exec(bleu) ?? [];
  for (const cell of [points, interval, p]) assert(cells.includes(cell), row);
  assert(chrf.startsWith("chrF "), chrf);
});

Deno.test("without a margin a difference is tested, here of runs in pairs", () => {
  const pair = "parity/pt-en-cooldown";
  const [line] = compareResults(
    `${pair}:ckd-start-cooldown`,
    `${pair}:rkd-start-cooldown`,
  );
  assertEquals(
    line,
    "BLEU -0.57 (-1.07 to -0.07), p = 0.030 of no difference",
  );
});

Deno.test("what cannot be compared is refused in a sentence", async () => {
  for (
    const [other, expected] of [
      ["rkd", "expected EXPERIMENT:SYSTEM"],
      ["nothing:rkd", "expected EXPERIMENT:SYSTEM"],
      ["parity:teacher", 'expected a language pair of "parity"'],
      ["parity/pt-en:rkd", "expected a system of ckd-start-cooldown, teacher"],
      ["parity/tr-en:teacher", "expected statistics of sentences 1000"],
      [STUDENT, "expected two systems"],
    ]
  ) {
    const message = await refusal(() => compareResults(STUDENT, other));
    assertStringIncludes(message, expected);
  }
});
