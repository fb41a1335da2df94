/** Ctrl-C ends whatever waits for a remote, silent or dripping, and a remote that only drips is given up by itself. */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { pull } from "../../sharing/pull.ts";
import { openRemote } from "../../sharing/remotes/open.ts";
import { INTERRUPTED, PATIENT } from "../../sharing/remotes/request.ts";
import { makeProject } from "../engine/fixtures/project.ts";
import { bytesOf, serveBytes } from "./fixtures/bad_server.ts";
import { temporary, workspaceIn } from "./fixtures/made.ts";

/** Each says nothing more of use, for as long as anybody waits. */
const REMOTES = {
  "says nothing": () => ({ head: "", body: [], hangs: true }),
  "drips a byte every 20 ms": () => ({
    head: "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n",
    body: drip(),
  }),
  "is overloaded": () => ({
    head: "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    body: [],
  }),
} as const;

async function* drip(): AsyncGenerator<Uint8Array> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    yield bytesOf("x");
  }
}

/** What patience would wait for is minutes; a process needs some seconds to end where a machine is busy. */
const SECONDS = 15;

const onUnix = { ignore: Deno.build.os === "windows" };

for (const [what, answer] of Object.entries(REMOTES)) {
  for (const command of ["run", "pull"] as const) {
    Deno.test(
      `Ctrl-C ends ${command} while a remote ${what}`,
      onUnix,
      async () => {
        using project = makeProject();
        const asked = Promise.withResolvers<void>();
        await using server = serveBytes(() => {
          asked.resolve();
          return answer();
        });
        const where = command === "run"
          ? ["--remote", server.url]
          : ["pull", server.url];
        const running = project.start(...where, "--unsigned");
        await asked.promise;
        // So that a first attempt may be over and a pause be waited for.
        await new Promise((resolve) => setTimeout(resolve, 300));
        const began = performance.now();
        running.kill("SIGINT");
        const { code, stderr } = await running.output();
        assertEquals(code, 130);
        assertStringIncludes(new TextDecoder().decode(stderr), "Interrupted;");
        assert(performance.now() - began < 1000 * SECONDS);
      },
    );
  }
}

Deno.test("the signal ends a pull by itself, in the middle of an object too", async () => {
  for (const answer of Object.values(REMOTES)) {
    using theirs = temporary();
    await using server = serveBytes(answer);
    const signal = AbortSignal.timeout(200);
    const patience = { ...PATIENT, signal };
    const remotes = [openRemote(server.url, { environment: {}, patience })];
    const policy = { keys: new Map(), unsigned: true };
    const ears = { progress: () => {}, notice: () => {} };
    const workspace = workspaceIn(theirs.path);
    await assertRejects(
      () => pull(workspace, "made", policy, { remotes, patience }, ears),
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
