/** Selection: chooses the hyperparameters of the trial with the best validation BLEU. */
import { z } from "zod";
import { joined } from "../engine/graph/permissions.ts";
import { stage } from "../engine/graph/stage.ts";
import { Translation } from "../schemas/experiment/evaluation.ts";
import { Runtime } from "../schemas/experiment/runtime.ts";
import { Hyperparameters } from "../schemas/experiment/tuning.ts";
import { identityOf } from "../nmt/tensor/identities.ts";
import { RUNTIME_PERMISSIONS } from "../nmt/tensor/permissions.ts";
import { requireRuntime } from "../nmt/tensor/probe.ts";
import { SUBWORDS_PERMISSIONS } from "../nmt/text/subwords/permissions.ts";

export default stage({
  name: "choose",
  module: import.meta.url,
  config: z.strictObject({
    /** The hyperparameters of each trial by name. */
    points: z.record(z.string(), Hyperparameters),
    evaluation: Translation,
    runtime: Runtime,
  }),
  inputs: {
    "trial:*": ["model"],
    tokens: ["tokenizer"],
    corpus: ["validation"],
  },
  outputs: {
    choice: { path: "choice.json", mediaType: "application/json" },
  },
  permissions: joined(RUNTIME_PERMISSIONS, SUBWORDS_PERMISSIONS),
  resources: { cores: "all" },
  environment: ({ runtime }) => identityOf(runtime),
  requires: ({ runtime }) => requireRuntime(runtime),
  run: async ({ config, inputs, outputs, log, progress }) => {
    const { translateWith } = await import("../nmt/decoding/translate.ts");
    const { rounded } = await import("../nmt/metrics/metric.ts");
    const { scoreLines } = await import("../nmt/metrics/score.ts");
    const { readPairs } = await import("../nmt/text/subwords/tokenize.ts");
    const { writeSelection } = await import(
      "../schemas/experiment/tuning.ts"
    );
    const { points, evaluation, runtime } = config;
    const pairs = await readPairs(inputs.corpus.validation);
    const names = Object.keys(points);
    const tried: { name: string; bleu: number }[] = [];
    for (const [index, name] of names.entries()) {
      const { lines } = await translateWith({
        runtime,
        model: inputs[`trial:${name}`].model,
        tokenizer: inputs.tokens.tokenizer,
        sources: pairs.map(({ source }) => source),
        options: {
          ...evaluation,
          report: (done) =>
            progress({
              done: index * pairs.length + done,
              total: names.length * pairs.length,
              unit: "sentences",
            }),
        },
      });
      const { bleu } = scoreLines({
        ...evaluation,
        metrics: ["bleu"],
        hypotheses: lines,
        references: [pairs.map(({ target }) => target)],
      });
      log(`${name}: validation BLEU ${bleu.score.toFixed(2)}`);
      tried.push({ name, bleu: rounded(bleu.score) });
    }
    // Of equals the first by name.
    const best = tried.toSorted((a, b) => b.bleu - a.bleu)[0];
    writeSelection(outputs.choice, points[best.name]);
    return {
      metrics: {
        chosen: best.name,
        ...Object.fromEntries(
          tried.map(({ name, bleu }) => [`validationBleu ${name}`, bleu]),
        ),
      },
    };
  },
});
