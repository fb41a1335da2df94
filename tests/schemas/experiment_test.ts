/** Tests of the experiment schema: what students inherit, and which experiments are refused with which sentence. */
import { assertEquals } from "@std/assert";
import { parse } from "../../base/input_error.ts";
import { Experiment } from "../../schemas/experiment/experiment.ts";
import { Matrix } from "../../schemas/experiment/language_pairs.ts";
import { assertInputError } from "../fixtures/input_error.ts";

const base = {
  languages: { source: "pt", target: "en" },
  data: { train: "pairs.tsv" },
};

function read(part: Record<string, unknown>): Experiment {
  return parse(Experiment, { ...base, ...part }, "experiment");
}

/** What a model is but for its sizes. */
const kind = {
  norm: "pre",
  normEpsilon: 1e-5,
  activation: "relu",
  feedForwardDepth: 2,
  autoregression: "self-attention",
  tiedEmbeddings: "all",
  scaleEmbedding: true,
  positions: "original",
  outputBias: false,
} as const;

function readMatrix(value: unknown): Matrix {
  return parse(Matrix, value, "experiment");
}

Deno.test("the defaults are a Transformer of the paper's size and dropout", () => {
  const { teacher, vocabulary, evaluation, students } = read({});
  assertEquals(teacher.model, {
    encoderLayers: 6,
    decoderLayers: 6,
    width: 512,
    feedForward: 2048,
    heads: 8,
    dropout: 0.1,
    ...kind,
  });
  assertEquals(teacher.training.warmup, 4000);
  assertEquals(teacher.training.labelSmoothing, 0.1);
  assertEquals(vocabulary.size, 8000);
  assertEquals(evaluation.tokenize, "13a");
  assertEquals(students, {});
});

Deno.test("students inherit the shared student's values and change their own", () => {
  const { students } = read({
    student: {
      model: { width: 64, heads: 4, dropout: 0 },
      training: { steps: 10, warmup: 5 },
    },
    students: {
      plain: {},
      "own-values": {
        model: { encoderLayers: 3 },
        training: { steps: 20 },
        alpha: 0.5,
      },
    },
  });
  const model = {
    encoderLayers: 2,
    decoderLayers: 2,
    width: 64,
    feedForward: 2048,
    heads: 4,
    dropout: 0,
    ...kind,
  };
  assertEquals(students.plain.model, model);
  assertEquals(students["own-values"].model, { ...model, encoderLayers: 3 });
  assertEquals(students.plain.training.steps, 10);
  assertEquals(students["own-values"].training, {
    ...students.plain.training,
    steps: 20,
  });
  assertEquals(students.plain.distillation, {
    alpha: 0,
    beta: 0,
    temperature: 1,
    encoder: [],
    decoder: [],
    combine: "concatenation",
    project: "student",
    attention: { encoder: [], decoder: [] },
    start: { encoder: [], decoder: [] },
  });
  assertEquals(students["own-values"].distillation.alpha, 0.5);
});

Deno.test("a grid is every combination of its values over the system's own", () => {
  const { students } = read({
    students: {
      tuned: {
        alpha: 0.1,
        beta: 0.2,
        encoder: [[1], [2]],
        grid: { temperature: [1, 2], alpha: [0.3, 0.5] },
      },
    },
    tuning: { training: { steps: 7 } },
    student: { training: { steps: 70 } },
  });
  const { training, tuning } = students.tuned;
  const { isFullLength, trials } = tuning;
  assertEquals(
    trials.map(({ name, distillation: { alpha, beta, temperature } }) => [
      name,
      alpha,
      beta,
      temperature,
    ]),
    [
      ["alpha0.3-temperature1", 0.3, 0.2, 1],
      ["alpha0.3-temperature2", 0.3, 0.2, 2],
      ["alpha0.5-temperature1", 0.5, 0.2, 1],
      ["alpha0.5-temperature2", 0.5, 0.2, 2],
    ],
  );
  assertEquals(trials[3].hyperparameters, {
    alpha: 0.5,
    beta: 0.2,
    temperature: 2,
  });
  assertEquals(training.steps, 70);
  assertEquals(trials[3].training.steps, 7);
  assertEquals(isFullLength, false);
});

