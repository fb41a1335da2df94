/** The evaluate stage on a real file of each kind: outputs and metrics. */
import { assert, assertEquals } from "@std/assert";
import { recompute } from "../../apps/results/recompute.ts";
import { saveModel } from "../../nmt/transformer/checkpoint.ts";
import { scoreFiles } from "../../nmt/metrics/score.ts";
import { readStatistics, statisticsOf } from "../../nmt/metrics/statistics.ts";
import { Evaluation } from "../../schemas/experiment/evaluation.ts";
import compare from "../../stages/compare.ts";
import evaluate from "../../stages/evaluate.ts";
import { lacking } from "../../nmt/text/subwords/placeholders.ts";
import { trainSubwords } from "../../nmt/text/subwords/subwords.ts";
import { modelFiles } from "../nmt/decoding/model_files.ts";
import { randomModel } from "../nmt/fixtures/plain_search.ts";
import { stageContext } from "../nmt/fixtures/stage_context.ts";

Deno.test("evaluation writes a line for each test pair and its counts, and gives the scores that the score task gives", async () => {
  const folder = await Deno.makeTempDir();
  const path = (name: string) => `${folder}/${name}`;
  const targets = Array.from(
    { length: 70 },
    (_, i) => `the file ${i} was not found in folder ${i % 7}`,
  );
  await trainSubwords(targets, 290, path("tokenizer.json"));
  const saved = randomModel(290, 3);
  saveModel(path("model.safetensors"), saved);
  await Deno.writeTextFile(
    path("test.tsv"),
    targets.map((line, i) => `ficheiro ${i}\t${line}\n`).join(""),
  );
  await Deno.writeTextFile(
    path("target.txt"),
    targets.map((line) => `${line}\n`).join(""),
  );
  const run = async () => {
    const done: number[] = [];
    const { metrics = {}, measurements = {} } = await evaluate.run({
      config: {
        evaluation: Evaluation.parse({ beam: 2, lowercase: true }),
        runtime: { name: "onnx", provider: "cpu" },
      },
      ...stageContext(folder, (progress) => {
        assertEquals(progress.total, 70);
        done.push(progress.done);
      }),
      inputs: {
        model: { model: path("model.safetensors") },
        tokens: { tokenizer: path("tokenizer.json") },
        corpus: { test: path("test.tsv") },
      },
      outputs: {
        hypotheses: path("hypotheses.txt"),
        statistics: path("statistics.txt"),
      },
    });
    assertEquals(done.at(-1), 70);
    assert(Number(measurements.sentencesPerSecond) > 0);
    return {
      metrics,
      text: await Deno.readTextFile(path("hypotheses.txt")),
      statistics: await Deno.readTextFile(path("statistics.txt")),
    };
  };
  const first = await run();
  assertEquals(first.text.split("\n").length, 71);
  const counted = readStatistics(path("statistics.txt"));
  assertEquals(
    counted,
    statisticsOf(
      { tokenize: "13a", lowercase: true },
      first.text.split("\n").slice(0, -1),
      targets,
    ),
  );
  const scores = await scoreFiles({
    hypothesis: path("hypotheses.txt"),
    references: [path("target.txt")],
    metrics: ["bleu", "chrf"],
    tokenize: "13a",
    lowercase: true,
  });
  assertEquals(first.metrics, {
    bleu: Number(scores.bleu?.score.toFixed(4)),
    chrf: Number(scores.chrf?.score.toFixed(4)),
    signature: scores.bleu?.signature ?? "",
    parameters: Object.values(saved.weights).reduce(
      (sum, { length }) => sum + length,
      0,
    ),
    bytes: (await Deno.stat(path("model.safetensors"))).size,
  });
  assert(Number(first.metrics.chrf) > 0);
  assertEquals(await run(), first);

  // What is recomputed from the statistics alone is what both stages said.
  const evaluation = Evaluation.parse({ beam: 2, lowercase: true });
  const inputs = { "system:teacher": { statistics: path("statistics.txt") } };
  const compared = await compare.run({
    config: { evaluation },
    ...stageContext(folder),
    inputs,
    outputs: { comparison: path("comparison.json") },
  });
  const recomputed = (stage: string, inputs: readonly string[]) => {
    const read = (name: string) =>
      Promise.resolve(
        name === "statistics" ? path("statistics.txt") : undefined,
      );
    return recompute({
      ...{ stage, config: { evaluation }, metrics: {}, inputs },
      output: read,
      input: (_, name) => read(name),
    });
  };
  const { bleu, chrf, signature } = first.metrics;
  assertEquals(await recomputed("evaluate", ["corpus"]), {
    ...{ bleu, chrf, signature },
  });
  assertEquals(
    await recomputed("compare", Object.keys(inputs)),
    compared.metrics,
  );
  assertEquals(Object.keys(compared.metrics ?? {}).length, 5);
  await Deno.remove(folder, { recursive: true });
});

for (const most of [4, undefined]) {
  Deno.test(`a system that ${most === undefined ? "does not mask" : "masks"} placeholders has the counts of those that its translations lack or have beside the source's`, async () => {
    await using model = await modelFiles(
      (saved) => saved,
      { placeholders: most ?? 0 },
    );
    const folder = await Deno.makeTempDir();
    const path = (name: string) => `${folder}/${name}`;
    const sources = ["o ficheiro {0} de %s", "a pasta %s", "nada"];
    await Deno.writeTextFile(
      path("test.tsv"),
      sources.map((line) => `${line}\tthe file\n`).join(""),
    );
    const evaluated = async (placeholders?: true) => {
      const { metrics = {} } = await evaluate.run({
        config: {
          evaluation: Evaluation.parse({ beam: 1, placeholders }),
          runtime: { name: "onnx", provider: "cpu" },
        },
        ...stageContext(folder),
        inputs: {
          model: { model: model.modelPath },
          tokens: { tokenizer: model.tokenizerPath },
          corpus: { test: path("test.tsv") },
        },
        outputs: {
          hypotheses: path("hypotheses.txt"),
          statistics: path("statistics.txt"),
        },
      });
      return metrics;
    };
    const metrics = await evaluated(most === undefined ? true : undefined);
    const hypotheses = (await Deno.readTextFile(path("hypotheses.txt")))
      .split("\n");
    const count = (of: (source: string, hypothesis: string) => string[]) =>
      sources.reduce((sum, line, i) => sum + of(line, hypotheses[i]).length, 0);
    assertEquals(metrics.placeholders, 3);
    assertEquals(metrics.placeholdersLost, count(lacking));
    assertEquals(
      metrics.placeholdersInvented,
      count((source, hypothesis) => lacking(hypothesis, source)),
    );
    assert(Number(metrics.placeholdersLost) > 0);
    if (most === undefined) {
      assertEquals("placeholders" in await evaluated(), false);
    }
    await Deno.remove(folder, { recursive: true });
  });
}
