/** The cost model against committed runs: corpora of 15,000 to 29,000 pairs, widths 128 and 256, 2 to 12 layers, 4,000 to 32,000 subwords. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { z } from "zod";
import type { Step } from "../../../engine/graph/estimate.ts";
import { estimate } from "../../../apps/estimate/estimate.ts";
import { isJsonObject } from "../../../engine/keys/key.ts";
import { readResults } from "../../../apps/results/committed.ts";
import type { Json } from "../../../schemas/manifest.ts";
import { markdown } from "../../../nmt/metrics/layout.ts";
import { Model } from "../../../schemas/experiment/model.ts";
import { ROOT } from "../../fixtures/command.ts";

/** What a node takes is estimated within this factor of what it took; its bytes within the other one. */
const FACTOR = 2, BYTES_FACTOR = 1.25;

/** What adapted-pt-en was trained on took so many times longer than the machine of the others, which no estimate can know. */
const SLOWER_MACHINE = 2;

/** The stages whose time and size depend on the corpus and on models. */
const STAGES = [
  ...["corpus", "tokenize", "teacher", "student", "states", "translations"],
  ...["prune", "evaluate", "export"],
];

/** A committed run: its nodes as an outlook has them, and seconds and bytes of each. */
function runOf(name: string) {
  const saved = readResults(join(ROOT, "artifacts"), name);
  assert(saved !== undefined);
  const { manifest: { nodes }, results: { measured } } = saved;
  return {
    steps: new Map(
      Object.entries(nodes).map(([node, { preimage, inputs, metrics }]) => {
        const config = asNow(preimage.config);
        return [node, { stage: preimage.stage, config, inputs, metrics }];
      }),
    ) satisfies ReadonlyMap<string, Step>,
    seconds: new Map(
      Object.entries(measured).map(([node, { seconds }]) => [node, seconds]),
    ),
    // Evaluations of earlier versions have no counts of their scores.
    bytes: new Map(
      Object.entries(nodes)
        .filter(([, { preimage, outputs }]) =>
          preimage.stage !== "evaluate" || "statistics" in outputs
        )
        .map(([node, { outputs }]) => [
          node,
          Object.values(outputs).reduce((sum, { bytes }) => sum + bytes, 0),
        ]),
    ),
  };
}

/** quick and captions-small are older than the choice of checkpoints by BLEU, and recorded layers and the final state in one node. */
function asNow(config: Json): Json {
  if (!isJsonObject(config)) return config;
  const { training, layers } = config;
  return {
    ...config,
    ...isJsonObject(training ?? null) &&
      { training: Object.assign({ selection: "nll" }, training) },
    ...isJsonObject(layers ?? null) &&
      { signals: Object.assign({ final: true }, layers) },
  };
}

/** The estimate of a node of a run, by the other trainings of one. */
function estimated(
  node: string,
  run: ReturnType<typeof runOf>,
  by: ReturnType<typeof runOf>,
) {
  return estimate({
    artifacts: ".",
    nodes: run.steps,
    stale: [node],
    recorded: by.steps,
    seconds: new Map([...by.seconds].filter(([name]) => name !== node)),
  });
}

/** Fails where a node is estimated otherwise than it was measured, by the trainings of a run. */
async function checkNode(
  node: string,
  run: ReturnType<typeof runOf>,
  by: ReturnType<typeof runOf>,
  slower = 1,
): Promise<void> {
  const { seconds, bytes, unknown } = await estimated(node, run, by);
  assertEquals(unknown, []);
  const time = slower * seconds / (run.seconds.get(node) ?? NaN);
  assert(time > 1 / FACTOR && time < FACTOR, `${node}: ${time} of the time`);
  const measured = run.bytes.get(node);
  if (measured === undefined) return;
  const size = bytes / measured;
  assert(
    size > 1 / BYTES_FACTOR && size < BYTES_FACTOR,
    `${node}: ${size} of the bytes`,
  );
}

/** Of captions-small, what takes minutes: a recording of seconds is mostly OpenVINO's compilation, evaluations ran beside others. */
const COMPARED = {
  quick: STAGES,
  "captions-small": ["tokenize", "teacher", "student"],
};
for (const [name, stages] of Object.entries(COMPARED)) {
  const run = runOf(name);
  const nodes = [...run.steps].filter(([, { stage }]) => stages.includes(stage))
    .map(([node]) => node);
  Deno.test(`time and disk of ${nodes.length} nodes of ${name} are estimated within factors of ${FACTOR} and ${BYTES_FACTOR} by its other trainings`, async () => {
    assert(nodes.length > 10);
    for (const node of nodes) await checkNode(node, run, run);
  });
}

Deno.test(`by the trainings of quick, twice as wide a model of eight times the subwords is estimated within a factor of ${FACTOR}`, async () => {
  const [adapted, quick] = [runOf("adapted-pt-en"), runOf("quick")];
  const nodes = [
    ...["teacher", "states", "states:encoder", "student:ckd", "student:rkd"],
    ...["prune:576", "evaluate:teacher", "export:ckd"],
  ];
  for (const node of nodes) {
    await checkNode(node, adapted, quick, SLOWER_MACHINE);
  }
});

Deno.test("the page has what three teachers and their states took, by corpus, width and layers, beside the estimates", async () => {
  const names = ["quick", "captions-small", "adapted-pt-en"];
  const rows = await Promise.all(names.map(async (name) => {
    const run = runOf(name);
    const { model } = Taught.parse(run.steps.get("teacher")?.config);
    const count = (value: unknown, by = 1) =>
      Math.round(Number(value) / by).toLocaleString("en");
    const teacher = await estimated("teacher", run, run);
    const recordings = [...run.steps].filter(([, { stage }]) =>
      stage === "states"
    ).map(([node]) => node);
    const states = await Promise.all(
      recordings.map((node) => estimated(node, run, run)),
    );
    const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
    return [
      name,
      count(run.steps.get("corpus")?.metrics?.train),
      `${model.width}`,
      `${model.encoderLayers} + ${model.decoderLayers}`,
      count(run.seconds.get("teacher")),
      count(teacher.seconds),
      count(sum(recordings.map((node) => run.bytes.get(node) ?? NaN)), 1e6),
      count(sum(states.map(({ bytes }) => bytes)), 1e6),
    ];
  }));
  const columns = [
    ...["", "pairs", "width", "layers"],
    ...["teacher (s)", "estimated", "states (MB)", "estimated"],
  ];
  const expected = markdown([{ columns, rows }]);
  const page = Deno.readTextFileSync(join(ROOT, "docs/results/benches.md"));
  assert(page.includes(`${expected}\n`), `the page should have\n${expected}`);
});

const Taught = z.object({ model: Model });
