/** A stage that counts the words of a file of the user. */
import { z } from "zod";
import { stage } from "@ckd/ckd/stage";

export default stage({
  name: "count",
  module: import.meta.url,
  config: z.strictObject({ file: z.string().min(1) }),
  inputs: {},
  outputs: { words: { path: "words.json", mediaType: "application/json" } },
  files: ({ file }) => [file],
  run: async ({ config, files, outputs, log }) => {
    const text = await Deno.readTextFile(files[config.file]);
    const words = text.split(/\s+/).filter((word) => word !== "");
    await Deno.writeTextFile(outputs.words, JSON.stringify(words) + "\n");
    log(`${words.length} words in ${config.file}`);
    return { metrics: { words: words.length } };
  },
});
