/** BLEU, chrF2, their p-values and tokens equal the recorded ones of sacreBLEU. */
import { assertEquals } from "@std/assert";
import { compilerMessages } from "./sacrebleu.ts";
import {
  hashes,
  settled,
  SETTLED_HASHES,
  testRecorded,
} from "./sacrebleu_agreement.ts";

testRecorded(compilerMessages()[0]);

Deno.test("tokenizers and lowercase agree with sacreBLEU's recorded ones on settled characters", async () => {
  assertEquals(await hashes(settled), SETTLED_HASHES);
});
