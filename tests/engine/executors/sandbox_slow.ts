/** What bubblewrap adds to Deno's permissions: native code is confined as well. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { local } from "../../../engine/executors/local.ts";
import { sandbox } from "../../../engine/executors/sandbox.ts";
import { bubblewrapMissing } from "../fixtures/bubblewrap.ts";
import { inProcess } from "../fixtures/in_process.ts";
import { stageProcesses, tryKill, until } from "../fixtures/processes.ts";
import { exists, makeProject, nodesOf, WORDS } from "../fixtures/project.ts";
import { testContract } from "./contract.ts";

testContract("sandbox", bubblewrapMissing);

const options = {
  ignore: bubblewrapMissing !== "",
};

Deno.test(
  "native code reads past Deno's permissions, and not past the sandbox, which names the path and the remedy" +
    bubblewrapMissing,
  options,
  async () => {
    using project = makeProject();
    const secret = project.path("secret.onnx");
    Deno.writeTextFileSync(secret, "no model");
    project.edit(
      `${WORDS}/stages/total.ts`,
      "const words =",
      `const { InferenceSession } = await import("onnxruntime-node");
    await InferenceSession.create(${JSON.stringify(secret)});
    const words =`,
    );
    const native = ["onnxruntime-node"];
    const errorOf = async (executor: typeof local, read: string[] = []) => {
      const { run } = inProcess(project, {
        total: { permissions: { native, read } },
      });
      return (await run({ executor }))[2].error?.message ?? "";
    };
    assertStringIncludes(await errorOf(local), "Protobuf parsing failed");
    const closed = await errorOf(sandbox);
    assertStringIncludes(closed, `in the sandbox there is no "${secret}"`);
    assertStringIncludes(closed, "`permissions.read`");
    assert(!closed.includes("Protobuf"));
    assertStringIncludes(
      await errorOf(sandbox, [secret]),
      "Protobuf parsing failed",
    );
  },
);

Deno.test(
  "a killed run takes its sandboxed stage with it, and the rerun goes on" +
    bubblewrapMissing,
  options,
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
