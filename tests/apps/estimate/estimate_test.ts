/** Estimates: their arithmetic against what was measured, and what the command line says of them. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
} from "@std/assert";
import { join } from "@std/path";
import { outlook } from "../../../engine/run/outlook.ts";
import { estimateText } from "../../../cli/console/estimate_text.ts";
import { readExperiment } from "../../../engine/graph/experiment.ts";
import { recordingBytes } from "../../../apps/estimate/arithmetic.ts";
import { estimate } from "../../../apps/estimate/estimate.ts";
import { measuredRate, recordedRate } from "../../../apps/estimate/rate.ts";
import pipeline from "../../../pipeline.ts";
import { signalsOf } from "../../../schemas/experiment/distillation.ts";
import { deno, pipeline as command, ROOT } from "../../fixtures/command.ts";
import { makeRun, temporary } from "../../fixtures/made_run.ts";
import {
  distillation,
  folder,
  model,
  tokens,
} from "../../nmt/fixtures/recorded_corpus.ts";

/** Seconds of the nodes of a run of `quick` on 2 cores beside other work, and the tokens of its corpus. */
const QUICK: Readonly<Record<string, number>> = {
  teacher: 781.346,
  states: 17.441,
  "student:no-kd": 233.514,
  "student:rkd": 334.197,
  "student:ckd-regular": 384.527,
  "evaluate:teacher": 6.549,
  "evaluate:no-kd": 3.259,
};
const STATES_BYTES = 517_317_248;
const TOKENIZED = {
  trainPairs: 17_336,
  trainSourceTokens: 242_792,
  trainTargetTokens: 212_655,
};

/** The outlook of `quick` where only some nodes are stale, and its other trainings are recorded. */
function quick(stale: readonly string[], set: readonly string[] = []) {
  const { value, what } = readExperiment(
    join(ROOT, "experiments"),
    "quick",
    set,
  );
  const graph = pipeline.graph(value, what);
  using folder = temporary();
  const reports = [...graph.keys()].map((name) => ({
    name,
    state: stale.includes(name) ? "stale" as const : "cached" as const,
    metrics: name === "tokenize" ? TOKENIZED : {},
  }));
  const found = outlook(graph, folder.path, reports);
  const seconds = Object.entries(QUICK).filter(([name]) =>
    !stale.includes(name)
  );
  return { ...found, recorded: found.nodes, seconds: new Map(seconds) };
}

for (const [node, seconds] of Object.entries(QUICK)) {
  Deno.test(`${node} of quick is estimated within a factor of two by the recorded trainings of the others`, async () => {
    const estimated = await estimate(quick([node]));
    assertEquals(estimated.unknown, []);
    const ratio = estimated.seconds / seconds;
    assert(ratio > 0.5 && ratio < 2, `${ratio}`);
  });
}

Deno.test("a student whose weights a grid chooses takes what it takes with weights that are given, and its choice a search of each trial", async () => {
  const [student, choice, evaluation] = [
    "student:ckd-regular",
    "choose:ckd-regular",
    "evaluate:ckd-regular",
  ];
  const given = await estimate(quick([student, evaluation]));
  const grid = 'students.ckd-regular={"encoder":[[1,2,3],[4,5,6]],"grid":' +
    '{"alpha":[0.3,0.5],"beta":[0.2]}}';
  const shorter = 'tuning.training={"steps":100,"cooldown":50}';
  const chosen = await estimate(
    quick([student, choice, evaluation], [grid, shorter]),
  );
  assertEquals(chosen.nodes[student], given.nodes[student]);
  // 500 validation pairs are searched for each of two trials, 1,000 test pairs for an evaluation.
  assertAlmostEquals(chosen.nodes[choice], chosen.nodes[evaluation], 0.01);
});

Deno.test("of trials of full length one is the student, which takes no time of its own, and its other seeds take theirs", async () => {
  const names = ["student:rkd.alpha0.3", "student:rkd@1", "student:rkd@2"];
  const grid = 'students.rkd={"grid":{"alpha":[0.3,0.5]},"seeds":[1,2]}';
  const { nodes } = await estimate(quick(names, [grid]));
  assertEquals(nodes["student:rkd@1"], 0);
  assertEquals(nodes["student:rkd@2"], nodes["student:rkd.alpha0.3"]);
  assert(nodes["student:rkd@2"] > 1);
});