Deno.test("a grid may try layers that it weighs with nothing, and settings of trials are checked where there are some", () => {
  const encoder = [[1], [2]];
  const { students } = read({
    tuning: { training: { steps: 500 } },
    student: { training: { steps: 5000, cooldown: 600 } },
    students: {
      ckd: {
        ...{ encoder, grid: { alpha: [0.2], beta: [0, 0.5] } },
        training: { cooldown: 400 },
      },
      "no-kd": {},
    },
  });
  const betas = students.ckd.tuning.trials.map(({ distillation: { beta } }) =>
    beta
  );
  assertEquals(betas, [0, 0.5]);
  assertEquals(students["no-kd"].training.cooldown, 600);
});

Deno.test("a grid of points has these alone, in their order", () => {
  const { students } = read({
    students: {
      tuned: {
        encoder: [[1], [2]],
        grid: [{ beta: 0.7, alpha: 0.2 }, { alpha: 0.5 }],
      },
    },
  });
  const { trials } = students.tuned.tuning;
  assertEquals(trials.map(({ name }) => name), [
    "alpha0.2-beta0.7",
    "alpha0.5",
  ]);
  assertEquals(trials[1].hyperparameters, {
    alpha: 0.5,
    beta: 0,
    temperature: 1,
  });
});

Deno.test("a grid of dropout changes the model alone, so that a student without a teacher has one too", () => {
  const { students } = read({
    students: { "no-kd": { grid: { dropout: [0.1, 0.3] } } },
  });
  const { tuning: { trials }, ...noKd } = students["no-kd"];
  const { model, training, distillation } = noKd;
  const weights = { alpha: 0, beta: 0, temperature: 1 };
  assertEquals(
    trials,
    [0.1, 0.3].map((dropout) => ({
      name: `dropout${dropout}`,
      hyperparameters: { ...weights, dropout },
      model: { ...model, dropout },
      ...{ training, distillation },
    })),
  );
});

Deno.test("a grid of warmup changes the training, of trials that are shorter too", () => {
  const { students } = read({
    student: { training: { steps: 70 } },
    students: { rkd: { alpha: 0.5, grid: { warmup: [10, 20] } } },
    tuning: { training: { steps: 7 } },
  });
  const { tuning: { trials } } = students.rkd;
  assertEquals(trials.map(({ name, training }) => [name, training]), [
    ["warmup10", { ...students.rkd.training, steps: 7, warmup: 10 }],
    ["warmup20", { ...students.rkd.training, steps: 7, warmup: 20 }],
  ]);
  assertEquals(trials[1].hyperparameters.warmup, 20);
});

Deno.test("trials are as long as the student's own training unless they are told otherwise", () => {
  const isFullLength = (tuning: unknown, own = {}) =>
    read({
      ...{ tuning, student: { training: { steps: 70 } } },
      students: { rkd: { grid: { alpha: [0.5] }, training: own } },
    }).students.rkd.tuning.isFullLength;
  assertEquals(isFullLength({}), true);
  assertEquals(isFullLength({ training: { steps: 70 } }), true);
  assertEquals(isFullLength({ training: { steps: 70 } }, { steps: 80 }), false);
  assertEquals(isFullLength({}, { steps: 80 }), true);
});

Deno.test("alpha and beta may fill the whole loss", () => {
  const encoder = [[1], [2]];
  for (const [alpha, beta] of [[0.7, 0.3], [0.35, 0.65]]) {
    read({ students: { ckd: { alpha, beta, encoder } } });
  }
  read({ students: { rkd: { alpha: 1 } } });
});

