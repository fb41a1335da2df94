/** Records signals of the teacher for the training pairs, such as all layers of its encoder, once for all students. */
import { z } from "zod";
import { stage } from "../engine/graph/stage.ts";
import { Signals } from "../schemas/experiment/distillation.ts";
import { Runtime } from "../schemas/experiment/runtime.ts";
import { identityOf } from "../nmt/tensor/identities.ts";
import { RUNTIME_PERMISSIONS } from "../nmt/tensor/permissions.ts";
import { requireRuntime } from "../nmt/tensor/probe.ts";

export default stage({
  name: "states",
  module: import.meta.url,
  config: z.strictObject({
    signals: Signals,
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
  permissions: { ...RUNTIME_PERMISSIONS, sys: ["statfs"] },
  resources: { cores: "all" },
  environment: ({ runtime }) => identityOf(runtime),
  requires: ({ runtime }) => requireRuntime(runtime),
  run: async ({ config, inputs, outputs, work, progress }) => {
    const { recordStates } = await import("../nmt/states/states.ts");
    const { loadModel } = await import("../nmt/transformer/checkpoint.ts");
    const { loadRuntime } = await import("../nmt/tensor/runtime.ts");
    const { readTokens } = await import("../nmt/text/subwords/tokens.ts");
    await recordStates({
      runtime: await loadRuntime(config.runtime),
      teacher: loadModel(inputs.teacher.model, "the model of the teacher"),
      tokens: readTokens(inputs.tokens.train),
      signals: config.signals,
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
