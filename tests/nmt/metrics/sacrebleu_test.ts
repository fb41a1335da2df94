/** BLEU, chrF2, their p-values and tokens equal the recorded ones of sacreBLEU. */
import { assertEquals } from "@std/assert";
import { scoreLines } from "../../../nmt/metrics/score.ts";
import {
  cases,
  FIGURES,
  messages,
  type Recorded,
  sha256,
} from "./sacrebleu.ts";
import {
  assertAgrees,
  hashes,
  settled,
  SETTLED_HASHES,
} from "./sacrebleu_agreement.ts";

Deno.test("scores on messages in Portuguese equal sacreBLEU's recorded figures", async () => {
  const all = cases(await messages("pt"));
  const { inputs, figures }: Recorded = JSON.parse(
    Deno.readTextFileSync(FIGURES),
  );
  assertEquals(
    await sha256(JSON.stringify(all)),
    inputs,
    "the text is another than the figures are of; " +
      'run "deno run -A tests/nmt/metrics/sacrebleu.ts" to renew them',
  );
  for (const [name, options] of Object.entries(all)) {
    assertAgrees(scoreLines(options), figures[name], name);
  }
});

Deno.test("tokenizers and lowercase agree with sacreBLEU's recorded ones on settled characters", async () => {
  assertEquals(await hashes(settled), SETTLED_HASHES);
});
