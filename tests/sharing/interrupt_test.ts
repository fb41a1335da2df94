/** A signal ends whatever waits for a remote or for another command. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { pull } from "../../sharing/pull.ts";
import { openRemote } from "../../sharing/remotes/open.ts";
import { DEFAULT_NETWORK, INTERRUPTED } from "../../sharing/remotes/request.ts";
import { makeProject } from "../engine/fixtures/project.ts";
import { serveBytes, SLOW_REMOTES } from "./fixtures/bad_server.ts";
import { temporary, workspaceIn } from "./fixtures/made.ts";

const onUnix = { ignore: Deno.build.os === "windows" };

Deno.test("the signal ends a pull by itself, in the middle of an object too", async () => {
  for (const answer of Object.values(SLOW_REMOTES)) {
    using theirs = temporary();
    await using server = serveBytes(answer);
    const signal = AbortSignal.timeout(200);
    const network = { ...DEFAULT_NETWORK, signal };
    const remotes = [openRemote(server.url, { network })];
    const policy = { keys: new Map(), unsigned: true };
    const listener = { progress: () => {}, notice: () => {} };
    const workspace = workspaceIn(theirs.path);
    await assertRejects(
      () => pull(workspace, "made", policy, remotes, listener),
      Error,
      INTERRUPTED,
    );
  }
});

Deno.test(
  "a pull that waits for another command ends by Ctrl-C",
  onUnix,
  async () => {
    using project = makeProject();
    using remote = temporary();
    Deno.mkdirSync(project.path("artifacts"));
    using lock = Deno.openSync(project.path("artifacts/lock"), {
      create: true,
      write: true,
    });
    lock.lockSync(true);
    const running = project.start("pull", remote.path, "--unsigned");
    const reader = running.stdout.getReader();
    let told = "";
    while (!told.includes("waiting for it to end")) {
      const { value, done } = await reader.read();
      assert(!done, told);
      told += new TextDecoder().decode(value);
    }
    reader.releaseLock();
    running.kill("SIGINT");
    assertEquals((await running.output()).code, 130);
  },
);
