/** Adds up any number of totals, each by the name under which it was given. */
import { z } from "zod";
import { stage } from "../../../../engine/stage.ts";

export default stage({
  name: "sum",
  module: import.meta.url,
  config: z.strictObject({}),
  inputs: { "total:*": ["total"] },
  outputs: { sum: { path: "sum.json", mediaType: "application/json" } },
  resources: { cores: 1 },
  run: async ({ inputs, outputs }) => {
    const totals: Record<string, number> = {};
    for (const [name, { total }] of Object.entries(inputs)) {
      totals[name.slice("total:".length)] = JSON.parse(
        await Deno.readTextFile(total),
      );
    }
    const words = Object.values(totals).reduce((a, b) => a + b, 0);
    await Deno.writeTextFile(outputs.sum, JSON.stringify(words));
    return { metrics: { ...totals, words } };
  },
});
