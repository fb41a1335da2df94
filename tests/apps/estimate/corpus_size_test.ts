/** The size of a corpus that is not made yet, by the bytes of its files. */
import { assertEquals } from "@std/assert";
import {
  heldOutSize,
  trainingSize,
} from "../../../apps/estimate/corpus_size.ts";
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

Deno.test("corpora of several source languages that are joined count together behind the join, each for itself before it", () =>
  withFolder((folder) => {
    const corpusOf = (source: string, bytes: number): Step => {
      const train = `${folder}/${source}.tsv`;
      Deno.writeFileSync(train, new Uint8Array(bytes));
      const languages = { source, target: "en" };
      const config = { data: { train }, languages, corpus: {} };
      return { stage: "corpus", config, inputs: {}, metrics: {} };
    };
    const [pt, tr] = [corpusOf("pt", 86_000), corpusOf("tr", 43_000)];
    const join: Step = {
      ...{ stage: "join", config: {}, metrics: {} },
      inputs: { corpus: "corpus", "corpus:tr": "tr/corpus" },
    };
    const nodes = new Map([["corpus", pt], ["tr/corpus", tr]]);
    const sized = (nodes: Map<string, Step>, step: Step) =>
      Math.round(trainingSize(nodes, new Map(), step)?.pairs ?? 0);
    const [ofPt, ofTr] = [sized(nodes, pt), sized(nodes, tr)];
    const all = new Map([...nodes, ["join", join]]);
    assertEquals(sized(all, join), ofPt + ofTr);
    assertEquals([sized(all, pt), sized(all, tr)], [ofPt, ofTr]);
    assertEquals(
      heldOutSize(all, "validation", join, { ...COUNTED, pairs: 4000 }).pairs,
      2 * heldOutSize(all, "validation", pt, COUNTED).pairs,
    );
    all.set("tokenize", tokenize("join"));
    assertEquals(trainingSize(all, new Map(), join), COUNTED);
    // Two thirds of the bytes, and of what was counted.
    assertEquals(trainingSize(all, new Map(), pt), {
      ...{ pairs: 2, sourceTokens: 4, targetTokens: 6 },
    });
  }));

Deno.test("a corpus that was tokenized has what was counted, also when its files and its descriptor are gone", () => {
  const data = { descriptor: "/nonexistent/data.json" };
  const config = {
    data,
    languages: { source: "pt", target: "en" },
    corpus: {},
  };
  const corpus: Step = { stage: "corpus", config, inputs: {}, metrics: {} };
  const recorded = new Map([["corpus", corpus], [
    "tokenize",
    tokenize("corpus"),
  ]]);
  assertEquals(trainingSize(recorded, recorded, corpus), COUNTED);
});

const COUNTED = { pairs: 3, sourceTokens: 6, targetTokens: 9 };

/** A node that has tokenized a corpus, and counted. */
function tokenize(corpus: string): Step {
  return {
    ...{ stage: "tokenize", config: {}, inputs: { corpus } },
    metrics: {
      trainPairs: COUNTED.pairs,
      trainSourceTokens: COUNTED.sourceTokens,
      trainTargetTokens: COUNTED.targetTokens,
    },
  };
}