Deno.test("validations take time: by BLEU also that of a search of their pairs, of all or of the first few", async () => {
  const secondsOf = async (...set: string[]) =>
    (await estimate(quick(["student:no-kd"], set))).seconds;
  const none = await secondsOf("student.training.validateEvery=1400");
  const likelihood = "student.training.selection=nll";
  const nll = await secondsOf(likelihood);
  const [bleu, few] = [
    await secondsOf(),
    await secondsOf("student.training.bleuSentences=50"),
  ];
  assert(none < bleu && nll < few && few < bleu, `${[none, nll, few, bleu]}`);
});

Deno.test("a student whose states are streamed takes the teacher's pass in every step, and no disk for states", async () => {
  const name = "student:ckd-regular";
  const streamed = 'students.ckd-regular.states="streamed"';
  const recorded = await estimate(quick([name]));
  const { nodes, bytes } = await estimate(quick([name], [streamed]));
  const { states } = (await estimate(quick(["states"]))).nodes;
  // 1,400 steps of 2,048 tokens are some 13 passes over the corpus.
  const passes = (nodes[name] - recorded.nodes[name]) / states;
  assert(passes > 9 && passes < 16, `${passes}`);
  assertEquals(bytes, recorded.bytes);
});

Deno.test("monolingual text that students learn from is in their states and memory: its limit, or what its files hold", async () => {
  using folder = temporary();
  const path = join(folder.path, "general.pt");
  // 10,000 sentences of 14 subwords of 4.3 bytes.
  Deno.writeFileSync(path, new Uint8Array(602_000));
  const sets = [1000, 20_000].map((limit) => [
    `corpus.monolingual=${JSON.stringify({ files: [path], limit })}`,
  ]);
  const [none, some, all] = await Promise.all(
    [[], ...sets].map((set) => estimate(quick(["states"], set))),
  );
  const sentences = ({ bytes }: typeof none) =>
    TOKENIZED.trainPairs * (bytes / none.bytes - 1);
  assertAlmostEquals(sentences(some), 1000, 1);
  assertAlmostEquals(sentences(all), 10_000, 1);
  const student = "student:ckd-regular";
  const trained = await Promise.all(
    [[], ...sets].map((set) => estimate(quick([student], set))),
  );
  const ofStates = [none, some, all].map(({ memory }) => memory.states);
  const ofStudent = trained.map(({ memory }) => memory[student]);
  for (const bytes of [ofStates, ofStudent]) {
    assert(bytes[0] < bytes[1] && bytes[1] < bytes[2], bytes.join());
  }
});

Deno.test("a disk that has less left than a run takes is said with its figure", async () => {
  const estimated = await estimate(quick(["states", "states:encoder"]));
  assert(!estimateText(estimated).includes("left"));
  const freeBytes = 0.3e9;
  assertMatch(
    estimateText({ ...estimated, freeBytes }),
    /, 0\.5 GB of disk.*; the disk has only 0\.3 GB left$/,
  );
});

Deno.test("the states of quick take the bytes that are estimated, to a thousandth", async () => {
  const { bytes } = await estimate(quick(["states", "states:encoder"]));
  assert(Math.abs(bytes / STATES_BYTES - 1) < 1e-3, `${bytes}`);
});

Deno.test("a recording with attention maps takes the bytes that are estimated", () => {
  const count = (ids: Int32Array) => ids.length;
  const estimated = recordingBytes(model, signalsOf(distillation), {
    pairs: tokens.pairs,
    sourceTokens: count(tokens.source.ids),
    targetTokens: count(tokens.target.ids),
  });
  const bytes = [...Deno.readDirSync(folder)]
    .filter(({ name }) => name.endsWith(".safetensors"))
    .map(({ name }) => {
      const file = Deno.readFileSync(join(folder, name));
      const header = new DataView(file.buffer).getBigUint64(0, true);
      return file.length - 8 - Number(header);
    }).reduce((sum, each) => sum + each, 0);
  assert(bytes > 0);
  const ratio = estimated / bytes;
  assert(ratio > 0.7 && ratio < 1.1, `${ratio}`);
});

Deno.test("this machine's rate is measured", async () => {
  const { operationsPerSecond } = await measuredRate({});
  assert(operationsPerSecond > 1e8 && operationsPerSecond < 1e15);
});

async function dryRun(...args: string[]): Promise<string> {
  const { code, out, err } = await command("--dry-run", ...args);
  assertEquals(code, 10, err);
  return out;
}

