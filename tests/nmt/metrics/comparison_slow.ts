/** Scores and intervals of compared systems equal those of sacreBLEU as it runs now. */
import { assertAlmostEquals } from "@std/assert";
import { findPython, runPython } from "../../fixtures/python.ts";
import { comparison, lines, systems } from "./compared.ts";

const SCRIPT = `
import json, logging, sys
from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.significance import PairedTest
logging.disable(logging.CRITICAL)
given = json.load(sys.stdin)
systems = list(given["systems"].items())
metrics = {"bleu": BLEU(references=[given["references"]]), "chrf": CHRF(references=[given["references"]])}
_, results = PairedTest(systems, metrics, None, test_type="bs", n_samples=10000)()
names = {"bleu": "BLEU", "chrf": "chrF2"}
print(json.dumps({key: [{"score": r.score, "half": float(r.ci)} for r in results[name]] for key, name in names.items()}))
`;

const { python, missing } = findPython("sacrebleu");

Deno.test({
  name: "scores and intervals equal sacreBLEU's, run now" +
    (missing ?? ""),
  ignore: missing !== undefined,
  fn: async () => {
    const theirs = await runPython(python, SCRIPT, {
      systems,
      references: lines,
    }) as Record<
      "bleu" | "chrf",
      { score: number; half: number }[]
    >;
    Object.keys(systems).forEach((name, i) => {
      for (const metric of ["bleu", "chrf"] as const) {
        const ours = comparison.systems[name][metric];
        const { score, half } = theirs[metric][i];
        assertAlmostEquals(ours.score, score, 1e-4);
        // sacreBLEU scores resamples in single precision.
        assertAlmostEquals((ours.high - ours.low) / 2, half, 1e-3);
      }
    });
  },
});
