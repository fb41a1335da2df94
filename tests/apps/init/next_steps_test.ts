/** The commands that a run on a terminal ends with. */
import { assertEquals } from "@std/assert";
import { nextSteps } from "../../../apps/init/next_steps.ts";

function commands(
  nodes: readonly string[],
  told: { experiment?: string[]; set?: string[]; artifacts?: string[] } = {},
): string[] {
  const { experiment = [], set = [], artifacts = [] } = told;
  const summaries = nodes.map((name) => ({
    name,
    metrics: {},
    measurements: {},
  }));
  return nextSteps(summaries, { experiment, set, artifacts })
    .map(({ command }) => command.join(" "));
}

const MEASURED = ["teacher", "student:rkd", "evaluate:teacher", "evaluate:rkd"];

Deno.test("a whole run can be used, looked at and served", () => {
  assertEquals(commands([...MEASURED, "export:teacher", "export:rkd"]), [
    "deno task translate",
    "deno task pipeline report",
    "deno task web",
    "deno task pipeline get export:rkd --out rkd",
    "deno task serve",
  ]);
});

Deno.test("the options of the run go along, where a command has them", () => {
  const told = {
    experiment: ["--experiment", "tiny"],
    set: ["--set", "corpus.test=500"],
    artifacts: ["--artifacts", "mine"],
  };
  assertEquals(commands(MEASURED, told), [
    "deno task translate --artifacts mine",
    "deno task pipeline report --experiment tiny --artifacts mine",
    "deno task pipeline run export:rkd --set corpus.test=500 --experiment tiny --artifacts mine",
  ]);
});

Deno.test("of several language pairs, one model is named", () => {
  const nodes = ["pt-en", "es-en"].flatMap((pair) =>
    [...MEASURED, "export:rkd"].map((name) => `${pair}/${name}`)
  );
  assertEquals(commands(nodes), [
    "deno task translate --model pt-en/rkd",
    "deno task pipeline report",
    "deno task web",
    "deno task pipeline get pt-en/export:rkd --out rkd",
    "deno task serve --model pt-en/rkd",
  ]);
});

Deno.test("what was not trained is not offered", () => {
  assertEquals(
    commands(["fetch", "corpus", "teacher", "evaluate:teacher"]),
    [],
  );
});
