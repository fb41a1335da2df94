/** What `--sandbox` adds to Deno's permissions: native code is held as well. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { bubblewrapMissing } from "../fixtures/bubblewrap.ts";
import { stageProcesses, tryKill, until } from "../fixtures/processes.ts";
import {
  exists,
  makeProject,
  nodesOf,
  type Project,
  WORDS,
} from "../fixtures/project.ts";

function sandboxTest(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: name + bubblewrapMissing,
    ignore: bubblewrapMissing !== "",
    fn,
  });
}

/** Gives the stage `total` a statement to execute and something to declare. */
function extend(project: Project, statement: string, declared: string): void {
  const module = `${WORDS}/stages/total.ts`;
  project.edit(module, "const words =", `${statement}\n    const words =`);
  project.edit(module, "resources:", `permissions: ${declared},\n  resources:`);
}

sandboxTest("in the sandbox the same artifacts come out", async () => {
  using project = makeProject();
  const args = ["--artifacts", project.path("open")];
  await nodesOf(project, ...args);
  await nodesOf(project, "--sandbox");
  assertEquals(
    project.read("artifacts/manifest.json"),
    project.read("open/manifest.json"),
  );
});

sandboxTest(
  "native code reads past Deno's permissions, and not past the sandbox, which names the path and the remedy",
  async () => {
    using project = makeProject();
    const secret = project.path("secret.onnx");
    Deno.writeTextFileSync(secret, "no model");
    extend(
      project,
      `const { InferenceSession } = await import("onnxruntime-node");
    await InferenceSession.create(${JSON.stringify(secret)});`,
      '{ native: ["onnxruntime-node"] }',
    );
    const open = await project.run();
    assertEquals(open.code, 1);
    assertStringIncludes(open.err, "Protobuf parsing failed");
    const closed = await project.run("--sandbox");
    assertEquals(closed.code, 1);
    assertStringIncludes(closed.err, `in the sandbox there is no "${secret}"`);
    assertStringIncludes(closed.err, "`permissions.read`");
    assert(!closed.err.includes("Protobuf"));
    project.edit(
      `${WORDS}/stages/total.ts`,
      "{ native:",
      `{ read: [${JSON.stringify(secret)}], native:`,
    );
    const declared = await project.run("--sandbox");
    assertStringIncludes(declared.err, "Protobuf parsing failed");
  },
);

sandboxTest(
  "in the sandbox an undeclared read fails as without it",
  async () => {
    using project = makeProject();
    extend(project, 'Deno.readTextFileSync("/etc/hosts");', "{}");
    const { code, err } = await project.run("--sandbox");
    assertEquals(code, 1);
    assertStringIncludes(err, 'may not read "/etc/hosts"');
  },
);

sandboxTest(
  "in the sandbox a declared host, variable and package are there",
  async () => {
    using project = makeProject();
    const server = Deno.serve(
      { port: 0, onListen: () => {} },
      () => new Response("heard"),
    );
    try {
      const host = `127.0.0.1:${server.addr.port}`;
      extend(
        project,
        `const answer = await (await fetch("http://${host}")).text();
      const { InferenceSession } = await import("onnxruntime-node");
      console.log(answer, typeof InferenceSession.create, Deno.env.get("LANG") ?? "none");`,
        `{ net: ["${host}"], env: ["LANG"], native: ["onnxruntime-node"] }`,
      );
      await nodesOf(project, "--sandbox");
      const { out } = await project.run("log", "total:all");
      assertStringIncludes(out, "heard function ");
    } finally {
      await server.shutdown();
    }
  },
);

sandboxTest(
  "a killed run takes its sandboxed stage with it, and the rerun goes on",
  async () => {
    using project = makeProject();
    const slow = ["--set", 'counts={"slow":{"milliseconds":700}}', "--sandbox"];
    const child = project.start(...slow);
    const living = () => stageProcesses(project, "count.ts").length;
    await until(() => living() > 0 || undefined);
    tryKill(child.pid);
    await child.output();
    await until(() => living() === 0 || undefined);
    await nodesOf(project, ...slow);
    assertEquals((await project.run("verify")).code, 0);
  },
);

sandboxTest(
  "the record of a sandboxed run has the memory of the stage, not of the sandbox",
  async () => {
    using project = makeProject();
    await nodesOf(project, "--sandbox");
    const runs = project.path("artifacts/runs");
    const [file] = [...Deno.readDirSync(runs)]
      .filter(({ name }) => name.endsWith(".jsonl"));
    const peaks = project.read(`artifacts/runs/${file.name}`).trim().split("\n")
      .map((line) => JSON.parse(line))
      .filter(({ event }) => event === "node")
      .map(({ peakMemoryBytes }) => peakMemoryBytes);
    assertEquals(peaks.length, 5);
    assert(Math.min(...peaks) > 20_000_000, String(peaks));
  },
);

Deno.test("--sandbox where bubblewrap is not installed is one sentence, exit code 2, and nothing is written", async () => {
  using project = makeProject();
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", "cli/main.ts", "--sandbox"],
    cwd: project.folder,
    env: { PATH: project.folder },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  assertEquals(code, 2);
  assertEquals(
    new TextDecoder().decode(stderr),
    'Cannot use --sandbox: "bwrap" is not installed; install bubblewrap on a Linux that allows user namespaces, ' +
      "or run without.\n",
  );
  assert(!exists(project.path("artifacts")));
});