Deno.test("students are trained with the experiment's seed, its seeds, or their own", () => {
  const students = { plain: {}, own: { seeds: [7, 5] } };
  const seedsOf = (part: Record<string, unknown>) =>
    Object.values(read({ students, ...part }).students)
      .map(({ seeds }) => seeds);
  assertEquals(seedsOf({}), [[1], [7, 5]]);
  assertEquals(seedsOf({ seed: 3 }), [[3], [7, 5]]);
  assertEquals(seedsOf({ seed: 3, seeds: [1, 2] }), [[1, 2], [7, 5]]);
  assertEquals(read({ seed: 3, seeds: [1, 2] }).seed, 3);
});

Deno.test("an experiment without pairs is its only pair and has no name", () => {
  const given = { ...base, seed: 2, students: { "no-kd": {} } };
  assertEquals(readMatrix(given), { pairs: [{ experiment: read(given) }] });
});

Deno.test("a pair's own values are merged over those that all share, before defaults", () => {
  const ckd = { beta: 0.5, encoder: [[1], [2]] };
  const spanish = {
    languages: { source: "es" },
    teacher: { model: { encoderLayers: 3 } },
    students: { ckd: { encoder: [[3], [2]] }, rkd: { alpha: 1 } },
    seeds: [9],
  };
  const { pairs } = readMatrix({
    languages: { target: "en" },
    data: { train: "all.tsv" },
    teacher: { model: { width: 64, heads: 4 } },
    students: { ckd },
    seeds: [1, 2],
    pairs: { "pt-en": { languages: { source: "pt" } }, "es-en": spanish },
  });
  const shared = { data: { train: "all.tsv" } };
  const model = { width: 64, heads: 4 };
  assertEquals(pairs, [
    {
      name: "pt-en",
      experiment: read({
        ...shared,
        teacher: { model },
        students: { ckd },
        seeds: [1, 2],
      }),
    },
    {
      name: "es-en",
      experiment: read({
        ...shared,
        languages: { source: "es", target: "en" },
        teacher: { model: { ...model, encoderLayers: 3 } },
        students: {
          ckd: { beta: 0.5, encoder: [[3], [2]] },
          rkd: { alpha: 1 },
        },
        seeds: [9],
      }),
    },
  ]);
});

Deno.test("what pairs share need not be whole, nor fit together by itself", () => {
  const { pairs } = readMatrix({
    teacher: { model: { width: 96, heads: 5 } },
    pairs: { "pt-en": { ...base, teacher: { model: { heads: 6 } } } },
  });
  assertEquals(pairs[0].experiment.teacher.model.heads, 6);
});

Deno.test("a pair may have a name that all objects have", () => {
  const { pairs } = readMatrix({ ...base, pairs: { constructor: {} } });
  assertEquals(pairs, [{ name: "constructor", experiment: read({}) }]);
});

const students = (systems: unknown) => ({ ...base, students: systems });
const grid = (values: unknown) =>
  students({ tuned: { encoder: [[1], [2]], grid: values } });

