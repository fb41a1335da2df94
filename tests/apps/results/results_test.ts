/** Results of an experiment: gathered from a run, saved, read back, refused where they do not hold together, and shown in documents. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { isTemporary, namesIn } from "../../../engine/files/atomic.ts";
import { readExperiment } from "../../../engine/graph/experiment.ts";
import { startRunLog } from "../../../engine/store/run_log.ts";
import {
  readCached,
  readManifest,
  writeCached,
} from "../../../engine/store/manifest.ts";
import { openWorkspace } from "../../../engine/store/workspace.ts";
import pipeline from "../../../pipeline.ts";
import { resultsText, TABLES } from "../../../cli/apps/results.ts";
import { readResults, saveResults } from "../../../apps/results/committed.ts";
import { gather } from "../../../apps/results/gather.ts";
import { scoredOf } from "../../../apps/results/test_sets.ts";
import { PAGES, read } from "../../docs/page.ts";
import { assertInputError } from "../../fixtures/input_error.ts";
import {
  BLEU,
  makeRun,
  P,
  ROOT,
  temporary,
  writeRun,
} from "../../fixtures/made_run.ts";

/** What the command gathers of the last run in a folder. */
function gathered(artifacts: string) {
  const manifest = readManifest(artifacts);
  assert(manifest !== undefined);
  const { name, value } = manifest.experiment;
  const graph = pipeline.graph(value, name);
  const order = ["teacher", "no-kd", "rkd", "ckd-regular"]
    .map((system) => `evaluate:${system}`);
  return gather(openWorkspace(artifacts), manifest, graph, order);
}

Deno.test("saved results are read back: figures of the manifest, times, machine and learning curves", () => {
  using folder = temporary();
  const records = makeRun(folder.path);
  const found = gathered(folder.path);
  assertEquals(readResults(folder.path, "tiny"), undefined);
  saveResults(folder.path, found);
  const saved = readResults(folder.path, "tiny");
  assert(saved !== undefined);
  const { results } = saved;
  assertEquals(
    JSON.parse(JSON.stringify(results)),
    JSON.parse(JSON.stringify(found.results)),
  );
  assertEquals(
    results.systems.map(({ system }) => system),
    ["teacher", "no-kd", "rkd", "ckd-regular"],
  );
  const [teacher, student] = results.systems;
  assertEquals(teacher.bleu.score, BLEU);
  assertEquals(student.bleu.to.teacher, { difference: -1, p: P });
  assertEquals(student.trainingSeconds, 60);
  assertEquals(
    student.runs[0].hypotheses,
    records.get("evaluate:no-kd")?.outputs.hypotheses.sha256,
  );
  assertEquals(results.curves["student:rkd"], [
    { step: 50, nll: 4.1235 },
    { step: 100, nll: 3.5 },
  ]);
  const machine = results.machines[results.measured.teacher.machine ?? -1];
  assert(JSON.stringify(machine).includes('"cores":'));
  assertEquals(
    [...Deno.readDirSync(join(folder.path, "results"))].map(({ name }) => name),
    ["tiny"],
  );
});

type Edit = (text: string) => string | undefined;
const replace = (from: string | RegExp, to: string): Edit => (text) => {
  const edited = text.replace(from, to);
  assert(edited !== text, `${from} is not there`);
  return edited;
};

