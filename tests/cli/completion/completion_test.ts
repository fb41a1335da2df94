/** Completion: by hand on a small command line, and on the real one. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { command, type GivenOptions } from "../../../cli/command.ts";
import { complete } from "../../../cli/completion/completion.ts";
import { completionScript, SHELLS } from "../../../cli/completion/shells.ts";
import { argument, choice, flag, list, option } from "../../../cli/options.ts";
import { makeRun, ROOT, temporary } from "../../fixtures/made_run.ts";
import { pipeline, TASK_NAMES } from "../fixtures/command_line.ts";

const declared = {
  group: "run",
  summary: "does something",
  needsPipeline: false,
  examples: [],
  run: () => 0,
} as const;
const suggest = (files: boolean, ...values: string[]) => ({
  suggest: { files, values: () => values },
});
const COMMANDS = [
  command({
    ...declared,
    name: "run",
    arguments: { nodes: argument("[nodes...]") },
    options: {
      experiment: option("<name>", "", suggest(true, "quick", "tiny")),
      only: list("<node>", ""),
      force: flag(""),
      artifacts: option("<folder>", ""),
      jobs: option("<n>", "", suggest(false, "1", "2")),
    },
  }),
  command({
    ...declared,
    name: "graph",
    options: { format: choice("<format>", "", ["text", "dot"], {}) },
  }),
  command({
    ...declared,
    name: "diff",
    arguments: { before: argument("<before>"), after: argument("<after>") },
    options: {},
  }),
];

async function ask(...words: string[]) {
  let asked: GivenOptions = new Map();
  const line = { commands: COMMANDS, fallback: COMMANDS[0] };
  const { candidates, files } = await complete(line, words, (given) => {
    asked = given;
    return Promise.resolve(["teacher", "student:rkd", "student:no-kd"]);
  });
  const values = candidates.map(({ value }) => value);
  return { values, files, asked };
}

const CASES: readonly (readonly [words: string[], values: string[]])[] = [
  [[""], ["run", "graph", "diff", "teacher", "student:rkd", "student:no-kd"]],
  [["r"], ["run"]],
  [["s"], ["student:rkd", "student:no-kd"]],
  [["student:r"], ["student:rkd"]],
  [["run", ""], ["teacher", "student:rkd", "student:no-kd"]],
  [["run", "teacher", "s"], ["student:rkd", "student:no-kd"]],
  [["teacher", "r"], []],
  [["run", "--f"], ["--force"]],
  [["run", "--force", "--"], [
    "--experiment",
    "--only",
    "--artifacts",
    "--jobs",
    "--help",
  ]],
  [["run", "--only", "t"], ["teacher"]],
  [["run", "--only", "teacher", "--o"], ["--only"]],
  [["run", "--experiment", ""], ["quick", "tiny"]],
  [["run", "--experiment=t"], ["--experiment=tiny"]],
  [["--experiment", "t"], ["tiny"]],
  [["run", "--jobs", ""], ["1", "2"]],
  [["run", "--", "t"], ["teacher"]],
  [["run", "--", "--f"], []],
  [["graph", "--format", ""], ["text", "dot"]],
  [["graph", "--format=d"], ["--format=dot"]],
  [["graph", ""], []],
  [["diff", "a", "b", ""], []],
];

for (const [words, values] of CASES) {
  Deno.test(`"${words.join(" ")}" is completed by ${values.join(", ") || "nothing"}`, async () => {
    assertEquals((await ask(...words)).values, values);
  });
}

Deno.test("files are offered for a file, a folder or a manifest, and for nothing else", async () => {
  assert((await ask("diff", "")).files);
  assert((await ask("diff", "a", "")).files);
  assert((await ask("run", "--artifacts", "")).files);
  assert((await ask("run", "--experiment", "")).files);
  assert(!(await ask("run", "")).files);
  assert(!(await ask("diff", "a", "b", "")).files);
  assert(!(await ask("run", "--jobs", "")).files);
});

Deno.test("nodes are those of the experiment that the line names", async () => {
  const { asked } = await ask("run", "--experiment", "tiny", "--only", "t");
  assertEquals(asked.get("--experiment"), ["tiny"]);
});

/** What the shells get: whether files are offered, and words with their descriptions. */
async function real(...words: string[]) {
  const { code, out, err } = await pipeline("complete", ...words);
  assertEquals(code, 0, err);
  const [kind, ...lines] = out.trimEnd().split("\n");
  return { kind, lines, values: lines.map((line) => line.split("\t")[0]) };
}

