/** The stages that train: random numbers by role, on real files, and the scores of the checkpoints that they chose among. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import pipeline from "../../pipeline.ts";
import {
  Distillation,
  signalsOf,
} from "../../schemas/experiment/distillation.ts";
import { Model, Training } from "../../schemas/experiment/model.ts";
import { Runtime } from "../../schemas/experiment/runtime.ts";
import { loadModel } from "../../nmt/transformer/checkpoint.ts";
import {
  initialWeights,
  parameterShapes,
  type Weights,
} from "../../nmt/transformer/parameters.ts";
import { scoreLines } from "../../nmt/metrics/score.ts";
import { translateWith } from "../../nmt/decoding/translate.ts";
import { trainSubwords } from "../../nmt/text/subwords/subwords.ts";
import states from "../../stages/states.ts";
import student from "../../stages/student.ts";
import teacher from "../../stages/teacher.ts";
import tokenize from "../../stages/tokenize.ts";
import { stageContext } from "../nmt/fixtures/stage_context.ts";

const SIZE = 300;
const folder = Deno.makeTempDirSync({ prefix: "training-" });
globalThis.addEventListener(
  "unload",
  () => Deno.removeSync(folder, { recursive: true }),
);
const path = (name: string) => `${folder}/${name}`;
const pairs = Array.from({ length: 80 }, (_, i) => [
  `o ficheiro ${i} não foi encontrado na pasta ${i % 7}`,
  `the file ${i} was not found in folder ${i % 7}`,
]);
const [train, validation] = [pairs.slice(0, 60), pairs.slice(60)];
for (const [name, part] of Object.entries({ train, validation })) {
  Deno.writeTextFileSync(
    path(name),
    part.map((pair) => `${pair.join("\t")}\n`).join(""),
  );
}
await trainSubwords(pairs.flat(), SIZE, path("learned"));
const tokens = {
  tokenizer: path("tokenizer.json"),
  train: path("train.tokens"),
  validation: path("validation.tokens"),
};
await tokenize.run({
  ...stageContext(folder),
  config: { size: SIZE, maximumLength: 100 },
  inputs: {
    corpus: { train: path("train"), validation: path("validation") },
    imported: { tokenizer: path("learned") },
  },
  outputs: tokens,
});

const model = Model.parse({
  ...{ encoderLayers: 1, decoderLayers: 1, width: 16, feedForward: 24 },
  heads: 2,
});

/** Trains by a stage; the model that it wrote, and what it says of it. */
async function trainedAs(
  role: "teacher" | "student",
  training: Partial<Training>,
  name: string,
  { distillation = Distillation.parse({}), ...taught }: {
    readonly distillation?: Distillation;
    readonly teacher?: { readonly model: string };
    readonly [states: `states:${string}`]: { readonly shards: string };
  } = {},
) {
  const outputs = {
    model: path(`${name}.model`),
    curve: path(`${name}.curve`),
  };
  const work = path(`${name}.work`);
  Deno.mkdirSync(work);
  const config = {
    model,
    training: Training.parse({ batchTokens: 256, warmup: 5, ...training }),
    vocabulary: SIZE,
    runtime: Runtime.parse({}),
    ...{ tokenize: "13a", lowercase: false } as const,
  };
  const context = { ...stageContext(work), outputs };
  const { metrics = {} } = role === "teacher"
    ? await teacher.run({ ...context, config, inputs: { tokens } })
    : await student.run({
      ...context,
      config: { ...config, distillation },
      inputs: { lessons: { train: tokens.train }, tokens, ...taught },
    });
  const curve: unknown = JSON.parse(Deno.readTextFileSync(outputs.curve));
  return { metrics, curve, model: outputs.model };
}

