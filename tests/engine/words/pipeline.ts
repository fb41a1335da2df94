/** A pipeline of the tests: counts the words of texts, so that the engine is seen to know nothing of translation. */
import { z } from "zod";
import { pipeline } from "../../../engine/graph.ts";
import count from "./stages/count.ts";
import split from "./stages/split.ts";
import total from "./stages/total.ts";

const Words = z.strictObject({
  seed: z.int().default(1),
  text: z.string().min(1),
  lowercase: z.boolean().default(false),
  counts: z.record(
    z.string(),
    z.strictObject({
      longest: z.int().min(1).default(100),
      milliseconds: z.int().min(0).default(0),
    }),
  ),
});

const definition = pipeline(Words, (words, node) => {
  const { seed, text, lowercase } = words;
  const parts = node(split, { config: { text, lowercase } });
  for (const [name, config] of Object.entries(words.counts)) {
    const counted = node(count, { name, config, seed, inputs: { parts } });
    node(total, { name, config: {}, inputs: { counted } });
  }
}, {
  summary: (nodes) =>
    nodes.filter(({ name }) => name.startsWith("total:"))
      .map(({ name, metrics }) => `${name} ${metrics.words}`).join("\n"),
});

export default definition;

if (import.meta.main) {
  const { main } = await import("../../../cli.ts");
  await main(definition, Deno.args);
}
