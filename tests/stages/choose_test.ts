/** The choice among the trials of a grid: by validation BLEU, as the score task gives it, and recorded with all scores. */
import { assert, assertEquals } from "@std/assert";
import {
  type SavedModel,
  saveModel,
} from "../../nmt/transformer/checkpoint.ts";
import { createTranslator } from "../../nmt/decoding/beam_search.ts";
import { translateLines } from "../../nmt/decoding/translate.ts";
import { Evaluation } from "../../schemas/experiment/evaluation.ts";
import { Distillation } from "../../schemas/experiment/distillation.ts";
import { StudentModel, Training } from "../../schemas/experiment/model.ts";
import {
  type Hyperparameters,
  selectedStudent,
  writeSelection,
} from "../../schemas/experiment/tuning.ts";
import { scoreFiles } from "../../nmt/metrics/score.ts";
import choose from "../../stages/choose.ts";
import hyperparameters from "../../stages/tuning/hyperparameters.ts";
import { EOS } from "../../schemas/experiment/vocabulary.ts";
import { loadRuntime } from "../../nmt/tensor/runtime.ts";
import {
  loadSubwords,
  trainSubwords,
} from "../../nmt/text/subwords/subwords.ts";
import { randomModel } from "../nmt/fixtures/plain_search.ts";
import { stageContext } from "../nmt/fixtures/stage_context.ts";

const VOCABULARY = 300;
/** Ids below are special or single bytes; those above are of the words of the sources. */
const FIRST_MERGED = 3 + 256;
const evaluation = Evaluation.parse({ beam: 2 });

const folder = Deno.makeTempDirSync({ prefix: "choose-" });
globalThis.addEventListener(
  "unload",
  () => Deno.removeSync(folder, { recursive: true }),
);
const path = (name: string) => `${folder}/${name}`;
const lines = (all: readonly string[]) =>
  all.map((line) => `${line}\n`).join("");

const sources = Array.from(
  { length: 40 },
  (_, i) => `the file ${i} was not found in folder ${i % 7}`,
);
await trainSubwords(sources, VOCABULARY, path("tokenizer"));
const models = { one: wordy(3), other: wordy(4) };

/** A random model that has no preference for single bytes, so that what it says is text. */
function wordy(seed: number): SavedModel {
  const saved = randomModel(VOCABULARY, seed);
  const { width } = saved.model;
  saved.weights.embedding.fill(0, (EOS + 1) * width, FIRST_MERGED * width);
  return saved;
}

/** What a model says of the sources, as references can be written. */
async function translationsOf(saved: SavedModel): Promise<string[]> {
  const translator = await createTranslator(await loadRuntime(), saved);
  const subwords = await loadSubwords(path("tokenizer"));
  const translations = await translateLines(
    translator,
    subwords,
    sources,
    evaluation,
  );
  await translator.dispose();
  return translations.map((line) => line.replace(/\s+/g, " "));
}

const said = {
  one: await translationsOf(models.one),
  other: await translationsOf(models.other),
};

/** Chooses among the trials, each of a model, on validation pairs with these references. */
async function chosen(
  trials: Readonly<Record<string, SavedModel>>,
  references: readonly string[],
) {
  Deno.writeTextFileSync(
    path("validation"),
    lines(sources.map((source, i) => `${source}\t${references[i]}`)),
  );
  const points = Object.fromEntries(
    Object.keys(trials).map((name, i): [string, Hyperparameters] => [
      name,
      { alpha: 0.1 * i, beta: 0.2, temperature: 1 + i, dropout: 0.1 * i },
    ]),
  );
  const given = Object.fromEntries(
    Object.entries(trials).map(([name, saved]) => {
      saveModel(path(name), saved);
      return [`trial:${name}` as const, { model: path(name) }];
    }),
  );
  const done: number[] = [];
  const { metrics = {} } = await choose.run({
    config: {
      points,
      evaluation,
      runtime: { name: "onnx", provider: "cpu" },
    },
    ...stageContext(folder, (progress) => {
      assertEquals(progress.total, Object.keys(trials).length * sources.length);
      done.push(progress.done);
    }),
    inputs: {
      ...given,
      tokens: { tokenizer: path("tokenizer") },
      corpus: { validation: path("validation") },
    },
    outputs: { choice: path("choice.json") },
  });
  assertEquals(done.at(-1), Object.keys(trials).length * sources.length);
  const choice = Deno.readTextFileSync(path("choice.json"));
  return { metrics, points, choice: JSON.parse(choice) };
}

