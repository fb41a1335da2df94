/** The systems of an experiment, their models and their families. */
import { assertEquals } from "@std/assert";
import { sourceOf } from "../../../apps/report/source.ts";
import { trainedOf } from "../../../apps/report/trained.ts";
import pipeline from "../../../pipeline.ts";
import { makeRun, temporary } from "../../fixtures/made_run.ts";

const EXPERIMENT = { experiment: "adapted-pt-en" } as const;

function trained(...set: string[]) {
  using folder = temporary();
  makeRun(folder.path, { ...EXPERIMENT, set });
  return new Map(
    trainedOf(sourceOf(pipeline, folder.path, EXPERIMENT.experiment))
      .map((each) => [each.system, each]),
  );
}

Deno.test("the model of an interpolated teacher is the interpolated one, and its learning curve that of the tuned one", () => {
  const nodesOf = (system: string, ...set: string[]) => {
    const { nodes, curves } = trained(...set).get(system) ?? {};
    return { nodes, curves };
  };
  assertEquals(nodesOf("teacher"), {
    nodes: ["interpolate:teacher"],
    curves: ["teacher"],
  });
  assertEquals(nodesOf("teacher", "teacher.adaptation.interpolation=1"), {
    nodes: ["teacher"],
    curves: ["teacher"],
  });
  assertEquals(nodesOf("imported"), {
    nodes: ["import:imported"],
    curves: [],
  });
  const both = ["student:rkd@1", "student:rkd@2"];
  assertEquals(nodesOf("rkd", "students.rkd.seeds=[1,2]"), {
    nodes: both,
    curves: both,
  });
});

Deno.test("a student's family is what it learns from, whatever it begins as", () => {
  const start = { encoder: [1, 2, 3, 4, 5, 6], decoder: [1, 2] };
  const student = (name: string, value: object) =>
    `students.${name}=${JSON.stringify({ ...value, start })}`;
  const found = trained(
    // Students learn of the training pairs alone.
    'corpus.monolingual.learners=["teacher"]',
    student("no-kd", {}),
    student("translated", { targets: "teacher" }),
    student("pkd", {
      ...{ alpha: 0.4, beta: 0.2 },
      encoder: [[1], [2], [3], [4], [5], [6]],
    }),
  );
  const families = [...found.values()].map(({ system, family }) =>
    [system, family] as const
  );
  assertEquals(Object.fromEntries(families), {
    teacher: "teacher",
    imported: "imported",
    rkd: "soft",
    ckd: "combined",
    "no-kd": "references",
    translated: "translations",
    pkd: "skipped",
  });
});