const DAMAGED: readonly (readonly [
  title: string,
  file: "manifest.json" | "results.json",
  edit: Edit,
  part: string,
])[] = [
  [
    "a score that was edited in the results",
    "results.json",
    replace(
      '"system":"rkd","parameters":1500,"bytes":10,"bleu":{"score":38',
      '"system":"rkd","parameters":1500,"bytes":10,"bleu":{"score":39',
    ),
    "systems.2.bleu.score in results.json is 39, and 38 by its manifest",
  ],
  [
    "a score that was edited in the manifest",
    "manifest.json",
    replace('"bleu":37', '"bleu":39.5'),
    "systems.3.bleu.score in results.json is 37, and 39.5 by",
  ],
  [
    "a difference that was made a planned one",
    "manifest.json",
    replace(
      '"ckd-regular.bleu.p.teacher":',
      '"ckd-regular.bleu.to.rkd.planned":"superiority",$&',
    ),
    'node "compare" records ckd-regular.bleu.to.rkd.planned as superiority, and none is planned',
  ],
  [
    "a learning curve that was edited",
    "results.json",
    replace('"nll":3.5', '"nll":3.4'),
    "results.json was changed after it was saved",
  ],
  [
    "a config that was edited",
    "manifest.json",
    replace('"lengthPenalty":1', '"lengthPenalty":2'),
    "is not that of its preimage",
  ],
  [
    "a hash of an input that was edited",
    "manifest.json",
    (text) => {
      const manifest = JSON.parse(text);
      manifest.nodes.corpus.outputs.test.sha256 = "0".repeat(64);
      return JSON.stringify(manifest);
    },
    'was made of another "corpus"',
  ],
  [
    "an experiment that was edited",
    "manifest.json",
    replace('"trainLimit":1600', '"trainLimit":1601'),
    "manifest.json is not the one that results.json was saved with",
  ],
  [
    "a file that was cut off",
    "results.json",
    (text) => text.slice(0, text.length / 2),
    "results.json is no JSON",
  ],
  [
    "a missing file",
    "results.json",
    () => undefined,
    "results.json is missing",
  ],
];

for (const [title, file, edit, part] of DAMAGED) {
  Deno.test(`${title} is refused with what is wrong and what to do`, () => {
    using folder = temporary();
    makeRun(folder.path);
    saveResults(folder.path, gathered(folder.path));
    const path = join(folder.path, "results", "tiny", file);
    const text = edit(Deno.readTextFileSync(path));
    if (text === undefined) Deno.removeSync(path);
    else Deno.writeTextFileSync(path, text);
    assertInputError(
      () => readResults(folder.path, "tiny"),
      "Cannot use the committed results",
      part,
      "restore its files with git, or save them anew",
    );
  });
}

Deno.test("results of a newer version, with an unknown key or under another name are refused", () => {
  using folder = temporary();
  makeRun(folder.path);
  saveResults(folder.path, gathered(folder.path));
  const results = join(folder.path, "results");
  const path = join(results, "tiny", "results.json");
  const text = Deno.readTextFileSync(path);
  const refused = (edited: string, ...parts: string[]) => {
    Deno.writeTextFileSync(path, edited);
    assertInputError(() => readResults(folder.path, "tiny"), ...parts);
  };
  refused(text.replace('"schema": 2', '"schema": 3'), "newer version");
  refused(text.replace('"machines"', '"machine"'), "machine");
  Deno.writeTextFileSync(path, text);
  Deno.renameSync(join(results, "tiny"), join(results, "quick"));
  assertInputError(
    () => readResults(folder.path, "quick"),
    'expected those of "quick", found those of "tiny"',
  );
});

Deno.test("what a kill leaves of a save, one new file beside one old, is refused", () => {
  using folder = temporary();
  makeRun(folder.path);
  saveResults(folder.path, gathered(folder.path));
  const path = join(folder.path, "results", "tiny", "results.json");
  const before = Deno.readTextFileSync(path);
  makeRun(folder.path, { better: 2 });
  saveResults(folder.path, gathered(folder.path));
  assertEquals(
    readResults(folder.path, "tiny")?.results.systems[0].bleu.score,
    42,
  );
  Deno.writeTextFileSync(path, before);
  assertInputError(() => readResults(folder.path, "tiny"), "is 40, and 42 by");
});

