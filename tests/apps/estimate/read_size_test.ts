/** What nodes read where text of one language is translated and joined with the pairs. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { readSize } from "../../../apps/estimate/read_size.ts";
import type { Step } from "../../../engine/graph/estimate.ts";
import { withFolder } from "../../nmt/fixtures/folder.ts";

const PAIRS = { pairs: 100, sourceTokens: 1000, targetTokens: 2000 };

const step = (stage: string, inputs: Record<string, string> = {}): Step => (
  { stage, inputs, config: {}, metrics: {} }
);

/** A model of the pairs and the text, as `corpus.monolingual` gives it. */
function nodesOf(monolingual: Partial<Step>): Map<string, Step> {
  const text = step("monolingual", { corpus: "corpus", tokens: "tokenize" });
  return new Map([
    ["corpus", step("corpus")],
    ["tokenize", step("tokenize", { corpus: "corpus" })],
    ["monolingual", { ...text, ...monolingual }],
    ["translations", step("translations", { tokens: "monolingual" })],
    [
      "mixture",
      step("mixture", { pairs: "tokenize", monolingual: "translations" }),
    ],
    ["trim", step("trim", { tokens: "tokenize", trainingData: "mixture" })],
    ["states", step("states", { tokens: "trim", teacher: "trim" })],
    ["student", step("student", { tokens: "tokenize", lessons: "mixture" })],
    ["evaluate", step("evaluate", { corpus: "corpus", tokens: "trim" })],
  ]);
}

const sizesOf = (nodes: Map<string, Step>, recorded = nodes) =>
  Object.fromEntries(
    [...nodes.keys()].map((name) => {
      const size = readSize(nodes, recorded, name, PAIRS);
      return [name, [size.pairs, size.sourceTokens, size.targetTokens]];
    }),
  );

const SIZES = (text: number[], both: number[]) => ({
  corpus: [100, 1000, 2000],
  tokenize: [100, 1000, 2000],
  monolingual: text,
  translations: text,
  mixture: both,
  trim: both,
  states: both,
  student: both,
  evaluate: [100, 1000, 2000],
});

const text = (limit?: number, files = ["/nonexistent/general.pt"]) => ({
  config: { text: { files, limit }, language: "pt" },
});

Deno.test("a mixture is the pairs and the text of one language: before it is made its limit, of sentences as long as the pairs'", () => {
  assertEquals(
    sizesOf(nodesOf(text(50))),
    SIZES([50, 500, 1000], [150, 1500, 3000]),
  );
  // Of files that are not there nothing is known.
  assertEquals(
    sizesOf(nodesOf(text())),
    SIZES([100, 1000, 2000], [200, 2000, 4000]),
  );
});

Deno.test("text has no more sentences than its files hold", () =>
  withFolder((folder) => {
    const path = `${folder}/general.pt`;
    // 20 sentences of 14 subwords of 4.3 bytes.
    Deno.writeFileSync(path, new Uint8Array(1204));
    for (const limit of [undefined, 1000]) {
      const nodes = nodesOf(text(limit, [path]));
      const { pairs } = readSize(nodes, nodes, "translations", PAIRS);
      assertAlmostEquals(pairs, 20);
    }
  }));

Deno.test("what was kept of the text is counted, in this experiment or as another has recorded the same text", () => {
  const metrics = { kept: 40, sourceTokens: 700 };
  const expected = SIZES([40, 700, 1400], [140, 1700, 3400]);
  const made = nodesOf({ ...text(50), metrics });
  assertEquals(sizesOf(made), expected);
  assertEquals(sizesOf(nodesOf(text(50)), made), expected);
  const other = nodesOf({ ...text(60), metrics });
  assertEquals(
    sizesOf(nodesOf(text(50)), other),
    SIZES([50, 500, 1000], [150, 1500, 3000]),
  );
});
