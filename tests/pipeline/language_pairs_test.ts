/** The graph of the pipeline over language pairs and seeds, and selections from it; nothing is trained. */
import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import type { Graph } from "../../engine/graph/graph.ts";
import { outputsRead } from "../../engine/graph/inputs.ts";
import { select } from "../../engine/graph/selection.ts";
import pipeline from "../../pipeline.ts";
import { Signals } from "../../schemas/experiment/distillation.ts";
import { assertInputError } from "../fixtures/input_error.ts";

const graphOf = (experiment: unknown): Graph =>
  pipeline.graph(experiment, "experiment");

const PT_EN = {
  languages: { source: "pt", target: "en" },
  data: { train: "pt-en.tsv" },
};
const SHARED = {
  seed: 3,
  seeds: [1, 2],
  students: { "no-kd": {}, rkd: { alpha: 0.7, seeds: [5] } },
};
const MATRIX = graphOf({
  ...SHARED,
  pairs: {
    "pt-en": PT_EN,
    "es-en": {
      languages: { source: "es", target: "en" },
      data: { train: "es-en.tsv" },
    },
  },
});

const PAIR = [
  "fetch",
  "corpus",
  "tokenize",
  "teacher",
  "evaluate:teacher",
  "export:teacher",
  "states",
  "student:no-kd@1",
  "evaluate:no-kd@1",
  "export:no-kd@1",
  "student:no-kd@2",
  "evaluate:no-kd@2",
  "export:no-kd@2",
  "student:rkd",
  "evaluate:rkd",
  "export:rkd",
  "compare",
];

const within = (pair: string) => PAIR.map((name) => `${pair}/${name}`);

Deno.test("an experiment without pairs and seeds has unprefixed nodes, all with its seed", () => {
  const graph = graphOf({ ...PT_EN, seed: 3, students: { "no-kd": {} } });
  const seeds = [...graph.values()].map(({ name, seed }) => [name, seed]);
  assertEquals(seeds, [
    ["fetch", 0],
    ["corpus", 3],
    ["tokenize", 0],
    ["teacher", 3],
    ["evaluate:teacher", 0],
    ["export:teacher", 0],
    ["student:no-kd", 3],
    ["evaluate:no-kd", 0],
    ["export:no-kd", 0],
    ["compare", 0],
  ]);
});

Deno.test("each pair has the whole graph, with a student for each seed and everything else once", () => {
  assertEquals([...MATRIX.keys()], [...within("pt-en"), ...within("es-en")]);
});

Deno.test("nodes of a pair need nodes of the same pair only", () => {
  for (const { name, inputs } of MATRIX.values()) {
    const pair = name.slice(0, name.indexOf("/") + 1);
    assert(Object.values(inputs).every((input) => input.startsWith(pair)));
  }
  assertEquals(MATRIX.get("es-en/student:no-kd@2")?.inputs, {
    lessons: "es-en/tokenize",
    tokens: "es-en/tokenize",
  });
  assertEquals(MATRIX.get("es-en/evaluate:no-kd@2")?.inputs, {
    model: "es-en/student:no-kd@2",
    tokens: "es-en/tokenize",
    corpus: "es-en/corpus",
  });
});

Deno.test("a student's seed is in its node and not in its config", () => {
  const [first, second, own, teacher] = [
    "student:no-kd@1",
    "student:no-kd@2",
    "student:rkd",
    "teacher",
  ].map((name) => MATRIX.get(`pt-en/${name}`));
  assertEquals([first?.seed, second?.seed], [1, 2]);
  assertEquals(first?.config, second?.config);
  assertEquals([own?.seed, teacher?.seed], [5, 3]);
});

Deno.test("a node of a pair has the config and seed that it has in an experiment of that pair alone", () => {
  const alone = graphOf({ ...SHARED, ...PT_EN });
  assertEquals([...alone.keys()], PAIR);
  for (const [name, { config, seed }] of alone) {
    const node = MATRIX.get(`pt-en/${name}`);
    assertEquals({ config: node?.config, seed: node?.seed }, { config, seed });
  }
});

