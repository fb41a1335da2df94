/** Counts words file by file, slowly where asked to, from its checkpoint where it was killed. */
import { z } from "zod";
import { stage } from "../../../../engine/stage.ts";

export default stage({
  name: "count",
  module: import.meta.url,
  config: z.strictObject({ longest: z.int(), milliseconds: z.int() }),
  inputs: { parts: ["lines"] },
  outputs: { counts: { path: "counts.json", mediaType: "application/json" } },
  resources: { cores: 1 },
  run: async ({ config, seed, inputs, outputs, work, log, progress }) => {
    const names = [...Deno.readDirSync(inputs.parts.lines)]
      .map((entry) => entry.name).sort();
    const checkpoint = `${work}/counts.json`;
    const counts: Record<string, number> = {};
    try {
      Object.assign(counts, JSON.parse(await Deno.readTextFile(checkpoint)));
      log(`resumed after ${Object.keys(counts).length} files`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    for (const [i, name] of names.entries()) {
      if (name in counts) continue;
      const text = await Deno.readTextFile(`${inputs.parts.lines}/${name}`);
      const words = text.trim().split(/\s+/)
        .filter((word) => word.length <= config.longest);
      counts[name] = words.length;
      await Deno.writeTextFile(checkpoint + ".tmp", JSON.stringify(counts));
      await Deno.rename(checkpoint + ".tmp", checkpoint);
      progress({ done: i + 1, total: names.length, unit: "files" });
      await new Promise((done) => setTimeout(done, config.milliseconds));
    }
    await Deno.writeTextFile(outputs.counts, JSON.stringify({ seed, counts }));
    return { measurements: { filesPerSecond: Math.random() } };
  },
});
