/** Commands that messages advise are those that the user types: tasks in a clone, `ckd` where that is installed. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { TASK_COMMANDS } from "../../cli/commands/index.ts";
import { consoleOf, processConsole } from "../../cli/console/console.ts";
import { nextText } from "../../cli/console/next_steps.ts";
import { unpainted } from "../../cli/console/style.ts";
import project from "../../cli/project.ts";
import { sha256 } from "../../engine/files/hash.ts";
import { temporary } from "../fixtures/made_run.ts";
import { ckd, pipeline, task } from "./fixtures/command_line.ts";

/** The installed command, whose messages are kept. */
function installed() {
  const said = { out: "", err: "" };
  const console = consoleOf("ckd", TASK_COMMANDS.keys(), {
    ...processConsole,
    out: (text) => said.out += text,
    err: (text) => said.err += text,
    paint: () => unpainted,
  });
  return { console, said };
}

Deno.test("an error of ckd advises ckd, and the same error of a task advises the task", async () => {
  using empty = temporary();
  const noModel = ["--artifacts", empty.path, "Olá"];
  const here = await task("translate", ...noModel);
  const there = await ckd("translate", ...noModel);
  assertEquals([here.code, there.code], [2, 2]);
  const rest = `run --artifacts ${empty.path}" first`;
  assertStringIncludes(here.err, `run "deno task pipeline ${rest}`);
  assertStringIncludes(there.err, `run "ckd ${rest}`);

  const results = ["results", "--experiment", "tiny", "--artifacts"];
  for (const run of [pipeline, ckd]) {
    const { err } = await run(...results, empty.path);
    const typed = run === ckd ? "ckd" : "deno task pipeline";
    assertStringIncludes(
      err,
      `run "${typed} run --experiment tiny --artifacts ${empty.path}"`,
    );
  }
});

Deno.test("init of ckd ends with the runs of ckd", async () => {
  using folder = temporary();
  const pairs = join(folder.path, "pairs.tsv");
  const words = (of: string) => sha256(of).match(/.{5}/g)?.join(" ");
  const lines = Array.from(
    { length: 200 },
    (_, i) => `${words(`source ${i}`)}\t${words(`target ${i}`)}\n`,
  );
  Deno.writeTextFileSync(pairs, lines.join(""));
  const out = join(folder.path, "mine");
  const { code, out: said, err } = await ckd(
    ...["init", out, "--pairs", pairs, "--from", "pt", "--to", "en", "--yes"],
  );
  assertEquals(code, 0, err);
  assertStringIncludes(said, `\n  ckd --experiment ${out}/experiment.jsonc\n`);
  assert(!said.includes("deno task"), said);
});

Deno.test("the next steps after a run of ckd are its commands, side by side", () => {
  const names = ["student:rkd", "evaluate:rkd", "export:rkd"];
  const ended = {
    pipeline: project,
    nodes: names.map((name) => ({
      ...{ name, state: "ran", reasons: [], outputs: {}, metrics: {} } as const,
      ...{ measurements: {} },
    })),
    summaries: names.map((name) => ({ name, metrics: {}, measurements: {} })),
    interrupted: false,
    args: ["run"],
    given: { experiment: [], set: [], artifacts: [] },
  };
  const { console } = installed();
  const [, ...steps] = nextText(ended, console, 200).trimEnd().split("\n");
  const columns = steps.map((step) => step.search(/(?<=\S {2,})\w/));
  assertEquals(
    steps.map((step) => step.trim().split(/ {2,}/)[0]),
    [
      ...["ckd translate", "ckd report", "ckd web"],
      ...["ckd get export:rkd --out rkd", "ckd serve"],
    ],
  );
  assertEquals(new Set(columns).size, 1, steps.join("\n"));
});

Deno.test("data that is printed, other tasks and words that only begin so are left as they are", () => {
  const { console, said } = installed();
  const text = "Type deno task pipeline run.\n";
  console.out(text);
  assertEquals(said.out, text);
  console.err("deno task bench, deno task webs, deno task pipeline-x\n");
  assertEquals(
    said.err,
    "deno task bench, deno task webs, deno task pipeline-x\n",
  );
});