Deno.test("under one seed teacher and student begin with other weights: those of their roles", async () => {
  const shapes = parameterShapes(model, SIZE);
  // So small a rate changes no matrix.
  const still = { steps: 1, rate: 1e-30, selection: "nll" } as const;
  const begun = new Map<string, ReadonlyMap<string, Float32Array>>();
  const matrices = (weights: Weights) =>
    new Map(
      Object.entries(weights).filter(([name]) =>
        /embedding$|\.weight$/.test(name)
      ),
    );
  for (const role of ["teacher", "student"] as const) {
    const trained = await trainedAs(role, still, `still-${role}`);
    const { weights } = loadModel(trained.model, role);
    const own = matrices(weights);
    assertEquals(own, matrices(initialWeights(shapes, 1, role)));
    begun.set(role, own);
  }
  assertEquals(begun.get("teacher")?.size, 12);
  for (const [name, values] of begun.get("teacher") ?? []) {
    assertNotEquals(begun.get("student")?.get(name), values, name);
  }
  // The control: a student that draws as its teacher does.
  const shared = await trainedAs("student", still, "still-shared", {
    distillation: Distillation.parse({ start: { seed: 1 } }),
  });
  const { weights } = loadModel(shared.model, "student");
  assertEquals(matrices(weights), begun.get("teacher"));
});

Deno.test("the curve has the BLEU of each validation; that of the model is the one that the score task gives its greedy translations", async () => {
  const { metrics, curve, model } = await trainedAs("student", {
    ...{ steps: 150, factor: 2, validateEvery: 50, average: 2 },
  }, "learned");
  assert(Array.isArray(curve));
  assertEquals(curve.map(({ step }) => step), [50, 100, 150]);
  const scores = curve.map(({ bleu }) => Number(bleu));
  assert(Math.max(...scores) > 5, scores.join());
  assertEquals(metrics["validationBleu single"], rounded(Math.max(...scores)));
  const { lines } = await translateWith({
    ...{ runtime: Runtime.parse({}), model, tokenizer: tokens.tokenizer },
    sources: validation.map(([source]) => source),
    options: { beam: 1, lengthPenalty: 1 },
  });
  const { bleu } = scoreLines({
    ...{ metrics: ["bleu"], tokenize: "13a", lowercase: false },
    hypotheses: lines,
    references: [validation.map(([, target]) => target)],
  });
  assertEquals(metrics.validationBleu, rounded(bleu.score));
});

Deno.test("a student learns the same of streamed states as of recorded ones, which take a node and disk that they do not", async () => {
  const training = { steps: 20, validateEvery: 20, selection: "nll" } as const;
  const { model } = await trainedAs("teacher", training, "teacher");
  const part = { alpha: 0.4, beta: 0.3, encoder: [[1]], decoder: [[1]] };
  const recorded = Distillation.parse(part);
  const streamed = Distillation.parse({ ...part, states: "streamed" });
  const [shards, work] = [path("shards"), path("shards.work")];
  for (const made of [shards, work]) Deno.mkdirSync(made);
  await states.run({
    ...stageContext(work),
    config: { signals: signalsOf(recorded), runtime: Runtime.parse({}) },
    inputs: { teacher: { model }, tokens },
    outputs: { shards },
  });
  const one = await trainedAs("student", training, "recorded", {
    ...{ distillation: recorded, teacher: { model } },
    ...{ "states:final": { shards }, "states:encoder": { shards } },
    "states:decoder": { shards },
  });
  assertEquals(openFiles(shards), []);
  const other = await trainedAs("student", training, "streamed", {
    ...{ distillation: streamed, teacher: { model } },
    "states:final": { shards: "of another trial" },
  });
  await assertRejects(
    () =>
      trainedAs("student", training, "unrecorded", {
        ...{ distillation: recorded, teacher: { model } },
      }),
    Error,
    'its input "states:encoder" is missing',
  );
  const plain = await trainedAs("student", training, "untaught");
  const perplexity = ({ metrics }: typeof one) => Number(metrics.perplexity);
  assertAlmostEquals(perplexity(other), perplexity(one), 1e-2);
  assertNotEquals(Math.round(perplexity(plain)), Math.round(perplexity(one)));

  const graph = pipeline.graph({
    languages: { source: "pt", target: "en" },
    data: { train: "pairs.tsv" },
    students: { ckd: { alpha: 0.5, states: "streamed" } },
  }, "the experiment");
  assertEquals([...graph.keys()].includes("states"), false);
  assertEquals(graph.get("student:ckd")?.inputs.teacher, "teacher");
});

/** The files in a folder that this process has open; only Linux tells. */
function openFiles(folder: string): string[] {
  if (Deno.build.os !== "linux") return [];
  return [...Deno.readDirSync("/proc/self/fd")].flatMap(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`);
    } catch {
      return []; // the folder that is being read
    }
  }).filter((path) => path.startsWith(folder));
}

const rounded = (score: number) => Number(score.toFixed(4));
