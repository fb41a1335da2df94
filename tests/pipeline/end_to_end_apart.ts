/** An experiment on a slice of real captions: every system to its end, the selections, and which nodes read the test set. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { join } from "@std/path";
import { readExperiment } from "../../engine/graph/experiment.ts";
import type { Node } from "../../engine/graph/graph.ts";
import pipeline from "../../pipeline.ts";
import {
  captions,
  captionsMissing,
  writeCaptions,
  writeLines,
} from "../nmt/training/captions.ts";
import { inState, type NodeJson } from "../engine/fixtures/project.ts";
import { ROOT } from "../fixtures/command.ts";
import { nodesOf, objectOf } from "../nmt/fixtures/nodes.ts";

const EXPERIMENT = "captions-tuning";
/** How many lines of each file of captions are taken. */
const LINES = { train: 240, val: 40, test_2016_flickr: 40 };

/** Models that train in a second, on the captions that the tests have. */
const SMALL = [
  ...["languages.source=en", "languages.target=de", 'runtime={"name":"onnx"}'],
  "vocabulary.size=500",
  ...["teacher", "student"].flatMap((of) => [
    `${of}.model.width=32`,
    `${of}.model.feedForward=64`,
    `${of}.training.steps=40`,
    `${of}.training.validateEvery=20`,
    `${of}.training.batchTokens=512`,
    `${of}.training.warmup=10`,
    `${of}.training.factor=0.5`,
  ]),
  "evaluation.beam=2",
  // So little is learnt that whole words are hardly ever right, but letters are.
  "evaluation.tokenize=char",
];

Deno.test({
  name:
    `every system of ${EXPERIMENT} is trained, chosen by validation BLEU, evaluated and compared; another test line reruns what measures, and nothing else${captionsMissing}`,
  ignore: captionsMissing !== "",
  fn: async () => {
    using experiment = await slice();
    const { graph } = experiment;

    const first = await experiment.nodes("run");
    assertEquals(
      first.map(({ name }) => name).sort(),
      [...graph.keys()].sort(),
    );
    const selected = [...graph.values()]
      .filter(({ inputs }) => inputs.choice?.startsWith("choose:"))
      .map(({ name }) => name);
    assertEquals(
      [...graph.keys()].filter((name) => !inState(first, "ran").includes(name)),
      selected,
      "the selected trials are trained again",
    );
    const byName = new Map(first.map((node) => [node.name, node]));

    for (const { metrics } of of("evaluate", graph, byName)) {
      assert(Number(metrics.bleu) >= 0 && Number(metrics.chrf) > 0);
      assert(Number(metrics.parameters) > 0);
    }
    const [compare] = of("compare", graph, byName);
    for (const { name } of of("evaluate", graph, byName)) {
      const system = name.slice("evaluate:".length);
      assert(`${system}.bleu.low` in compare.metrics, system);
    }

    const choices = of("choose", graph, byName);
    assertEquals(choices.length, 4);
    let later = 0;
    for (const choice of choices) {
      const { chosen, ...scores } = choice.metrics;
      const bleu = (trial: string) => Number(scores[`validationBleu ${trial}`]);
      const trials = Object.keys(pointsOf(graph.get(choice.name)));
      assertEquals(Object.keys(scores).length, trials.length);
      assertEquals(
        bleu(String(chosen)),
        Math.max(...trials.map(bleu)),
        choice.name,
      );
      if (chosen !== trials[0]) later++;
      assertEquals(
        JSON.parse(
          Deno.readTextFileSync(experiment.object(choice, "choice")),
        ),
        pointsOf(graph.get(choice.name))[String(chosen)],
      );
      const student = choice.name.replace("choose:", "student:");
      assertEquals(
        byName.get(student)?.outputs.model,
        byName.get(`${student}.${chosen}`)?.outputs.model,
        `${student} is not trained with the weights that were chosen`,
      );
    }

    assert(later > 0, "no choice was of another trial than the first");

    assertEquals(inState(await experiment.nodes("run"), "ran"), []);

    experiment.changeTestLine();
    await experiment.nodes("run", "--until", "corpus");
    const stale = inState(await experiment.nodes("status"), "stale");
    const readers = [...graph.values()]
      .filter(({ stage }) =>
        ["evaluate", "export", "compare"].includes(stage.name)
      )
      .map(({ name }) => name);
    assertEquals(stale.sort(), readers.sort());
    const again = await experiment.nodes("run", "evaluate:no-kd");
    assertEquals(inState(again, "ran"), ["evaluate:no-kd"]);
    const chrf = (nodes: readonly NodeJson[]) =>
      nodes.find(({ name }) => name === "evaluate:no-kd")?.metrics.chrf;
    assertNotEquals(chrf(again), chrf(first));
  },
});

/** The experiment on the first lines of each file, in a folder of its own. */
async function slice() {
  const folder = Deno.makeTempDirSync({ prefix: "slice-" });
  const path = (name: string) => join(folder, name);
  const data = await writeCaptions(folder, LINES);
  const settings = [
    ...SMALL,
    `data=${JSON.stringify(data)}`,
  ];
  const { value, what } = readExperiment(
    join(ROOT, "experiments"),
    EXPERIMENT,
    settings,
  );
  const extra = {
    en: (await captions("test_2016_flickr.en.gz"))[LINES.test_2016_flickr],
    de: (await captions("test_2016_flickr.de.gz"))[LINES.test_2016_flickr],
  };
  return {
    graph: pipeline.graph(value, what),
    nodes: (...args: string[]) =>
      nodesOf(
        ...args,
        ...["--experiment", EXPERIMENT, "--artifacts", path("artifacts")],
        ...settings.flatMap((setting) => ["--set", setting]),
      ),
    /** Path of a node's output. */
    object: (node: NodeJson, output: string) =>
      objectOf(path("artifacts"), node, output),
    /** Puts a caption that was not among them in place of the first one of the test set. */
    changeTestLine: () => {
      for (const side of ["en", "de"] as const) {
        const file = path(`test_2016_flickr.${side}`);
        const lines = Deno.readTextFileSync(file).trimEnd().split("\n");
        writeLines(file, [extra[side], ...lines.slice(1)]);
      }
    },
    [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }),
  };
}

/** The nodes of a stage as a run told of them. */
function of(
  stage: string,
  graph: ReadonlyMap<string, Node>,
  nodes: ReadonlyMap<string, NodeJson>,
): NodeJson[] {
  return [...nodes.values()].filter(({ name }) =>
    graph.get(name)?.stage.name === stage
  );
}

function pointsOf(node: Node | undefined): Readonly<Record<string, unknown>> {
  const { config } = node ?? {};
  assert(typeof config === "object" && config !== null && "points" in config);
  const { points } = config;
  assert(typeof points === "object" && points !== null);
  return { ...points };
}