Deno.test("a save that cannot write is an input error of one sentence and leaves nothing", () => {
  using folder = temporary();
  makeRun(folder.path);
  Deno.writeTextFileSync(join(folder.path, "results"), "a file");
  assertInputError(
    () => saveResults(folder.path, gathered(folder.path)),
    `Cannot save results to "${folder.path}/results/tiny": `,
    "; make it a folder that can be written to.",
  );
  assertEquals(Deno.readTextFileSync(join(folder.path, "results")), "a file");
});

Deno.test("an evaluation of another student than the manifest's is left out, and so is what was compared with it", () => {
  using folder = temporary();
  const records = makeRun(folder.path);
  const manifest = readManifest(folder.path);
  const student = records.get("student:rkd");
  assert(manifest !== undefined && student !== undefined);
  const model = { ...student.outputs.model, sha256: "0".repeat(64) };
  records.set("student:rkd", {
    ...student,
    outputs: { ...student.outputs, model },
  });
  writeRun(folder.path, "tiny", manifest.experiment.value, records);
  const { results, leftOut, manifest: saved } = gathered(folder.path);
  assertEquals(
    results.systems.map(({ system }) => system),
    ["teacher", "no-kd", "ckd-regular"],
  );
  assert(leftOut.includes("evaluate:rkd"));
  assert(leftOut.includes("compare"));
  assertEquals(results.systems[1].bleu.to.teacher?.p, undefined);
  assertEquals(saved.nodes["evaluate:rkd"], undefined);
  saveResults(folder.path, { results, manifest: saved });
  assertEquals(readResults(folder.path, "tiny")?.results.systems.length, 3);
});

Deno.test("of trials alone, with nothing evaluated, results are the table of tuning", () => {
  using folder = temporary();
  const records = makeRun(folder.path, {
    set: ["students.rkd.grid.alpha=[0.3,0.5]"],
  });
  const value = readManifest(folder.path)?.experiment.value;
  assert(value !== undefined);
  const trials = new Map(
    [...records].filter(([name]) => !/^(evaluate|export|compare)/.test(name)),
  );
  writeRun(folder.path, "tiny", value, trials);
  saveResults(folder.path, gathered(folder.path));
  const saved = readResults(folder.path, "tiny");
  assert(saved !== undefined);
  const shown = (table: "systems" | "tuning") =>
    resultsText(saved, { table, json: false, latex: false });
  assertEquals(shown("systems"), "");
  assertMatch(shown("tuning"), /\| rkd +\| .*alpha0\.[35]/);
});

Deno.test("what an earlier run of another config left in the manifest is left out", () => {
  using folder = temporary();
  const records = makeRun(folder.path, { set: ["evaluation.beam=3"] });
  const other = readManifest(folder.path);
  const beam = other?.experiment.value;
  makeRun(folder.path);
  assert(beam !== undefined);
  // As if a run with --set evaluation.beam=3 had come to the teacher's evaluation and no further.
  const mixed = new Map(Object.entries(readManifest(folder.path)?.nodes ?? {}));
  const teacher = records.get("evaluate:teacher");
  assert(teacher !== undefined);
  mixed.set("evaluate:teacher", teacher);
  writeRun(folder.path, "tiny", beam, mixed);
  const { results, leftOut } = gathered(folder.path);
  assertEquals(results.systems.map(({ system }) => system), ["teacher"]);
  assert(leftOut.includes("evaluate:no-kd"));
});