Deno.test("the commands of the pipeline and their options are completed from the command line itself", async () => {
  const { values, lines } = await real("pipeline", "re");
  assertEquals(values, ["results", "report", "reproduce"]);
  assertStringIncludes(lines[2], "\tmakes anew what a manifest describes");
  assertEquals((await real("pipeline", "status", "--exp")).values, [
    "--experiment",
  ]);
  assertEquals((await real("pipeline", "graph", "--format", "")).values, [
    ...["text", "mermaid", "dot", "json"],
  ]);
  assertEquals((await real("pipeline", "describe", "--format", "c")).values, [
    "croissant",
  ]);
  assertEquals((await real("pipeline", "completion", "")).values, [
    ...["bash", "zsh", "fish"],
  ]);
  assertEquals((await real("pipeline", "verify", "")).kind, "files");
  const status = (await real("pipeline", "status", "--he")).values;
  assertEquals(status, ["--help"]);
});

Deno.test("nodes are completed from the experiment, as its options change it", async () => {
  assertEquals(
    (await real("pipeline", "run", "--experiment", "tiny", "student:")).values,
    ["student:no-kd", "student:rkd", "student:ckd-regular"],
  );
  const more = ["--set", "students.mine.alpha=0.5"];
  assertEquals(
    (await real(
      "pipeline",
      "log",
      "--experiment",
      "tiny",
      ...more,
      "student:m",
    ))
      .values,
    ["student:mine"],
  );
  const experiments =
    (await real("pipeline", "run", "--experiment", "")).values;
  for (const name of ["quick", "tiny"]) assert(experiments.includes(name));
});

Deno.test("translate, score, serve and web are completed, and models are those of the last run", async () => {
  using folder = temporary();
  makeRun(folder.path);
  const artifacts = ["--artifacts", folder.path];
  assertEquals((await real("translate", ...artifacts, "--model", "")).values, [
    ...["ckd-regular", "no-kd", "rkd", "teacher"],
  ]);
  assertEquals((await real("translate", "--runtime", "")).values, [
    ...["onnx", "tensorflow", "reference"],
  ]);
  assertEquals((await real("score", "")).kind, "files");
  assertEquals((await real("score", "--tok")).values, ["--tokenize"]);
  assertEquals((await real("serve", "--max-b")).values, [
    ...["--max-body", "--max-beam"],
  ]);
  assertEquals((await real("web", "--pre")).values, ["--precision"]);
  assertEquals((await real("strange", "")).lines, []);
});

Deno.test("completion prints the script of each shell, for all tasks of deno.json that are commands", async () => {
  for (const shell of SHELLS) {
    const { out } = await pipeline("completion", shell);
    assertEquals(out, completionScript(shell, TASK_NAMES));
  }
  const { tasks }: { tasks: Record<string, string> } = JSON.parse(
    Deno.readTextFileSync(`${ROOT}/deno.json`),
  );
  const commands = Object.keys(tasks)
    .filter((task) => / cli\/(main|tasks)\.ts\b/.test(tasks[task]));
  assertEquals(commands.toSorted(), TASK_NAMES.toSorted());
});

Deno.test("a shell may complete with permission to read and nothing else", async () => {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-prompt"],
      ...["--allow-read", "--allow-env", "--allow-sys"],
      ...["cli/main.ts", "complete", "pipeline", "run", "teach"],
    ],
    cwd: ROOT,
  }).output();
  assertEquals(code, 0);
  assertEquals(new TextDecoder().decode(stdout), "words\nteacher\t\n");
});
