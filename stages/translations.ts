/** Translates sentences with the teacher, as targets for students: the training sources, or text without translations. */
import { z } from "zod";
import { stage } from "../engine/graph/stage.ts";
import { Language } from "../schemas/language.ts";
import { Monolingual } from "../schemas/experiment/data.ts";
import { Evaluation } from "../schemas/experiment/evaluation.ts";
import { Runtime } from "../schemas/experiment/runtime.ts";
import { Vocabulary } from "../schemas/experiment/vocabulary.ts";
import { identityOf } from "../nmt/tensor/identities.ts";
import { RUNTIME_PERMISSIONS } from "../nmt/tensor/permissions.ts";
import { requireRuntime } from "../nmt/tensor/probe.ts";

export default stage({
  name: "translations",
  module: import.meta.url,
  config: z.strictObject({
    ...Evaluation.pick({ beam: true, lengthPenalty: true }).shape,
    /** Most subwords of a translation; by default those that a model can translate. */
    maximumLength: z.int().min(1).optional(),
    minimumScore: Monolingual.shape.minimumScore,
    runtime: Runtime,
    /** How many placeholders have a reserved subword: those of a translation are to be its source's. */
    placeholders: Vocabulary.shape.placeholders,
    /** The source languages that have a token, before these subwords. */
    languages: z.array(Language).min(2).optional(),
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
  run: async ({ config, inputs, outputs, work, log, progress }) => {
    const { loadModel } = await import("../nmt/transformer/checkpoint.ts");
    const { createParallelTranslator } = await import(
      "../nmt/decoding/parallel_translator.ts"
    );
    const { translateTokens } = await import(
      "../nmt/decoding/teacher_translations.ts"
    );
    const { rounded } = await import("../nmt/metrics/metric.ts");
    const { loadRuntime } = await import("../nmt/tensor/runtime.ts");
    const { readTokens, writeTokens } = await import(
      "../nmt/text/subwords/tokens.ts"
    );
    const { runtime, languages = [], placeholders = 0, ...search } = config;
    const { maximumLength, minimumScore, ...options } = search;
    const teacher = loadModel(inputs.teacher.model, "the model of the teacher");
    const translator = createParallelTranslator(
      await loadRuntime(runtime),
      teacher,
    );
    const given = readTokens(inputs.tokens.train);
    const { tokens, translated, dropped, meanScore } = await translateTokens({
      translator,
      tokens: given,
      options,
      limits: { maximumLength, minimumScore },
      reserved: { languages, placeholders, casing: false },
      folder: work,
      report: (done) =>
        progress({ done, total: given.pairs, unit: "sentences" }),
    });
    await translator.dispose();
    writeTokens(outputs.train, tokens);
    log(
      `${tokens.pairs} of ${translated} translations kept, mean score ${
        meanScore.toFixed(3)
      }`,
    );
    return {
      metrics: {
        translated,
        pairs: tokens.pairs,
        ...dropped,
        meanScore: rounded(meanScore),
        targetTokens: tokens.target.ids.length,
      },
    };
  },
});