Deno.test("globs select a pair, a system of all pairs, and the seeds of a student", () => {
  const selected = (...only: string[]) => [...select(MATRIX, { only }).scope];
  assertEquals(selected("pt-en/*"), within("pt-en"));
  assertEquals(selected("*/student:rkd"), [
    "pt-en/student:rkd",
    "es-en/student:rkd",
  ]);
  assertEquals(selected("es-en/student:no-kd@*"), [
    "es-en/student:no-kd@1",
    "es-en/student:no-kd@2",
  ]);
  assertInputError(() => selected("student:*"), "student:*");
});

const inputsOf = (graph: Graph, name: string) => graph.get(name)?.inputs;

Deno.test("students of the teacher's translations are trained on one translation, and on states of it", () => {
  const graph = graphOf({
    ...PT_EN,
    students: {
      rkd: { alpha: 0.7 },
      seqkd: { targets: "teacher" },
      "ckd-seqkd": {
        targets: "teacher",
        alpha: 0.2,
        beta: 0.5,
        encoder: [[1, 2], [5]],
      },
      "last-layers": { start: { encoder: [5, 6], decoder: [5, 6] } },
    },
  });
  const nodes = [...graph.keys()];
  assertEquals(nodes.filter((name) => /^(translations|states)/.test(name)), [
    "states",
    "translations",
    "states:translations",
    "states:translations-encoder",
  ]);
  assertEquals(inputsOf(graph, "student:rkd"), {
    teacher: "teacher",
    "states:final": "states",
    lessons: "tokenize",
    tokens: "tokenize",
  });
  assertEquals(inputsOf(graph, "student:seqkd"), {
    lessons: "translations",
    tokens: "tokenize",
  });
  assertEquals(inputsOf(graph, "student:ckd-seqkd"), {
    teacher: "teacher",
    "states:final": "states:translations",
    "states:encoder": "states:translations-encoder",
    lessons: "translations",
    tokens: "tokenize",
  });
  assertEquals(inputsOf(graph, "student:last-layers"), {
    teacher: "teacher",
    lessons: "tokenize",
    tokens: "tokenize",
  });
  const configOf = (name: string) => graph.get(name)?.config;
  const limited = z.object({ maximumLength: z.int() });
  assertEquals(limited.parse(configOf("translations")).maximumLength, 100);
  const signals = (name: string) => {
    const config = configOf(name);
    return z.object({ signals: Signals }).parse(config).signals;
  };
  const nothing = Signals.parse({});
  for (const name of ["states", "states:translations"]) {
    assertEquals(signals(name), { ...nothing, final: true });
  }
  assertEquals(signals("states:translations-encoder"), {
    ...{ ...nothing, encoder: [1, 2, 3, 4, 5, 6] },
  });
});

Deno.test("a further system changes no node of the others but the comparison, whatever layers it maps", () => {
  const mapped = { alpha: 0.7, beta: 0.2 };
  const students = {
    "no-kd": {},
    rkd: { alpha: 0.7 },
    pkd: { ...mapped, encoder: [[3], [6]] },
  };
  const shared = { ...PT_EN, seeds: [1, 2] };
  const before = graphOf({ ...shared, students });
  const after = graphOf({
    ...shared,
    students: {
      other: { ...mapped, encoder: [[1], [2, 5]], decoder: [[4], [6]] },
      attention: { beta: 0.2, attention: { encoder: [3, 6] } },
      ...students,
      seqkd: { targets: "teacher" },
    },
  });
  for (const [name, node] of before) {
    if (node.stage.name === "compare") continue;
    assertEquals(after.get(name), node, name);
  }
  const recordings = [...after.keys()].filter((name) => /^states/.test(name));
  assertEquals(recordings.sort(), [
    ...["states", "states:decoder", "states:encoder"],
    "states:encoderAttention",
  ]);
});

Deno.test("of several source languages the validation pairs of all are a further test set", () => {
  const graph = graphOf({
    ...PT_EN,
    sourceLanguages: { tr: { data: { train: "tr-en.tsv" } } },
    testSets: { seen: { part: "validation" } },
  });
  assertEquals(inputsOf(graph, "seen/validation"), { corpus: "join" });
  assertEquals(inputsOf(graph, "tokenize")?.corpus, "join");
});

