/** A stage that writes a number and takes no time, so that a run measures the engine. */
import { z } from "zod";
import { stage } from "../../engine/graph/stage.ts";

export default stage({
  name: "number",
  module: import.meta.url,
  config: z.strictObject({ number: z.int(), bytes: z.int() }),
  inputs: { above: ["number"] },
  optional: ["above"],
  outputs: { number: { path: "number", mediaType: "text/plain" } },
  resources: { cores: 1 },
  run: async ({ config: { number, bytes }, outputs }) => {
    using file = await Deno.create(outputs.number);
    await write(file, new TextEncoder().encode(`${number}\n`));
    const zeros = new Uint8Array(1 << 20);
    for (let left = bytes; left > 0; left -= zeros.length) {
      await write(file, zeros.subarray(0, left));
    }
    return {};
  },
});

async function write(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await file.write(bytes.subarray(at));
  }
}