Deno.test("the trial that translates the validation pairs best is chosen, wherever it stands among them", async () => {
  const trials = { first: models.one, second: models.other };
  for (
    const [best, references] of [
      ["first", said.one],
      ["second", said.other],
    ] as const
  ) {
    const { metrics, points, choice } = await chosen(trials, references);
    assertEquals(metrics.chosen, best);
    assertEquals(choice, points[best]);
    const scores = [
      metrics["validationBleu first"],
      metrics["validationBleu second"],
    ].map(Number);
    assertEquals(Math.max(...scores), metrics[`validationBleu ${best}`]);
    assert(scores[0] !== scores[1]);
  }
});

Deno.test("its scores are those that the score task gives", async () => {
  const references = said.one.map((line, i) => i % 3 === 0 ? line : sources[i]);
  const { metrics } = await chosen({ only: models.one }, references);
  Deno.writeTextFileSync(path("hypotheses"), lines(said.one));
  Deno.writeTextFileSync(path("references"), lines(references));
  const { bleu } = await scoreFiles({
    hypothesis: path("hypotheses"),
    references: [path("references")],
    metrics: ["bleu"],
    tokenize: "13a",
    lowercase: false,
  });
  assert(bleu !== undefined && bleu.score > 1 && bleu.score < 99);
  assertEquals(metrics, {
    chosen: "only",
    "validationBleu only": Number(bleu.score.toFixed(4)),
  });
});

Deno.test("of trials with equal scores the first by name is chosen", async () => {
  const { metrics, points, choice } = await chosen(
    {
      "alpha0.3": models.other,
      "alpha0.5": models.one,
      "alpha0.7": models.one,
    },
    said.one,
  );
  assertEquals(
    metrics["validationBleu alpha0.5"],
    metrics["validationBleu alpha0.7"],
  );
  assertEquals(choice, points["alpha0.5"]);
});

Deno.test("a choice has the bytes of the hyperparameters of the trial that is chosen, so that a student that takes either has one key", async () => {
  const { points } = await chosen({ only: models.one }, said.one);
  const { dropout: _, ...withoutDropout } = points.only;
  const withWarmup = { ...withoutDropout, warmup: 40 };
  for (const point of [points.only, withoutDropout, withWarmup]) {
    await hyperparameters.run({
      config: point,
      ...stageContext(folder, () => {}),
      inputs: {},
      outputs: { choice: path("hyperparameters.json") },
    });
    const written = Deno.readTextFileSync(path("hyperparameters.json"));
    assertEquals(JSON.parse(written), point);
    if (point !== points.only) continue;
    assertEquals(written, Deno.readTextFileSync(path("choice.json")));
  }
});

Deno.test("a student that takes a choice has its weights, dropout and warmup, and keeps what the choice leaves out", () => {
  const own = {
    model: StudentModel.parse({ dropout: 0.3 }),
    training: Training.parse({ warmup: 100 }),
    distillation: Distillation.parse({}),
  };
  const weights = { alpha: 0.5, beta: 0, temperature: 2 };
  writeSelection(path("weights.json"), weights);
  assertEquals(selectedStudent(own, path("weights.json")), {
    ...own,
    distillation: { ...own.distillation, ...weights },
  });
  const choice = { ...weights, dropout: 0.1, warmup: 40 };
  writeSelection(path("all.json"), choice);
  const { model, training } = selectedStudent(own, path("all.json"));
  assertEquals([model.dropout, training.warmup], [0.1, 40]);
});
