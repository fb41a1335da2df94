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
    options: { format: choice("<format>", "", ["text", "dot"]) },
  }),
  command({
    ...declared,
    name: "diff",
    arguments: { before: argument("<before>"), after: argument("<after>") },
    options: {},
  }),
];

async function ask(words: string) {
  let asked: GivenOptions = new Map();
  const line = { commands: COMMANDS, fallback: COMMANDS[0] };
  const nodes = (given: GivenOptions) => {
    asked = given;
    return Promise.resolve(["teacher", "student:rkd", "student:no-kd"]);
  };
  const { candidates, files } = await complete(line, words.split(" "), nodes);
  return {
    values: candidates.map(({ value }) => value).join(" "),
    files,
    asked,
  };
}

/** A line whose last word is completed, and what it may be. */
const CASES: Readonly<Record<string, string>> = {
  "": "run graph diff teacher student:rkd student:no-kd",
  "r": "run",
  "s": "student:rkd student:no-kd",
  "student:r": "student:rkd",
  "run ": "teacher student:rkd student:no-kd",
  "run teacher s": "student:rkd student:no-kd",
  "teacher r": "",
  "run --f": "--force",
  "run --force --": "--experiment --only --artifacts --jobs --help",
  "run --only t": "teacher",
  "run --only teacher --o": "--only",
  "run --experiment ": "quick tiny",
  "run --experiment=t": "--experiment=tiny",
  "--experiment t": "tiny",
  "run --jobs ": "1 2",
  "run -- t": "teacher",
  "run -- --f": "",
  "graph --format ": "text dot",
  "graph --format=d": "--format=dot",
  "graph ": "",
  "diff a b ": "",
};

for (const [line, values] of Object.entries(CASES)) {
  Deno.test(`"${line}" is completed by ${values || "nothing"}`, async () => {
    assertEquals((await ask(line)).values, values);
  });
}

Deno.test("files are offered for a file, a folder or a manifest, and for nothing else", async () => {
  for (
    const line of ["diff ", "diff a ", "run --artifacts ", "--experiment "]
  ) {
    assert((await ask(line)).files, line);
  }
  for (const line of ["run ", "diff a b ", "run --jobs "]) {
    assert(!(await ask(line)).files, line);
  }
});

Deno.test("nodes are those of the experiment that the line names", async () => {
  const { asked } = await ask("run --experiment tiny --only t");
  assertEquals(asked.get("--experiment"), ["tiny"]);
});

/** What the shells get: whether files are offered, and words with their descriptions. */
async function real(line: string) {
  const { code, out, err } = await pipeline("complete", ...line.split(" "));
  assertEquals(code, 0, err);
  const [kind, ...lines] = out.trimEnd().split("\n");
  return { kind, lines, values: lines.map((line) => line.split("\t")[0]) };
}

/** Lines of the tasks whose last word is completed, and what it may be. */
const REAL: Readonly<Record<string, string>> = {
  "pipeline re": "results report reproduce",
  "pipeline status --exp": "--experiment",
  "pipeline status --he": "--help",
  "pipeline graph --format ": "text mermaid dot json",
  "pipeline describe --format cr": "croissant",
  "pipeline completion ": "bash zsh fish",
  "pipeline run --experiment tiny student:":
    "student:no-kd student:rkd student:ckd-regular",
  "pipeline log --experiment tiny --set students.mine.alpha=0.5 student:m":
    "student:mine",
  "pipeline run --experiment ti": "tiny",
  "translate --runtime ": "onnx tensorflow openvino reference",
  "translate --n": "--n-best --no-shortlist",
  "translate --s": "--split --scores",
  "score --tok": "--tokenize",
  "serve --co": "--cors --concurrency --connections",
  "serve --max-b": "--max-body --max-beam",
  "web --pre": "--precision",
  "strange ": "",
};

Deno.test("commands, options, values and nodes are completed from the command line itself", async () => {
  for (const [line, values] of Object.entries(REAL)) {
    assertEquals((await real(line)).values.join(" "), values, line);
  }
  const { lines: [, , reproduce] } = await real("pipeline re");
  assertStringIncludes(reproduce, "\tmakes anew what a manifest describes");
  for (const line of ["pipeline verify ", "score "]) {
    assertEquals((await real(line)).kind, "files", line);
  }
});

Deno.test("models are those of the last run", async () => {
  using folder = temporary();
  makeRun(folder.path);
  const line = `translate --artifacts ${folder.path} --model `;
  assertEquals(
    (await real(line)).values,
    ["ckd-regular", "no-kd", "rkd", "teacher"],
  );
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
