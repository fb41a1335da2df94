/** The size of a corpus that is not made yet, by the bytes of its files. */
import { assertEquals } from "@std/assert";
import { trainingSize } from "../../../apps/estimate/corpus_size.ts";
import type { Step } from "../../../engine/graph/estimate.ts";
import { withFolder } from "../../nmt/fixtures/folder.ts";

Deno.test("a compressed file gives three times its bytes of text, however it is compressed", () =>
  withFolder((folder) => {
    const pairsOf = (name: string) => {
      const train = `${folder}/${name}`;
      Deno.writeFileSync(train, new Uint8Array(86_000));
      const languages = { source: "pt", target: "en" };
      const config = { data: { train }, languages, corpus: {} };
      const step: Step = { stage: "corpus", config, inputs: {}, metrics: {} };
      return trainingSize(new Map(), new Map(), step)?.pairs ?? 0;
    };
    const plain = pairsOf("a.tsv");
    for (const name of ["a.tsv.gz", "a.tsv.zst", "a.zip", "a.tgz"]) {
      assertEquals(Math.round(pairsOf(name)), Math.round(3 * plain), name);
    }
  }));
