/** Records the teacher's hidden states of the training pairs, once for all students. */
import { z } from "zod";
import { stage } from "../engine/stage.ts";
import { RecordedLayers } from "../schemas/distillation.ts";
import { Runtime } from "../schemas/runtime.ts";
import { identityOf } from "../tensor/identities.ts";
import { RUNTIME_PERMISSIONS } from "../tensor/permissions.ts";
import { requireRuntime } from "../tensor/probe.ts";

export default stage({
  name: "states",
  module: import.meta.url,
  config: z.strictObject({
    layers: RecordedLayers,
    runtime: Runtime,
  }),
  inputs: { teacher: ["model"], tokens: ["train"] },
  outputs: {
    shards: {
      path: "shards",
      mediaType: "application/vnd.safetensors",
      folder: true,
    },
  },
  permissions: RUNTIME_PERMISSIONS,
  resources: { cores: "all" },
  environment: ({ runtime }) => identityOf(runtime),
  requires: ({ runtime }) => requireRuntime(runtime),
  run: async ({ config, inputs, outputs, work, progress }) => {
    const { recordStates } = await import("../model/states.ts");
    const { loadModel } = await import("../model/checkpoint.ts");
    const { loadRuntime } = await import("../tensor/runtime.ts");
    const { readTokens } = await import("../text/tokens.ts");
    await recordStates({
      runtime: await loadRuntime(config.runtime),
      teacher: loadModel(inputs.teacher.model, "the model of the teacher"),
      tokens: readTokens(inputs.tokens.train),
      layers: config.layers,
      folder: work,
      report: ({ pairs, of }) =>
        progress({ done: pairs, total: of, unit: "pairs" }),
    });
    // Shards gather in the folder that outlives a kill, so that an interrupted recording goes on after the last one.
    for (const { name } of Deno.readDirSync(work)) {
      Deno.renameSync(`${work}/${name}`, `${outputs.shards}/${name}`);
    }
    return {};
  },
});
