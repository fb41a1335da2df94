/** A pipeline of the tests: counts the words of texts, so that the engine is seen to know nothing of translation. */
import { z } from "zod";
import { type NodeFunction, pipeline } from "../../../engine/graph.ts";
import type { Metrics } from "../../../schemas/manifest.ts";
import count from "./stages/count.ts";
import split from "./stages/split.ts";
import sum from "./stages/sum.ts";
import total from "./stages/total.ts";

const counts = z.record(
  z.string(),
  z.strictObject({
    longest: z.int().min(1).default(100),
    milliseconds: z.int().min(0).default(0),
  }),
);

const Words = z.strictObject({
  seed: z.int().default(1),
  text: z.string().min(1).optional(),
  lowercase: z.boolean().default(false),
  counts: counts.default({}),
  /** Whether all totals are added up. */
  sum: z.boolean().default(false),
  /** Further texts, each with its own counts, in nodes with its name as their prefix. */
  texts: z.record(
    z.string(),
    z.strictObject({ text: z.string().min(1), counts }),
  ).default({}),
});
type Words = z.infer<typeof Words>;

const definition = pipeline(Words, (words, node) => {
  countWords(words, node);
  for (const [name, text] of Object.entries(words.texts)) {
    countWords({ ...words, ...text }, node.within(name));
  }
}, {
  summary: (nodes) =>
    nodes.filter(({ name }) => name.startsWith("total:"))
      .map(({ name, metrics }) => `${name} ${metrics.words}`).join("\n"),
  recompute: async ({ stage, output }): Promise<Metrics | undefined> => {
    if (stage !== "total") return {};
    const path = await output("total");
    return path === undefined
      ? undefined
      : { words: JSON.parse(await Deno.readTextFile(path)) };
  },
});

function countWords(words: Words, node: NodeFunction): void {
  const { seed, text, lowercase } = words;
  if (text === undefined) return;
  const parts = node(split, { config: { text, lowercase } });
  const totals = Object.entries(words.counts).map(([name, config]) => {
    const counted = node(count, { name, config, seed, inputs: { parts } });
    const handle = node(total, { name, config: {}, inputs: { counted } });
    return [`total:${name}`, handle] as const;
  });
  if (words.sum) {
    node(sum, { config: {}, inputs: Object.fromEntries(totals) });
  }
}

export default definition;