const REFUSED: Readonly<Record<string, readonly [unknown, string]>> = {
  "an experiment that is a list": [[1], "expected object, found [1]"],
  "an experiment without languages": [
    { data: base.data },
    '"languages": expected object, found nothing',
  ],
  "a mistyped key of what a student changes": [
    students({ rkd: { training: { stesp: 1 } } }),
    'unknown key "students.rkd.training.stesp", did you mean "steps"',
  ],
  "data both of a descriptor and of the user": [
    { ...base, data: { descriptor: "x", train: "y.tsv" } },
    '"data": expected either "descriptor" (a data set of data/) or "train" (your own files), and not both',
  ],
  "heads that do not divide the width": [
    { ...base, teacher: { model: { heads: 7 } } },
    '"teacher.model.heads": expected a number of heads that divides width 512, found 7',
  ],
  "heads of a student that do not divide the shared width": [
    {
      ...students({ rkd: { model: { heads: 3 } } }),
      student: { model: { width: 64 } },
    },
    '"students.rkd.model.heads": expected a number of heads that divides width 64, found 3',
  ],
  "an odd width, which has no sine and cosine for each position": [
    { ...base, teacher: { model: { width: 7, heads: 1 } } },
    '"teacher.model.width": expected an even width, found 7',
  ],
  "loss weights above one": [
    students({ ckd: { alpha: 0.6, beta: 0.5, encoder: [[1], [2]] } }),
    '"students.ckd.alpha": expected alpha + beta of at most 1, found 0.6 + 0.5',
  ],
  "mapped layers that nothing weighs": [
    students({ ckd: { alpha: 0.6, encoder: [[1], [2]] } }),
    '"students.ckd.encoder": expected "beta" above 0, which weighs what is mapped, found 0',
  ],
  "attention maps that no trial weighs": [
    students({
      att: { attention: { decoder: [5, 6] }, grid: { alpha: [0.2, 0.4] } },
    }),
    '"students.att.attention.decoder": expected "beta" above 0',
  ],
  "combined layers alone, which train no generator": [
    students({ ckd: { beta: 1, encoder: [[1], [2]] } }),
    '"students.ckd.beta": expected less than 1, found 1: nothing would train the student\'s output',
  ],
  "a map shorter than the depth a student gives itself": [
    students({
      ckd: { beta: 0.5, decoder: [[1], [2]], model: { decoderLayers: 3 } },
    }),
    '"students.ckd.decoder": expected one entry for each of the student\'s 3 decoder layers, found 2',
  ],
  "layers counted from zero": [
    students({ ckd: { beta: 0.5, encoder: [[0], [1]] } }),
    '"students.ckd.encoder.0.0": expected number to be >=1, found 0',
  ],
  "a student layer without a teacher layer": [
    students({ ckd: { beta: 0.5, encoder: [[1], []] } }),
    '"students.ckd.encoder.1": expected at least one teacher layer for each student layer, found []',
  ],
  "several layers combined without a projection": [
    students({ pkd: { beta: 0.5, encoder: [[3], [5, 6]], project: "none" } }),
    '"students.pkd.encoder.1": without a projection, expected combined teacher width 512 (the student\'s), found 2 layers of 512',
  ],
  "a system name that no file can have": [
    students({ "My System": {} }),
    '"students.My System": expected a system name of lower-case letters, digits and dashes',
  ],
  "a student with the teacher's name": [
    students({ teacher: {} }),
    '"students.teacher": expected another name than "teacher" and "imported", which have their own places',
  ],
  "an adaptation of a teacher that is not imported": [
    { ...base, teacher: { adaptation: {} } },
    '"teacher.adaptation": only an imported teacher is adapted; give it by "import"',
  ],
  "an imported teacher with a training": [
    { ...base, teacher: { import: "tiny11", training: {} } },
    'leave out one of the two, or tune it by "adaptation"',
  ],
  "a trimmed vocabulary of a teacher that is not imported": [
    { ...base, vocabulary: { students: 900 } },
    '"vocabulary.students": only the vocabulary of an imported teacher is trimmed',
  ],
  "masked placeholders for a teacher that is imported": [
    { ...base, teacher: { import: "tiny11" }, vocabulary: { placeholders: 8 } },
    '"vocabulary.placeholders": only subwords that are learned here have reserved ones',
  ],
  "marked case for a teacher that is imported": [
    {
      ...base,
      teacher: { import: "tiny11" },
      vocabulary: { casing: "markup" },
    },
    '"vocabulary.casing": only subwords that are learned here have reserved ones',
  ],
  "further source languages of a teacher that is imported": [
    { ...base, teacher: { import: "tiny11" }, sourceLanguages: { tr: {} } },
    '"sourceLanguages": only subwords that are learned here have the tokens',
  ],
  "no further source language": [
    { ...base, sourceLanguages: {} },
    '"sourceLanguages": expected one further source language or more',
  ],
  "a further source language that is the target": [
    { ...base, sourceLanguages: { en: {} } },
    '"sourceLanguages.en": expected a further language',
  ],
  "a further source language that there is not": [
    { ...base, sourceLanguages: { xx: {} } },
    'expected a language code such as pt, pt-BR or zh-Hant, found "xx"',
  ],
  "text without translations beside further source languages": [
    {
      ...base,
      sourceLanguages: { tr: {} },
      students: { rkd: {} },
      corpus: { monolingual: { files: ["a.txt"] } },
    },
    '"corpus.monolingual": text without translations is of one source language',
  ],
  "a test set with the name of a further source language": [
    {
      ...base,
      sourceLanguages: { tr: {} },
      testSets: { tr: { data: { train: "a.tsv" } } },
    },
    '"testSets.tr": expected another name than that of the source language tr',
  ],
  "a further source language whose data is a file that names none": [
    { ...base, sourceLanguages: { tr: {} } },
    '"sourceLanguages.tr": expected "data" of its own, as "pairs.tsv" need not say which languages it has',
  ],
  "a further test set of data and of the validation pairs": [
    {
      ...base,
      testSets: { x: { data: { train: "a.tsv" }, part: "validation" } },
    },
    '"testSets.x": expected either "data" or "part": "validation"',
  ],
  "cleaning of a further test set that is the validation pairs": [
    {
      ...base,
      testSets: { x: { part: "validation", corpus: { test: 10 } } },
    },
    '"testSets.x.corpus": expected none beside "part": "validation", whose pairs the experiment\'s own "corpus" cleans and chooses; leave it out',
  ],
  "a further test set of nothing": [
    { ...base, testSets: { x: {} } },
    '"testSets.x": expected either "data" or "part": "validation"',
  ],
  "a cooldown as long as a student's training": [
    students({ rkd: { training: { steps: 100, cooldown: 100 } } }),
    '"students.rkd.training.cooldown": expected fewer than the training\'s 100 steps, found 100',
  ],
  "a cooldown of the teacher beside patience": [
    { ...base, teacher: { training: { cooldown: 10, patience: 3 } } },
    '"teacher.training.cooldown": expected none beside "patience"',
  ],
  "a cooldown that is longer than a shortened trial": [
    {
      ...students({
        rkd: { training: { cooldown: 500 }, grid: { alpha: [0.5] } },
      }),
      tuning: { training: { steps: 400 } },
    },
    '"tuning.training.cooldown": expected fewer than the training\'s 400 steps, found 500 (students.rkd)',
  ],
  "more placeholders than there are symbols": [
    { ...base, vocabulary: { placeholders: 31 } },
    '"vocabulary.placeholders"',
  ],
  "more of the tuned weights than all": [
    {
      ...base,
      teacher: { import: "tiny11", adaptation: { interpolation: 1.5 } },
    },
    '"teacher.adaptation.interpolation"',
  ],
  "no seed": [
    { ...base, seeds: [] },
    '"seeds": expected at least one seed, found []',
  ],
  "a seed twice": [
    students({ rkd: { seeds: [1, 2, 1] } }),
    '"students.rkd.seeds": expected distinct seeds, found 1 twice',
  ],
  "a grid of a weight without values": [
    grid({ alpha: [] }),
    "expected at least one value",
  ],
  "a grid with a value twice": [
    grid({ alpha: [0.5, 0.5] }),
    "expected distinct values",
  ],
  "a grid with a point twice": [
    grid([{ alpha: 0.5, beta: 0.1 }, { beta: 0.1, alpha: 0.5 }]),
    "expected distinct points",
  ],
  "a grid of an empty point": [
    grid([{}]),
    "expected alpha, beta, temperature, dropout or warmup",
  ],
  "a grid of no points": [grid([]), "expected at least one point"],
  "a grid of nothing": [
    grid({}),
    "expected values of alpha, beta, temperature, dropout or warmup",
  ],
  "a grid of what is no weight": [
    grid({ gamma: [1] }),
    'unknown key "students.tuned.grid.gamma"',
  ],
  "a grid with a dropout that no model can have": [
    grid({ dropout: [0.1, 1] }),
    '"students.tuned.grid.dropout.1": expected number to be <=0.9, found 1',
  ],
  "a grid with a weight above one": [
    grid({ alpha: [0.5, 1.5], beta: [0.1] }),
    "(alpha1.5-beta0.1)",
  ],
  "a grid with a point whose weights are above one": [
    grid({ beta: [0.5, 0.95], alpha: [0.1] }),
    "alpha + beta of at most 1",
  ],
  "mistyped pairs": [
    { ...base, paris: {} },
    'unknown key "paris", did you mean "pairs"',
  ],
  "a mistyped key of a student of a pair": [
    {
      ...students({ rkd: { alpha: 0.1 } }),
      pairs: { "pt-en": {}, "es-en": { students: { rkd: { alhpa: 0.5 } } } },
    },
    'unknown key "pairs.es-en.students.rkd.alhpa", did you mean "alpha"',
  ],
  "a mistyped key that all pairs share, at its place": [
    {
      ...base,
      teacher: { model: { widht: 256 } },
      pairs: { "pt-en": { teacher: { model: { width: 64 } } } },
    },
    'unknown key "teacher.model.widht", did you mean "width"',
  ],
  "a pair without languages": [
    { pairs: { "pt-en": base, "es-en": { data: base.data } } },
    '"pairs.es-en.languages": expected object, found nothing',
  ],
  "values of a pair and of all pairs that do not go together": [
    {
      ...students({ ckd: { beta: 0.5, encoder: [[1], [4, 5]] } }),
      pairs: { "pt-en": { teacher: { model: { encoderLayers: 4 } } } },
    },
    '"pairs.pt-en.students.ckd.encoder.1": expected layers of the teacher\'s 4 encoder layers, found layer 5',
  ],
  "pairs in a pair": [
    { ...base, pairs: { "pt-en": { pairs: { "es-en": {} } } } },
    '"pairs.pt-en.pairs": expected no pairs within a pair; put them beside it',
  ],
  "no pair": [
    { ...base, pairs: {} },
    '"pairs": expected an object of one pair or more, found {}',
  ],
  "a pair that is no object": [
    { ...base, pairs: { "pt-en": "default" } },
    '"pairs.pt-en": expected object, found "default"',
  ],
  "a pair name that no node can have": [
    { ...base, pairs: { "PT/en": {} } },
    '"pairs.PT/en": expected a pair name of lower-case letters, digits and dashes',
  ],
  "a pair with the name of the prototype": [
    JSON.parse('{ "pairs": { "__proto__": {} } }'),
    'unknown key "pairs.__proto__"',
  ],
  "a student of a pair with the name of the prototype": [
    {
      ...base,
      pairs: { "pt-en": JSON.parse('{ "students": { "__proto__": {} } }') },
    },
    'unknown key "pairs.pt-en.students.__proto__"',
  ],
  "a key of a pair that all objects have": [
    { ...base, pairs: { "pt-en": { constructor: {} } } },
    'unknown key "pairs.pt-en.constructor", known keys are seed, seeds, languages, sourceLanguages, data, corpus, vocabulary, teacher, ' +
    "student, students, tuning, evaluation, shortlist, testSets, runtime",
  ],
};

for (const [what, [value, expected]] of Object.entries(REFUSED)) {
  Deno.test(`refused: ${what}`, () =>
    assertInputError(
      () => readMatrix(value),
      "Cannot use experiment: ",
      expected,
    ));
}