Deno.test("a training's time counts the attempts that were cut off before the one that finished it", () => {
  using folder = temporary();
  const records = makeRun(folder.path);
  const { key = "" } = records.get("student:rkd") ?? {};
  const cached = readCached(folder.path, key);
  assert(cached !== undefined);
  const trainingSeconds = () =>
    gathered(folder.path).results.measured["student:rkd"].seconds;
  assertEquals(trainingSeconds(), 60);
  const begin = (time: string) => {
    const history = startRunLog(folder.path, { experiment: "tiny", keys: {} });
    const name = "student:rkd";
    history.append({ event: "node-start", time, name, key });
    return history;
  };
  // The run above finished it, so that what follows began anew: interrupted after 100 s, which its record says; killed after 200 s, which the node's log shows.
  const interrupted = begin("2026-01-01T00:00:00.000Z");
  interrupted.append({ event: "end", time: "2026-01-01T00:01:40.000Z" });
  const killed = begin("2026-01-01T01:00:00.000Z");
  const last = new Date("2026-01-01T01:03:20.000Z");
  const log = killed.logPath("student:rkd");
  Deno.writeTextFileSync(log, "step 50\n");
  Deno.utimeSync(log, last, last);
  const record = join(folder.path, "runs", `${killed.run}.jsonl`);
  Deno.utimeSync(record, last, new Date("2026-01-01T01:00:00.000Z"));
  const finishing = begin("2026-01-01T02:00:00.000Z");
  writeCached(folder.path, { ...cached, run: finishing.run, seconds: 30 });
  assertEquals(trainingSeconds(), 330);
});

Deno.test("the test set is read by evaluation, export and what removes or counts its sentences, and by nothing that trains or chooses", () => {
  const experiments = join(ROOT, "experiments");
  const names = namesIn(experiments).filter((name) => /\.jsonc?$/.test(name));
  assert(names.length > 0);
  for (const name of names) {
    const { value, what } = readExperiment(
      experiments,
      join(experiments, name),
      [],
    );
    const readers = [...pipeline.graph(value, what).values()]
      .filter(({ stage }) =>
        Object.values(stage.inputs).some((outputs) => outputs.includes("test"))
      ).map(({ stage }) => stage.name);
    assert(readers.includes("evaluate"), name);
    const others = readers.filter((stage) =>
      !["evaluate", "export", "monolingual", "overlap"].includes(stage)
    );
    assertEquals(others, [], name);
  }
});

/** `<!-- results: EXPERIMENT -->`, or with another table than that of systems: `<!-- results: EXPERIMENT curves -->`. */
const MARKER = /^<!-- results: (\S+)(?: (\S+))? -->$/gm;
const TEXT = { table: "systems", json: false, latex: false } as const;

/** What is wrong with the tables of a document that say which committed results they are of. */
function wrongTables(document: string, artifacts: string): string[] {
  return [...document.matchAll(MARKER)].flatMap(
    ({ 0: marker, 1: name, 2: table = TEXT.table, index }) => {
      assert(table in TABLES, `${marker} names no table`);
      const results = readResults(artifacts, name);
      if (results === undefined) return [`${name} has no committed results`];
      const text = resultsText(results, {
        ...TEXT,
        table: table as keyof typeof TABLES,
      });
      const shown = document.slice(index + marker.length);
      return shown.startsWith(`\n\n${text}\n`) ? [] : [
        `${name} is not what "results --experiment ${name} --table ${table}" prints:\n${text}`,
      ];
    },
  );
}

Deno.test("a table in a document is held against the committed results that it names", () => {
  using folder = temporary();
  makeRun(folder.path);
  const found = gathered(folder.path);
  saveResults(folder.path, found);
  const table = resultsText(found, TEXT);
  const document = (name: string, table: string) =>
    `# Results\n\n<!-- results: ${name} -->\n\n${table}\n\nSo it is.\n`;
  const wrong = (name: string, table: string) =>
    wrongTables(document(name, table), folder.path);
  assertEquals(wrong("tiny", table), []);
  assertEquals(wrong("tiny", table.replace("39.0", "39.1")).length, 1);
  assertEquals(wrong("tiny", table.replace(/\|\n.*$/, "|")).length, 1);
  assertEquals(wrong("quick", table), ["quick has no committed results"]);
});

