/** Splits the user's text into a folder of one file a line. */
import { z } from "zod";
import { stage } from "../../../../engine/stage.ts";

export default stage({
  name: "split",
  module: import.meta.url,
  config: z.strictObject({ text: z.string(), lowercase: z.boolean() }),
  inputs: {},
  outputs: {
    lines: { path: "lines", mediaType: "inode/directory", folder: true },
    size: { path: "size.json", mediaType: "application/json" },
  },
  resources: { cores: 1 },
  files: ({ text }) => [text],
  run: async ({ config, files, outputs, log }) => {
    const { clean } = await import("../clean.ts");
    const text = clean(
      await Deno.readTextFile(files[config.text]),
      config.lowercase,
    );
    const lines = text.trim().split("\n");
    for (const [i, line] of lines.entries()) {
      await Deno.writeTextFile(`${outputs.lines}/${i}.txt`, line + "\n");
    }
    await Deno.writeTextFile(outputs.size, JSON.stringify(lines.length));
    log(`${lines.length} lines`);
    return { metrics: { lines: lines.length } };
  },
});
