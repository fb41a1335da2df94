/** A teacher of OPUS-MT's size, and a student of it, fit into 4 GB; what each stage takes is estimated before. */
import { assert } from "@std/assert";
import { measureLarge } from "../../bench/scale/large.ts";
import { findPython } from "../fixtures/python.ts";
import { CORPORA, corporaMissing } from "../nmt/fixtures/corpora.ts";

const { python, missing } = findPython("transformers, torch, sentencepiece");
const wanted = missing ?? corporaMissing("libreoffice-help");

Deno.test({
  name:
    `a model of 74 million parameters is imported, trimmed, recorded and taught from in 4 GB, each stage within 30 % of its estimate${wanted}`,
  ignore: wanted !== "",
  fn: async () => {
    Deno.env.set("CKD_BENCH_CORPUS", CORPORA);
    const stages = await measureLarge(python, { sentences: 500, steps: 4 });
    for (const name of ["import:teacher", "trim", "states", "student:ckd"]) {
      const found = stages.find(({ stage }) => stage === name);
      assert(found !== undefined, name);
      const { peakMegabytes, estimatedMegabytes } = found;
      assert(peakMegabytes < 4e9 / 2 ** 20, `${name}: ${peakMegabytes} MB`);
      const ratio = (estimatedMegabytes ?? 0) / peakMegabytes;
      assert(ratio > 0.7 && ratio < 1.3, `${name}: ${ratio}`);
    }
  },
});