const TUNED = graphOf({
  ...PT_EN,
  seeds: [1, 2],
  tuning: { training: { steps: 9 } },
  student: { training: { steps: 30 } },
  students: {
    "no-kd": {},
    ckd: {
      encoder: [[1, 2, 3], [4, 5, 6]],
      grid: { alpha: [0.2, 0.6], beta: [0.1, 0.3] },
    },
  },
});

Deno.test("a grid is a trial for each of its points, a choice among them, and students that take it", () => {
  const trials = ["0.2-beta0.1", "0.2-beta0.3", "0.6-beta0.1", "0.6-beta0.3"]
    .map((point) => `alpha${point}`);
  const nodes = [...TUNED.keys()].filter((name) => name.includes("ckd"));
  assertEquals(nodes, [
    ...trials.map((trial) => `student:ckd.${trial}`),
    "choose:ckd",
    "student:ckd@1",
    "evaluate:ckd@1",
    "export:ckd@1",
    "student:ckd@2",
    "evaluate:ckd@2",
    "export:ckd@2",
  ]);
  const steps = (name: string) =>
    JSON.stringify(TUNED.get(name)?.config).match(/"steps":\d+/)?.[0];
  assertEquals(steps(`student:ckd.${trials[3]}`), '"steps":9');
  assertEquals(steps("student:ckd@2"), '"steps":30');
  assertEquals(inputsOf(TUNED, "choose:ckd"), {
    ...Object.fromEntries(
      trials.map((trial) => [`trial:${trial}`, `student:ckd.${trial}`]),
    ),
    tokens: "tokenize",
    corpus: "corpus",
  });
  assertEquals(inputsOf(TUNED, "student:ckd@2")?.choice, "choose:ckd");
});

Deno.test("a trial of full length differs from the student that takes its hyperparameters in nothing but where they come from", () => {
  const encoder = [[1, 2, 3], [4, 5, 6]];
  const grid = { alpha: [0.2, 0.6], beta: [0.1] };
  const graph = graphOf({
    ...PT_EN,
    seeds: [3, 4],
    students: {
      ckd: { encoder, grid },
      pkd: { encoder: [[3], [6]], project: "none", grid },
      "no-kd": { grid: { dropout: [0.1, 0.3] } },
    },
  });
  const points = [...graph.keys()].filter((name) =>
    name.startsWith("hyperparameters:")
  );
  assertEquals(points, [
    "hyperparameters:alpha0.2-beta0.1-temperature1",
    "hyperparameters:alpha0.6-beta0.1-temperature1",
    "hyperparameters:alpha0-beta0-temperature1-dropout0.1",
    "hyperparameters:alpha0-beta0-temperature1-dropout0.3",
  ]);
  for (
    const [system, trial, point] of [
      ["ckd", "alpha0.6-beta0.1", points[1]],
      ["pkd", "alpha0.6-beta0.1", points[1]],
      ["no-kd", "dropout0.3", points[3]],
    ]
  ) {
    const [tried, student] = [
      `student:${system}.${trial}`,
      `student:${system}@3`,
    ]
      .map((name) => graph.get(name));
    assert(tried !== undefined && student !== undefined);
    assertEquals(student.inputs.choice, `choose:${system}`);
    const inputs = { ...student.inputs, choice: point };
    assertEquals({ ...student, name: tried.name, inputs }, tried);
  }
});

Deno.test("nothing but what measures reads the test set", () => {
  const readers = [...TUNED.values()].filter(({ stage, inputs }) =>
    Object.entries(inputs).some(([input, source]) =>
      TUNED.get(source)?.stage.name === "corpus" &&
      outputsRead(stage, input)?.includes("test")
    )
  );
  assertEquals([...new Set(readers.map(({ stage }) => stage.name))].sort(), [
    "evaluate",
    "export",
  ]);
  const others = [...TUNED.values()].filter(({ stage }) =>
    !["evaluate", "compare", "export"].includes(stage.name)
  );
  for (const { name, inputs } of others) {
    const sources = Object.values(inputs);
    assert(
      !sources.some((source) => /evaluate|compare|export/.test(source)),
      name,
    );
  }
});
