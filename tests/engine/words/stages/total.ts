/** Adds up counts. */
import { z } from "zod";
import { stage } from "../../../../engine/stage.ts";

export default stage({
  name: "total",
  module: import.meta.url,
  config: z.strictObject({}),
  inputs: { counted: ["counts"] },
  outputs: { total: { path: "total.json", mediaType: "application/json" } },
  resources: { cores: 1 },
  run: async ({ inputs, outputs }) => {
    const { counts }: { counts: Record<string, number> } = JSON.parse(
      await Deno.readTextFile(inputs.counted.counts),
    );
    const words = Object.values(counts).reduce((a, b) => a + b, 0);
    await Deno.writeTextFile(outputs.total, JSON.stringify(words));
    return { metrics: { words } };
  },
});
