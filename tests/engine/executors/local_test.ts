/** What the process of a stage can touch. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { bubblewrapMissing } from "../fixtures/bubblewrap.ts";
import {
  exists,
  makeProject,
  nodesOf,
  type Project,
  TEXT,
  WORDS,
} from "../fixtures/project.ts";

/** Puts a statement into the stage `total`, after its input was read. */
function insert(project: Project, statement: string): void {
  project.edit(
    `${WORDS}/stages/total.ts`,
    "const words =",
    `${statement}\n    const words =`,
  );
}

const DENIED: readonly (readonly [string, string, readonly string[]])[] = [
  ["reads", 'Deno.readTextFileSync("/etc/hosts");', [
    'may not read "/etc/hosts"',
    "`files`",
    "`permissions.read`",
  ]],
  ["writes", 'Deno.writeTextFileSync("/tmp/undeclared", "");', [
    'may not write "/tmp/undeclared"',
    "`context.outputs`",
  ]],
  ["sees the environment", 'Deno.env.get("HOME");', [
    'the environment variable "HOME"',
    "`permissions.env`",
  ]],
  ["reaches the network", 'await fetch("http://127.0.0.1:8499");', [
    'may not reach "127.0.0.1:8499"',
    "`permissions.net`",
  ]],
  ["loads native code", 'await import("onnxruntime-node");', [
    "may not load native code",
    "`permissions.native`",
  ]],
];

for (const [what, statement, parts] of DENIED) {
  Deno.test(`a stage that ${what} without declaring it fails, and is told what and how to declare it`, async () => {
    using project = makeProject();
    insert(project, statement);
    const { code, err } = await project.run();
    assertEquals(code, 1);
    for (const part of parts) assertStringIncludes(err, part);
    assert(!err.includes("    at "));
  });
}

Deno.test("what is declared is allowed: a file, a variable, a package with native code", async () => {
  using project = makeProject();
  project.write("setting.txt", "");
  insert(
    project,
    `Deno.readTextFileSync(${JSON.stringify(project.path("setting.txt"))});
     Deno.env.get("WORDS_SETTING");
     await import("onnxruntime-node");`,
  );
  project.edit(
    `${WORDS}/stages/total.ts`,
    "resources:",
    `permissions: {
      read: [${JSON.stringify(project.path("setting.txt"))}],
      env: ["WORDS_*"],
      native: ["onnxruntime-node"],
    },
    resources:`,
  );
  const nodes = await nodesOf(project);
  assertEquals(nodes.at(-1)?.state, "ran");
});

for (const sandbox of [[], ["--sandbox"]]) {
  Deno.test({
    name: `data and artifacts behind links are reached ${sandbox}${
      sandbox.length > 0 ? bubblewrapMissing : ""
    }`,
    ignore: sandbox.length > 0 && bubblewrapMissing !== "",
    fn: async () => {
      using project = makeProject();
      Deno.mkdirSync(project.path("far/artifacts"), { recursive: true });
      project.write("far/text.txt", TEXT);
      Deno.symlinkSync(project.path("far"), project.path("near"));
      const nodes = await nodesOf(
        project,
        "--set=text=near/text.txt",
        "--artifacts=near/artifacts",
        ...sandbox,
      );
      assertEquals(nodes.at(-1)?.state, "ran");
    },
  });
}

Deno.test("a folder with native code that a stage declares may be read and loaded from", async () => {
  using project = makeProject();
  Deno.mkdirSync(project.path("native"));
  project.write("native/broken.so", "no library");
  const library = JSON.stringify(project.path("native/broken.so"));
  insert(
    project,
    `Deno.readTextFileSync(${library});
     try {
       Deno.dlopen(${library}, {});
     } catch (error) {
       if (error instanceof Deno.errors.NotCapable) throw error;
     }`,
  );
  const denied = await project.run();
  assertStringIncludes(denied.err, "may not read");
  project.edit(
    `${WORDS}/stages/total.ts`,
    "resources:",
    `permissions: { native: [${JSON.stringify(project.path("native"))}] },
    resources:`,
  );
  const nodes = await nodesOf(project);
  assertEquals(nodes.at(-1)?.state, "ran");
});

Deno.test("what a stage requires of the machine is asked before a run writes anything, and of what has to run only", async () => {
  using project = makeProject();
  const module = `${WORDS}/stages/total.ts`;
  const machine = JSON.stringify(project.path("machine"));
  project.edit(
    module,
    "resources:",
    `requires: async () => {
      try {
        Deno.statSync(${machine});
      } catch {
        throw Object.assign(new Error("Cannot use it: it is not there."), {
          name: "InputError",
        });
      }
    },
    resources:`,
  );
  const { code, err } = await project.run();
  assertEquals({ code, err }, {
    code: 2,
    err: "Cannot use it: it is not there.\n",
  });
  assert(!exists(project.path("artifacts")));
  project.write("machine", "");
  assertEquals((await nodesOf(project)).at(-1)?.state, "ran");
  Deno.removeSync(project.path("machine"));
  assertEquals((await nodesOf(project)).at(-1)?.state, "cached");
  assertEquals((await project.run("--force")).code, 2);
});

Deno.test("a worker's script named by new URL() may be read and is part of the stage's code", async () => {
  using project = makeProject();
  project.write(`${WORDS}/worker.ts`, "postMessage(1);");
  insert(
    project,
    `const worker = new Worker(new URL("../worker.ts", import.meta.url), { type: "module" });
     await new Promise((done) => worker.onmessage = done);
     worker.terminate();`,
  );
  await nodesOf(project);
  project.write(`${WORDS}/worker.ts`, "postMessage(2);");
  const status = await nodesOf(project, "status");
  assertEquals(
    status.at(-1)?.reason,
    `code ${WORDS}/stages/total.ts <- ${WORDS}/worker.ts changed`,
  );
});

Deno.test("an output that is not written, and one that is not declared, fail the stage by name", async () => {
  using project = makeProject();
  project.edit(
    `${WORDS}/stages/total.ts`,
    'path: "total.json"',
    'path: "t.json"',
  );
  project.edit(
    `${WORDS}/stages/total.ts`,
    "outputs.total,",
    'outputs.total + "x",',
  );
  const missing = await project.run();
  assertEquals(missing.code, 1);
  assertStringIncludes(
    missing.err,
    'did not write its output "total", the file "t.json"',
  );
  insert(project, 'await Deno.writeTextFile(outputs.total, "");');
  const stray = await project.run();
  assertEquals(stray.code, 1);
  assertStringIncludes(stray.err, 'wrote "t.jsonx", which it does not declare');
});

Deno.test("what a stage and its libraries print goes to the log, what it tells goes to the user too", async () => {
  using project = makeProject();
  insert(project, 'console.log("printed"); console.error("complained");');
  const { out } = await project.run();
  assertStringIncludes(out, "split: 3 lines");
  assert(!out.includes("printed"));
  const log = (await project.run("log", "total:all")).out;
  assertStringIncludes(log, "printed\n");
  assertStringIncludes(log, "complained\n");
});
