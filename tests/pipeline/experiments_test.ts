/** The experiments of `experiments/`: each is valid, builds its graph, and has the documented systems. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { readExperiment } from "../../engine/graph/experiment.ts";
import { parse } from "../../base/input_error.ts";
import { recordedKinds } from "../../schemas/experiment/distillation.ts";
import { distillations } from "../../schemas/experiment/experiment.ts";
import { Matrix } from "../../schemas/experiment/language_pairs.ts";
import pipeline from "../../pipeline.ts";

const FOLDER = fromFileUrl(new URL("../../experiments", import.meta.url));

const EXPERIMENTS = [...Deno.readDirSync(FOLDER)]
  .filter(({ name }) => name.endsWith(".jsonc"))
  .map(({ name }) => name.replace(/\.jsonc$/, "")).sort();

/** The rows of the paper's tables. */
const SYSTEMS = [
  "no-kd",
  "rkd",
  "pkd",
  "ckd-regular",
  "ckd-overlap",
  "ckd-skip-middle",
  "ckd-cross",
  "ckd-interleave",
  "ckd-both",
];
/** Of the paper's teacher, and of each of its students, in either stack. */
const LAYERS = [6, ...SYSTEMS.map(() => 2)];

/** The pairs of an experiment's file, each with its nodes by their names without the pair's. */
function pairsOf(name: string) {
  const { value, what } = readExperiment(FOLDER, name, []);
  const graph = pipeline.graph(value, what);
  return parse(Matrix, value, what).pairs.map(({ name, experiment }) => {
    const prefix = name === undefined ? "" : `${name}/`;
    const nodes = [...graph.values()]
      .filter((node) => node.name.startsWith(prefix))
      .map((node) => ({ ...node, name: node.name.slice(prefix.length) }));
    return {
      experiment,
      prefix,
      nodes: new Map(nodes.map((node) => [node.name, node])),
    };
  });
}

for (const name of EXPERIMENTS) {
  Deno.test(`${name} trains, evaluates and compares each of its systems, and shares what they share`, () => {
    for (const { experiment, prefix, nodes } of pairsOf(name)) {
      const { adaptation } = experiment.teacher;
      const evaluated = ["teacher"];
      if (adaptation !== undefined) evaluated.push("imported");
      for (const [system, student] of Object.entries(experiment.students)) {
        const { tuning: { trials }, seeds } = student;
        for (const trial of trials) {
          assert(nodes.has(`student:${system}.${trial.name}`), trial.name);
        }
        assertEquals(nodes.has(`choose:${system}`), trials.length > 0);
        for (const seed of seeds) {
          const run = seeds.length === 1 ? system : `${system}@${seed}`;
          assert(nodes.has(`student:${run}`), run);
          evaluated.push(run);
        }
      }
      assertEquals(
        nodes.get("compare")?.inputs,
        Object.fromEntries(
          evaluated.map((run) => [
            `system:${run}`,
            `${prefix}evaluate:${run}`,
          ]),
        ),
      );
      const stages = [...nodes.values()].map(({ stage }) => stage.name);
      const count = (stage: string) =>
        stages.filter((name) => name === stage).length;
      const targets = Object.values(experiment.students)
        .map(({ targets }) => targets);
      assertEquals(count("teacher"), 1);
      // Text without translations is translated by one model for each who learns of it: where none are named, teacher and students.
      const { monolingual } = experiment.corpus;
      const learners = monolingual === undefined
        ? []
        : monolingual.learners ?? ["teacher", "students"];
      assertEquals(
        count("translations"),
        (targets.includes("teacher") ? 1 : 0) + learners.length,
      );
      const kinds = new Set(
        Object.values(experiment.students).flatMap(distillations)
          .flatMap(recordedKinds),
      );
      assert(count("states") <= kinds.size * new Set(targets).size);
    }
  });
}

Deno.test("paper has the systems of the paper's tables: students of 2 + 2 layers, a teacher of 6 + 6", () => {
  for (const { experiment: { students, teacher } } of pairsOf("paper")) {
    assertEquals(Object.keys(students), SYSTEMS);
    const models = [teacher, ...Object.values(students)]
      .map(({ model }) => model);
    assertEquals(models.map((model) => model.encoderLayers), LAYERS);
    assertEquals(models.map((model) => model.decoderLayers), LAYERS);
  }
});

Deno.test("the systems of an experiment have equally many weights to try", () => {
  for (const name of EXPERIMENTS) {
    for (const { experiment } of pairsOf(name)) {
      const counts = Object.values(experiment.students)
        .map(({ tuning: { trials } }) => trials.length)
        .filter((count) => count > 0);
      assertEquals(counts, counts.map(() => counts[0]), name);
    }
  }
});
