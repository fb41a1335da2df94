/** Tests of the experiment schema: what students inherit, and which experiments are refused with which sentence. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { isInputError, parse } from "../../base/input_error.ts";
import {
  recordedLayers,
  usesStates,
  usesTeacher,
} from "../../schemas/experiment/distillation.ts";
import {
  distillations,
  Experiment,
} from "../../schemas/experiment/experiment.ts";
import { Matrix } from "../../schemas/experiment/language_pairs.ts";
import { trialWeights } from "../../schemas/experiment/tuning.ts";

const base = {
  languages: { source: "pt", target: "en" },
  data: { train: "pairs.tsv" },
};

function read(part: Record<string, unknown>): Experiment {
  return parse(Experiment, { ...base, ...part }, "experiment");
}

function assertRefused(part: Record<string, unknown>, expected: string): void {
  const error = assertThrows(() => read(part));
  assert(isInputError(error), `${error.stack}`);
  assertEquals(error.message, `Cannot use experiment: ${expected}.`);
}

Deno.test("the defaults are the paper's setting", () => {
  const { teacher, vocabulary, evaluation, students } = read({});
  assertEquals(teacher.model, {
    encoderLayers: 6,
    decoderLayers: 6,
    width: 512,
    feedForward: 2048,
    heads: 8,
    dropout: 0.1,
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

Deno.test("the teacher's layers that students combine are each recorded once", () => {
  const experiment = read({
    students: {
      cross: { beta: 0.5, encoder: [[1, 3], [4, 6]] },
      both: { beta: 0.5, encoder: [[3], [6]], decoder: [[2], [5]] },
    },
  });
  const taught = Object.values(experiment.students).flatMap(distillations);
  assertEquals(recordedLayers(taught), {
    encoder: [1, 3, 4, 6],
    decoder: [2, 5],
  });
});

Deno.test("states are needed by soft targets and by combined layers, and by nothing else", () => {
  const needs = (system: unknown) =>
    Object.values(read({ students: { system } }).students)
      .flatMap(distillations).map((distillation) => [
        usesStates(distillation),
        usesTeacher(distillation),
      ])[0];
  assertEquals(needs({}), [false, false]);
  assertEquals(needs({ alpha: 0.1 }), [true, true]);
  assertEquals(needs({ beta: 0.1, encoder: [[1], [2]] }), [true, true]);
  assertEquals(needs({ start: { encoder: [1, 2] } }), [false, true]);
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
  const { training, tuning: { training: shorter, trials } } = students.tuned;
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
  assertEquals(trialWeights(trials)["alpha0.5-temperature2"], {
    alpha: 0.5,
    beta: 0.2,
    temperature: 2,
  });
  assertEquals([training.steps, shorter.steps], [70, 7]);
});

const REFUSED_GRIDS: readonly (readonly [unknown, string])[] = [
  [{ alpha: [] }, "expected at least one value"],
  [{ alpha: [0.5, 0.5] }, "expected distinct values"],
  [{}, "expected values of alpha, beta or temperature"],
  [{ gamma: [1] }, 'unknown key "students.tuned.grid.gamma"'],
  [{ alpha: [0.5, 1.5] }, "(alpha1.5)"],
  [{ beta: [0.5, 0.95], alpha: [0.1] }, "alpha + beta of at most 1"],
];
for (const [grid, reason] of REFUSED_GRIDS) {
  Deno.test(`the grid ${JSON.stringify(grid)} is refused: ${reason}`, () => {
    const error = assertThrows(() =>
      read({ students: { tuned: { encoder: [[1], [2]], grid } } })
    );
    assert(isInputError(error) && error.message.includes(reason), `${error}`);
  });
}

Deno.test("any depths and widths can be combined", () => {
  const { students } = read({
    teacher: { model: { encoderLayers: 3, width: 32, heads: 2 } },
    student: { model: { encoderLayers: 1, width: 16, heads: 2 } },
    students: { odd: { beta: 0.9, encoder: [[1, 2, 3]], project: "teacher" } },
  });
  assertEquals(students.odd.distillation.encoder, [[1, 2, 3]]);
});

Deno.test("alpha and beta may fill the whole loss", () => {
  const encoder = [[1], [2]];
  for (const [alpha, beta] of [[0.7, 0.3], [0.9, 0.1], [0.35, 0.65], [1, 0]]) {
    read({ students: { ckd: { alpha, beta, encoder } } });
  }
});

const refusals: {
  title: string;
  part: Record<string, unknown>;
  expected: string;
}[] = [
  {
    title: "a mistyped key of the experiment",
    part: { vocabulry: {} },
    expected: 'unknown key "vocabulry", did you mean "vocabulary"',
  },
  {
    title: "a mistyped key of the teacher",
    part: { teacher: { model: { widht: 256 } } },
    expected: 'unknown key "teacher.model.widht", did you mean "width"',
  },
  {
    title: "a mistyped key of a student",
    part: { students: { rkd: { alhpa: 0.5 } } },
    expected: 'unknown key "students.rkd.alhpa", did you mean "alpha"',
  },
  {
    title: "a mistyped key of what a student changes",
    part: { students: { rkd: { training: { stesp: 1 } } } },
    expected: 'unknown key "students.rkd.training.stesp", did you mean "steps"',
  },
  {
    title: "a text where a number belongs",
    part: { teacher: { model: { width: "256" } } },
    expected: '"teacher.model.width": expected number, found "256"',
  },
  {
    title: "an experiment without languages",
    part: { languages: undefined },
    expected: '"languages": expected object, found nothing',
  },
  {
    title: "data both of a descriptor and of the user",
    part: { data: { descriptor: "x", train: "y.tsv" } },
    expected: '"data": expected either "descriptor" (a data set of data/) or ' +
      '"train" (your own files), and not both',
  },
  {
    title: "one side of two files",
    part: { data: { train: { source: "a.pt" } } },
    expected: '"data.train.target": expected string, found nothing',
  },
  {
    title: "heads that do not divide the width",
    part: { teacher: { model: { heads: 7 } } },
    expected:
      '"teacher.model.heads": expected a number of heads that divides ' +
      "width 512, found 7",
  },
  {
    title: "heads of a student that do not divide the shared width",
    part: {
      student: { model: { width: 64 } },
      students: { rkd: { model: { heads: 3 } } },
    },
    expected: '"students.rkd.model.heads": expected a number of heads that ' +
      "divides width 64, found 3",
  },
  {
    title: "an odd width, which has no sine and cosine for each position",
    part: { teacher: { model: { width: 7, heads: 1 } } },
    expected: '"teacher.model.width": expected an even width, found 7',
  },
  {
    title: "loss weights above one",
    part: { students: { ckd: { alpha: 0.6, beta: 0.5, encoder: [[1], [2]] } } },
    expected: '"students.ckd.alpha": expected alpha + beta of at most 1, ' +
      "found 0.6 + 0.5",
  },
  {
    title: "combined layers alone, which train no generator",
    part: { students: { ckd: { beta: 1, encoder: [[1], [2]] } } },
    expected: '"students.ckd.beta": expected less than 1, found 1: nothing ' +
      "would train the student's output",
  },
  {
    title: "a map longer than the student's depth",
    part: { students: { ckd: { beta: 0.5, encoder: [[1], [2], [3]] } } },
    expected: '"students.ckd.encoder": expected one entry for each of the ' +
      "student's 2 encoder layers, found 3",
  },
  {
    title: "a map shorter than the depth a student gives itself",
    part: {
      students: {
        ckd: { beta: 0.5, decoder: [[1], [2]], model: { decoderLayers: 3 } },
      },
    },
    expected: '"students.ckd.decoder": expected one entry for each of the ' +
      "student's 3 decoder layers, found 2",
  },
  {
    title: "a map beyond the teacher's depth",
    part: {
      teacher: { model: { encoderLayers: 4 } },
      students: { ckd: { beta: 0.5, encoder: [[1], [4, 5]] } },
    },
    expected: '"students.ckd.encoder.1": expected layers of the teacher\'s 4 ' +
      "encoder layers, found layer 5",
  },
  {
    title: "layers counted from zero",
    part: { students: { ckd: { beta: 0.5, encoder: [[0], [1]] } } },
    expected: '"students.ckd.encoder.0.0": expected number to be >=1, found 0',
  },
  {
    title: "a student layer without a teacher layer",
    part: { students: { ckd: { beta: 0.5, encoder: [[1], []] } } },
    expected: '"students.ckd.encoder.1": expected at least one teacher layer ' +
      "for each student layer, found []",
  },
  {
    title: "a weight of combined layers without a map",
    part: { students: { ckd: { beta: 0.5 } } },
    expected: '"students.ckd.beta": beta 0.5 weighs layers, expected ' +
      'an "encoder", "decoder" or "attention" map of them, found none',
  },
  {
    title: "unequal widths without a projection",
    part: {
      student: { model: { width: 256 } },
      students: { pkd: { beta: 0.5, encoder: [[3], [6]], project: "none" } },
    },
    expected: '"students.pkd.encoder.0": without a projection, expected ' +
      "combined teacher width 256 (the student's), found 1 layers of 512",
  },
  {
    title: "several layers combined without a projection",
    part: {
      students: { pkd: { beta: 0.5, encoder: [[3], [5, 6]], project: "none" } },
    },
    expected: '"students.pkd.encoder.1": without a projection, expected ' +
      "combined teacher width 512 (the student's), found 2 layers of 512",
  },
  {
    title: "a system name that no file can have",
    part: { students: { "My System": {} } },
    expected: '"students.My System": expected a system name of lower-case ' +
      "letters, digits and dashes",
  },
  {
    title: "a student with the teacher's name",
    part: { students: { teacher: {} } },
    expected:
      '"students.teacher": expected another name than "teacher", which ' +
      "has its own place",
  },
];

for (const { title, part, expected } of refusals) {
  Deno.test(`refused: ${title}`, () => assertRefused(part, expected));
}

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

function readMatrix(value: unknown): Matrix {
  return parse(Matrix, value, "experiment");
}

function assertMatrixRefused(value: unknown, expected: string): void {
  const error = assertThrows(() => readMatrix(value));
  assert(isInputError(error), `${error.stack}`);
  assertEquals(error.message, `Cannot use experiment: ${expected}.`);
}

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

const matrixRefusals: { title: string; value: unknown; expected: string }[] = [
  {
    title: "a mistyped key of an experiment that may have pairs",
    value: { ...base, vocabulry: {} },
    expected: 'unknown key "vocabulry", did you mean "vocabulary"',
  },
  {
    title: "mistyped pairs",
    value: { ...base, paris: {} },
    expected: 'unknown key "paris", did you mean "pairs"',
  },
  {
    title: "a wrong type in an experiment that may have pairs",
    value: { ...base, teacher: { model: { width: "256" } } },
    expected: '"teacher.model.width": expected number, found "256"',
  },
  {
    title: "an experiment that is a list",
    value: [1],
    expected: "expected object, found [1]",
  },
  {
    title: "a mistyped key of a pair",
    value: { ...base, pairs: { "pt-en": { vocabulry: {} } } },
    expected: 'unknown key "pairs.pt-en.vocabulry", did you mean "vocabulary"',
  },
  {
    title: "a mistyped key of a student of a pair",
    value: {
      ...base,
      students: { rkd: { alpha: 0.1 } },
      pairs: { "pt-en": {}, "es-en": { students: { rkd: { alhpa: 0.5 } } } },
    },
    expected:
      'unknown key "pairs.es-en.students.rkd.alhpa", did you mean "alpha"',
  },
  {
    title: "a mistyped key that all pairs share, at its place",
    value: {
      ...base,
      teacher: { model: { widht: 256 } },
      pairs: { "pt-en": { teacher: { model: { width: 64 } } } },
    },
    expected: 'unknown key "teacher.model.widht", did you mean "width"',
  },
  {
    title: "a wrong type that all pairs share, at its place",
    value: { ...base, seed: "one", pairs: { "pt-en": {} } },
    expected: '"seed": expected number, found "one"',
  },
  {
    title: "a wrong type of a pair",
    value: { ...base, seed: 1, pairs: { "pt-en": { seed: "one" } } },
    expected: '"pairs.pt-en.seed": expected number, found "one"',
  },
  {
    title: "a pair without languages",
    value: { pairs: { "pt-en": base, "es-en": { data: base.data } } },
    expected: '"pairs.es-en.languages": expected object, found nothing',
  },
  {
    title: "values of a pair and of all pairs that do not go together",
    value: {
      ...base,
      students: { ckd: { beta: 0.5, encoder: [[1], [4, 5]] } },
      pairs: { "pt-en": { teacher: { model: { encoderLayers: 4 } } } },
    },
    expected: '"pairs.pt-en.students.ckd.encoder.1": expected layers of the ' +
      "teacher's 4 encoder layers, found layer 5",
  },
  {
    title: "pairs in a pair",
    value: { ...base, pairs: { "pt-en": { pairs: { "es-en": {} } } } },
    expected:
      '"pairs.pt-en.pairs": expected no pairs within a pair; put them ' +
      "beside it",
  },
  {
    title: "no pair",
    value: { ...base, pairs: {} },
    expected: '"pairs": expected an object of one pair or more, found {}',
  },
  {
    title: "pairs in a list",
    value: { ...base, pairs: ["pt-en"] },
    expected:
      '"pairs": expected an object of one pair or more, found ["pt-en"]',
  },
  {
    title: "a pair that is no object",
    value: { ...base, pairs: { "pt-en": "default" } },
    expected: '"pairs.pt-en": expected object, found "default"',
  },
  {
    title: "a pair name that no node can have",
    value: { ...base, pairs: { "PT/en": {} } },
    expected: '"pairs.PT/en": expected a pair name of lower-case letters, ' +
      "digits and dashes",
  },
  {
    title: "a pair with the name of the prototype",
    value: JSON.parse('{ "pairs": { "__proto__": {} } }'),
    expected: 'unknown key "pairs.__proto__"',
  },
  {
    title: "a student of a pair with the name of the prototype",
    value: {
      ...base,
      pairs: { "pt-en": JSON.parse('{ "students": { "__proto__": {} } }') },
    },
    expected: 'unknown key "pairs.pt-en.students.__proto__"',
  },
  {
    title: "a key of a pair that all objects have",
    value: { ...base, pairs: { "pt-en": { constructor: {} } } },
    expected: 'unknown key "pairs.pt-en.constructor", known keys are seed, ' +
      "seeds, languages, data, corpus, vocabulary, teacher, student, " +
      "students, tuning, evaluation, runtime",
  },
  {
    title: "no seed",
    value: { ...base, seeds: [] },
    expected: '"seeds": expected at least one seed, found []',
  },
  {
    title: "a seed twice",
    value: { ...base, students: { rkd: { seeds: [1, 2, 1] } } },
    expected: '"students.rkd.seeds": expected distinct seeds, found 1 twice',
  },
  {
    title: "a seed below zero",
    value: { ...base, pairs: { "pt-en": { seeds: [1, -1] } } },
    expected: '"pairs.pt-en.seeds.1": expected number to be >=0, found -1',
  },
];

for (const { title, value, expected } of matrixRefusals) {
  Deno.test(`refused: ${title}`, () => assertMatrixRefused(value, expected));
}

Deno.test("a pair may have a name that all objects have", () => {
  const { pairs } = readMatrix({ ...base, pairs: { constructor: {} } });
  assertEquals(pairs, [{ name: "constructor", experiment: read({}) }]);
});