Deno.test("--dry-run says how long the stale nodes take and how large they are, --json in numbers", async () => {
  using folder = temporary();
  const args = ["--experiment", "tiny", "--artifacts", folder.path];
  assertMatch(
    (await dryRun(...args)).trimEnd().split("\n").at(-1) ?? "",
    /^about [\d.]+ (second|minute)s?, \S+ [MG]B of disk and \S+ [MG]B of memory, by a matrix product measured now$/,
  );
  const { estimate } = JSON.parse(await dryRun(...args, "--json"));
  assert(estimate.seconds > 0 && estimate.bytes > 0);
  assert(estimate.memoryBytes > 100e6 && estimate.memoryBytes < 1e9);
  assertEquals(estimate.unknown, []);
});

Deno.test("a plan needs no runtime: where that is missing, --dry-run says how to get it or do without", async () => {
  using folder = temporary();
  const dry = async (...more: string[]) => {
    const { code, out, err } = await deno(
      [
        "run",
        "--quiet",
        "--allow-all",
        "cli/main.ts",
        "--dry-run",
        "--experiment",
        "captions-pt-en",
        "--artifacts",
        folder.path,
        ...more,
      ],
      { CKD_OPENVINO: folder.path },
    );
    assertEquals(code, 10, err);
    return out;
  };
  const paragraphs = (await dry()).trimEnd().split("\n\n");
  assertMatch(
    paragraphs.at(-2) ?? "",
    /, by a matrix product of ONNX Runtime measured now/,
  );
  assertMatch(
    paragraphs.at(-1) ?? "",
    /^Cannot use runtime openvino on cpu: .*; run tools\/openvino\/fetch, or take ONNX Runtime by --set 'runtime=\{"name":"onnx"\}': /,
  );
  const onnx = ["--set", 'runtime={"name":"onnx"}'];
  const { estimate } = JSON.parse(await dry(...onnx, "--json"));
  assertEquals(
    [estimate.missing, estimate.by],
    [undefined, "a matrix product measured now"],
  );
});

Deno.test("trainings that this machine recorded say how fast it is, those of another machine do not", async () => {
  using folder = temporary();
  const records = makeRun(folder.path);
  const trainings =
    [...records.values()].filter(({ preimage }) =>
      ["teacher", "student"].includes(preimage.stage)
    ).length;
  const args = ["--experiment", "tiny", "--artifacts", folder.path, "--json"];
  const recorded = JSON.parse(await dryRun(...args)).estimate;
  assertEquals(recorded.by, "the trainings recorded on this machine");
  // Each was recorded to take 60 s; the other nodes take less together.
  assert(recorded.seconds > 60 * trainings);
  assert(recorded.seconds < 120 * trainings);

  const runs = join(folder.path, "runs");
  for (const { name } of [...Deno.readDirSync(runs)]) {
    if (!name.endsWith(".jsonl")) continue;
    const text = Deno.readTextFileSync(join(runs, name));
    const other = text.replace(/"cores":\d+/, '"cores":4096');
    assert(other !== text);
    Deno.writeTextFileSync(join(runs, name), other);
  }
  const elsewhere = JSON.parse(await dryRun(...args)).estimate;
  assertEquals(elsewhere.by, "a matrix product measured now");
});

Deno.test("recorded trainings that are little beside what is estimated say nothing of it", () => {
  const [recorded, small] = [{ operations: 8e9, seconds: 4 }, {
    ...{ operations: 1e9, seconds: 3 },
  }];
  assertEquals(recordedRate([small], 1e11), undefined);
  assertEquals(
    recordedRate([recorded, small], 1e11)?.operationsPerSecond,
    9e9 / 7,
  );
  assertEquals(recordedRate([], 1e11), undefined);
});

Deno.test("what depends on data of unknown size is named and not counted", async () => {
  const { value, what } = readExperiment(
    join(ROOT, "experiments"),
    "paper",
    [],
  );
  const graph = pipeline.graph(value, what);
  using folder = temporary();
  const reports = ["tr-en/fetch", "tr-en/states", "tr-en/student:rkd"]
    .map((name) => ({ name, state: "stale" as const, metrics: {} }));
  const estimated = await estimate(outlook(graph, folder.path, reports));
  assertEquals(estimated.unknown, ["tr-en/fetch", "tr-en/states"]);
  assert(estimated.seconds > 0);
  assertMatch(
    estimateText(estimated),
    /not counted.*: tr-en\/fetch, tr-en\/states$/,
  );
  const unknown = ["fetch", "corpus", "tokenize", "teacher", "states"];
  assertMatch(
    estimateText({ ...estimated, unknown }),
    /not counted.*: fetch, corpus, tokenize and 2 more$/,
  );
});
