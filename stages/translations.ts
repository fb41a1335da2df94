/** Translates the training sentences with the teacher, as targets for students. */
import { z } from "zod";
import { stage } from "../engine/graph/stage.ts";
import { Evaluation } from "../schemas/experiment/evaluation.ts";
import { Runtime } from "../schemas/experiment/runtime.ts";
import { identityOf } from "../nmt/tensor/identities.ts";
import { RUNTIME_PERMISSIONS } from "../nmt/tensor/permissions.ts";
import { requireRuntime } from "../nmt/tensor/probe.ts";

export default stage({
  name: "translations",
  module: import.meta.url,
  config: z.strictObject({
    ...Evaluation.pick({ beam: true, lengthPenalty: true }).shape,
    runtime: Runtime,
  }),
  inputs: { teacher: ["model"], tokens: ["train"] },
  outputs: {
    train: {
      path: "train.safetensors",
      mediaType: "application/vnd.safetensors",
    },
  },
  permissions: RUNTIME_PERMISSIONS,
  resources: { cores: "all" },
  environment: ({ runtime }) => identityOf(runtime),
  requires: ({ runtime }) => requireRuntime(runtime),
  run: async ({ config, inputs, outputs, work, progress }) => {
    const { loadModel } = await import("../nmt/transformer/checkpoint.ts");
    const { createTranslator } = await import("../nmt/decoding/beam_search.ts");
    const { translateTokens } = await import(
      "../nmt/decoding/teacher_translations.ts"
    );
    const { loadRuntime } = await import("../nmt/tensor/runtime.ts");
    const { readTokens, writeTokens } = await import(
      "../nmt/text/subwords/tokens.ts"
    );
    const { runtime, ...options } = config;
    const teacher = loadModel(inputs.teacher.model, "the model of the teacher");
    const translator = await createTranslator(
      await loadRuntime(runtime),
      teacher,
    );
    const tokens = readTokens(inputs.tokens.train);
    const translated = await translateTokens({
      translator,
      tokens,
      options,
      folder: work,
      report: (done) =>
        progress({ done, total: tokens.pairs, unit: "sentences" }),
    });
    await translator.dispose();
    writeTokens(outputs.train, translated);
    return {
      metrics: {
        pairs: translated.pairs,
        targetTokens: translated.target.ids.length,
      },
    };
  },
});
