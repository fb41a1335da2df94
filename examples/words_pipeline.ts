/** A pipeline of one's own: `examples/words_pipeline.ts FILE...` counts words, and again only where a file changed. */
import { basename } from "@std/path";
import { z } from "zod";
import { pipeline, runPipeline } from "@ckd/ckd";
import count from "./count_words.ts";

const words = pipeline(
  z.strictObject({ files: z.array(z.string().min(1)).min(1) }),
  ({ files }, node) => {
    for (const file of files) {
      node(count, { name: basename(file), config: { file } });
    }
  },
);
export default words;

if (import.meta.main) {
  const experiment = { files: Deno.args };
  const nodes = await runPipeline(words, experiment, {
    artifacts: "word-counts",
  });
  for (const { name, state, metrics } of nodes) {
    console.log(`${name}: ${metrics.words} words, ${state}`);
  }
}
