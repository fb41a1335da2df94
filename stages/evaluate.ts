/** Translates the test set with a model: translations and their statistics, scores, size and speed. */
import { z } from "zod";
import { joined } from "../engine/graph/permissions.ts";
import { stage } from "../engine/graph/stage.ts";
import { Translation } from "../schemas/experiment/evaluation.ts";
import { Runtime } from "../schemas/experiment/runtime.ts";
import { identityOf } from "../nmt/tensor/identities.ts";
import { RUNTIME_PERMISSIONS } from "../nmt/tensor/permissions.ts";
import { requireRuntime } from "../nmt/tensor/probe.ts";
import { SUBWORDS_PERMISSIONS } from "../nmt/text/subwords/permissions.ts";

export default stage({
  name: "evaluate",
  module: import.meta.url,
  config: z.strictObject({ evaluation: Translation, runtime: Runtime }),
  inputs: { model: ["model"], tokens: ["tokenizer"], corpus: ["test"] },
  outputs: {
    hypotheses: { path: "hypotheses.txt", mediaType: "text/plain" },
    statistics: { path: "statistics.txt", mediaType: "text/plain" },
  },
  permissions: joined(RUNTIME_PERMISSIONS, SUBWORDS_PERMISSIONS),
  resources: { cores: "all" },
  environment: ({ runtime }) => identityOf(runtime),
  requires: ({ runtime }) => requireRuntime(runtime),
  run: async ({ config, inputs, outputs, log, progress }) => {
    const { parametersOf } = await import("../nmt/transformer/parameters.ts");
    const { translateWith } = await import("../nmt/decoding/translate.ts");
    const { rounded } = await import("../nmt/metrics/metric.ts");
    const { scoresOf, statisticsOf, statisticsText } = await import(
      "../nmt/metrics/statistics.ts"
    );
    const { placeholderCounts } = await import(
      "../nmt/text/subwords/placeholders.ts"
    );
    const { readPairs } = await import("../nmt/text/subwords/tokenize.ts");
    const { evaluation, runtime } = config;

    const pairs = await readPairs(inputs.corpus.test);
    const sources = pairs.map(({ source }) => source);
    const translated = await translateWith({
      runtime,
      model: inputs.model.model,
      tokenizer: inputs.tokens.tokenizer,
      sources,
      options: {
        ...evaluation,
        report: (done) =>
          progress({ done, total: pairs.length, unit: "sentences" }),
      },
    });
    const { saved, lines: hypotheses, masks, seconds } = translated;
    await Deno.writeTextFile(
      outputs.hypotheses,
      hypotheses.map((line) => `${line}\n`).join(""),
    );
    const statistics = statisticsOf(
      evaluation,
      hypotheses,
      pairs.map(({ target }) => target),
    );
    await Deno.writeTextFile(outputs.statistics, statisticsText(statistics));
    const scores = scoresOf(evaluation, statistics);
    log(`BLEU ${scores.bleu.toFixed(2)}, chrF ${scores.chrf.toFixed(2)}`);
    return {
      metrics: {
        ...scores,
        parameters: parametersOf(saved),
        bytes: (await Deno.stat(inputs.model.model)).size,
        ...(masks || evaluation.placeholders) &&
          placeholderCounts(sources, hypotheses),
      },
      measurements: {
        seconds: rounded(seconds),
        sentencesPerSecond: rounded(pairs.length / seconds),
      },
    };
  },
});