Deno.test("learning curves are told as perplexities, those of a long training thinned out to its end", () => {
  using folder = temporary();
  makeRun(folder.path);
  const { manifest, results } = gathered(folder.path);
  const teacher = Array.from(
    { length: 25 },
    (_, i) => ({ step: 10 * i + 10, nll: i / 10 }),
  );
  const saved = {
    manifest,
    results: { ...results, curves: { ...results.curves, teacher } },
  };
  const text = resultsText(saved, { ...TEXT, table: "curves" });
  const [head, , first, second] = text.split("\n")
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  const steps = ["10", "40", "70", "100", "130", "160", "190", "220", "250"];
  assertEquals(head, ["perplexity at step", ...steps, "model"]);
  // e^0 and e^2.4; no-kd was validated at the steps 50 and 100, the second time with e^3.5.
  assertEquals(
    [first[0], first[1], first[9], first[10]],
    ["teacher", "1.00", "11.02", "6.50"],
  );
  assertEquals([second[0], second[4]], ["no-kd", "33.12"]);
  const json = JSON.parse(
    resultsText(saved, { ...TEXT, table: "curves", json: true }),
  );
  assertEquals(json.curves[1].name, "no-kd");
  assertEquals(json.curves[1].perplexities[1], {
    step: 100,
    perplexity: Math.exp(3.5),
  });
});

Deno.test("of each grid the points, their validation BLEU and the chosen one are told, systems as in their table", () => {
  using folder = temporary();
  makeRun(folder.path, {
    set: [
      'students.ckd-regular.grid={"alpha":[0.3,0.7],"beta":[0.2]}',
      'students.rkd.grid={"alpha":[0.4]}',
    ],
  });
  const found = gathered(folder.path);
  assertEquals(
    resultsText(found, { ...TEXT, table: "tuning" }),
    `
| validation BLEU of | alpha0.4 | alpha0.3-beta0.2 | alpha0.7-beta0.2 |           chosen |        unequal budget |
| ------------------ | -------: | ---------------: | ---------------: | ---------------: | --------------------: |
| rkd                |    30.00 |                  |                  |         alpha0.4 |  1 trial of 200 steps |
| ckd-regular        |          |            30.00 |            31.00 | alpha0.7-beta0.2 | 2 trials of 200 steps |
`.trim(),
  );
  assertEquals(
    JSON.parse(resultsText(found, { ...TEXT, table: "tuning", json: true })),
    {
      experiment: "tiny",
      tuning: [
        {
          ...{ system: "rkd", chosen: "alpha0.4", tried: { "alpha0.4": 30 } },
          ...{ steps: 200, unequal: true },
        },
        {
          system: "ckd-regular",
          chosen: "alpha0.7-beta0.2",
          tried: { "alpha0.3-beta0.2": 30, "alpha0.7-beta0.2": 31 },
          ...{ steps: 200, unequal: true },
        },
      ],
    },
  );
});

Deno.test("budgets of grids are unequal by their trials or by the steps of these, and not by what is tried", () => {
  const grids = [
    'students.ckd-regular.grid={"alpha":[0.3,0.7],"beta":[0.2]}',
    'students.no-kd.grid={"dropout":[0.1,0.3]}',
  ];
  const table = (set: readonly string[]) => {
    using folder = temporary();
    makeRun(folder.path, { set: [...grids, ...set] });
    const found = gathered(folder.path);
    return resultsText(found, { ...TEXT, table: "tuning" });
  };
  assert(!table([]).includes("unequal"));
  const longer = table(["students.ckd-regular.training.steps=300"]);
  assert(longer.includes("2 trials of 300 steps"), longer);
});

for (const page of PAGES) {
  Deno.test(`the tables of ${page} are those of the committed results`, () => {
    assertEquals(wrongTables(read(page), join(ROOT, "artifacts")), []);
  });
}

Deno.test("all committed results hold together", () => {
  const artifacts = join(ROOT, "artifacts");
  const names = namesIn(join(artifacts, "results"));
  for (const name of names.filter((name) => !isTemporary(name, /.+/))) {
    assert(readResults(artifacts, name) !== undefined, name);
  }
});

const CAPTIONS = 'testSets={"captions":{"data":{"descriptor":"multi30k"}}}';

