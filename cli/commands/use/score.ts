/** The task `score`: corpus BLEU and chrF of a file of hypotheses. */
import { inputError, suggestion } from "../../../base/input_error.ts";
import { Evaluation } from "../../../schemas/experiment/evaluation.ts";
import { command } from "../../command.ts";
import { EXIT } from "../../exit.ts";
import { load } from "../../load.ts";
import { argument, flag, json, option } from "../../options.ts";

const METRICS = ["bleu", "chrf"] as const;
type Metric = typeof METRICS[number];

export default command({
  name: "score",
  group: "use",
  summary: "corpus BLEU and chrF of a hypothesis file",
  needsPipeline: false,
  arguments: {
    hypothesis: argument("<hypothesis>"),
    references: argument("<references...>"),
  },
  options: {
    against: option("<file>", "a second hypothesis, compared by bootstrap"),
    metric: option<Metric[]>("<names>", "bleu, chrf or both", {
      parse: metricNames,
      default: [...METRICS],
      suggest: { values: () => METRICS, files: false },
    }),
    tokenize: option<string>("<name>", "tokenizer of BLEU", {
      default: "13a",
      suggest: {
        values: () => Evaluation.shape.tokenize.unwrap().options,
        files: false,
      },
    }),
    lowercase: flag("ignores case"),
    json,
  },
  examples: [
    ["target.txt reference.txt", "BLEU and chrF"],
    ["a.txt reference.txt --against b.txt", "and whether a beats b"],
  ],
  run: async ({ console }, { metric: metrics, json, ...values }) => {
    const { scoreFiles, formatScores } = await load<
      typeof import("../../../nmt/metrics/score.ts")
    >(import.meta.resolve("../../../nmt/metrics/score.ts"));
    const report = await scoreFiles({ ...values, metrics });
    console.out((json ? JSON.stringify(report) : formatScores(report)) + "\n");
    return EXIT.done;
  },
});

/** Names of metrics, separated by commas. */
function metricNames(text: string): Metric[] {
  return text.split(",").map((part) => {
    const name = part.trim().toLowerCase();
    const metric = METRICS.find((metric) => metric === name);
    if (metric !== undefined) return metric;
    throw inputError(
      `Cannot score with "${name}"${
        suggestion(name, METRICS).replace("?", "") ||
        `; there are ${METRICS.join(", ")}`
      }.`,
    );
  });
}
