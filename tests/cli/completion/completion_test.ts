/** What may stand where Tab is pressed: by hand on a small command line, and by the real one. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import {
  complete,
  type Given,
  type Grammar,
} from "../../../cli/completion/completion.ts";
import { makeRun, temporary } from "../../fixtures/made_run.ts";

const ROOT = fromFileUrl(new URL("../../../", import.meta.url));

const leaf = { options: [], arguments: [], commands: [] };
const flag = (long: string, value?: string, repeats = false) => ({
  long,
  description: `what ${long} does`,
  value: value === undefined ? undefined : { name: value },
  repeats,
});
const GRAMMAR: Grammar = {
  ...leaf,
  name: "program",
  description: "",
  default: "run",
  commands: [
    {
      ...leaf,
      name: "run",
      description: "runs",
      options: [
        flag("--experiment", "name"),
        flag("--only", "node", true),
        flag("--force"),
        flag("--artifacts", "folder"),
        flag("--jobs", "n"),
      ],
      arguments: [{ name: "nodes", variadic: true }],
    },
    {
      ...leaf,
      name: "graph",
      description: "draws",
      options: [{
        ...flag("--format"),
        value: { name: "format", choices: ["text", "dot"] },
      }],
    },
    {
      ...leaf,
      name: "diff",
      description: "compares",
      arguments: [{ name: "before" }, { name: "after" }],
    },
  ],
};

async function ask(...words: string[]) {
  let asked: Given = new Map();
  const { candidates, files } = await complete(GRAMMAR, words, {
    nodes: (given) => {
      asked = given;
      return Promise.resolve(["teacher", "student:rkd", "student:no-kd"]);
    },
    models: () => Promise.resolve([]),
    experiments: () => ["quick", "tiny"],
    values: { "--jobs": ["1", "2"] },
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
  Deno.test(`behind "${words.join(" ")}" may stand ${values.join(", ") || "nothing known"}`, async () => {
    assertEquals((await ask(...words)).values, values);
  });
}

Deno.test("files may stand where a file, a folder or a manifest is wanted, and nowhere else", async () => {
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

/** Whether files may stand there, and words with their descriptions, by the command that the shells ask. */
async function real(...words: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-prompt"],
      ...["--allow-read", "--allow-env", "--allow-sys"],
      ...["cli/main.ts", "complete", ...words],
    ],
    cwd: ROOT,
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals(code, 0, text(stderr));
  const [kind, ...lines] = text(stdout).trimEnd().split("\n");
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
