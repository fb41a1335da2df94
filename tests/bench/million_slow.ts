/** A million different pairs pass the stages in little memory; prints what each stage took. */
import { assert, assertEquals } from "@std/assert";
import { corpusFiles, readRealPairs } from "../../bench/scale/pairs.ts";
import { measurePipeline } from "../../bench/scale/pipeline.ts";
import { CORPORA, corporaMissing } from "../nmt/fixtures/corpora.ts";

const PAIRS = 1_000_000, GIGABYTES = 1.5;
const missing = ["debian-messages", "libreoffice-help", "npm-messages"]
  .map((name) => corporaMissing(name)).find((each) => each !== "") ??
  (Deno.build.os === "linux" ? "" : " (ignored: peaks are read on Linux)");

Deno.test({
  name:
    `a million different pairs of three languages with English pass corpus, tokenize, 200 teacher steps and states of 100,000, each in less than 1.5 GB${missing}`,
  ignore: missing !== "",
  fn: async () => {
    Deno.env.set("CKD_BENCH_CORPUS", CORPORA);
    const taken = await measurePipeline(
      PAIRS,
      await readRealPairs(corpusFiles()),
    );
    for (const { part, pairs, seconds, peakMegabytes, different } of taken) {
      console.log(
        `${part}: ${pairs} pairs, ${seconds.toFixed(1)} s, ${
          peakMegabytes.toFixed(0)
        } MiB`,
      );
      assertEquals(different, PAIRS);
      assert(peakMegabytes * 2 ** 20 < GIGABYTES * 1e9, part);
    }
    assertEquals(taken.map(({ part }) => part), [
      ...["fetch", "corpus", "tokenize", "teacher"],
      ...["batches of an epoch", "states, d 32"],
    ]);
  },
});