Deno.test("scores by test set have a row a model and a column a test set, its own first", () => {
  using folder = temporary();
  makeRun(folder.path, { set: [CAPTIONS] });
  const text = resultsText(gathered(folder.path), { ...TEXT, table: "sets" });
  const rows = text.split("\n")
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  assertEquals(rows[0].slice(2), ["own test", "captions"]);
  assertEquals(rows.slice(2).map(([name]) => name), [
    "teacher",
    "no-kd",
    "rkd",
    "ckd-regular",
  ]);
  const scores = rows.slice(2).map((row) =>
    row.slice(2).map((cell) => Number(cell.split(" / ")[0]))
  );
  // Each system that is evaluated, on its own test set and then on the other, has one less.
  assertEquals(scores, [[40, 39], [38, 37], [36, 35], [34, 33]]);
});

Deno.test("a model that several language pairs share has one row, and others of one name say whose they are", () => {
  using folder = temporary();
  makeRun(folder.path, {
    set: ['pairs={"a":{},"b":{"seed":2}}', CAPTIONS],
  });
  const { results, manifest } = gathered(folder.path);
  const named = () =>
    scoredOf({ results, manifest }).map(({ name, scores }) =>
      [name, ...scores.keys()].join()
    );
  const before = named();
  assertEquals(before.length, 8);
  assertEquals(before[0], "teacher (a),own test (a),captions (a)");
  assert(
    before.includes("teacher (b),own test (b),captions (b)"),
    before.join("\n"),
  );
  manifest.nodes["b/teacher"].outputs.model =
    manifest.nodes["a/teacher"].outputs.model;
  const shared = "own test (a),captions (a),own test (b),captions (b)";
  assertEquals(named()[0], `teacher,${shared}`);
  assertEquals(named().length, 7);
  // The same sentences are one test set.
  for (const [name, { preimage }] of Object.entries(manifest.nodes)) {
    const own = /^b(\.captions)?\/evaluate:/.exec(name);
    if (own === null) continue;
    const { inputs } = manifest.nodes[name.replace(/^b/, "a")].preimage;
    preimage.inputs.corpus = inputs.corpus;
  }
  assertEquals(named()[0], "teacher,own test,captions");
  // Another system is another row, though its model be the same.
  manifest.nodes["a/student:rkd"].outputs.model =
    manifest.nodes["a/student:no-kd"].outputs.model;
  assertEquals(named().length, 7);
});

Deno.test("a test set that pairs evaluate otherwise has a column each, and models that share one seed of several a row each", () => {
  using folder = temporary();
  const beams =
    'pairs={"greedy":{"evaluation":{"beam":1}},"beam5":{"evaluation":{"beam":5}}}';
  makeRun(folder.path, { set: [beams, "students.rkd.seeds=[1,2]"] });
  const { results, manifest: { nodes }, manifest } = gathered(folder.path);
  for (const [name, { preimage }] of Object.entries(nodes)) {
    const other = nodes[name.replace("beam5/", "greedy/")];
    nodes[name].outputs = other.outputs;
    if (preimage.stage !== "evaluate") continue;
    preimage.inputs.corpus = other.preimage.inputs.corpus;
  }
  const named = () =>
    scoredOf({ results, manifest }).map(({ name, scores }) =>
      [name, ...scores.keys()].join()
    );
  const both = "own test (beam5),own test (greedy)";
  assertEquals(
    named(),
    ["teacher", "ckd-regular", "no-kd", "rkd"].map((name) => `${name},${both}`),
  );
  const second = nodes["beam5/student:rkd@2"];
  second.outputs = {
    ...second.outputs,
    model: nodes["beam5/teacher"].outputs.model,
  };
  assertEquals(named().filter((name) => name.startsWith("rkd")), [
    "rkd (beam5),own test (beam5)",
    "rkd (greedy),own test (greedy)",
  ]);
});
