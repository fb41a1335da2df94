/** Ctrl-C ends a command that waits for a remote which is silent, trickles or is overloaded. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { makeProject } from "../engine/fixtures/project.ts";

import { serveBytes, SLOW_REMOTES } from "./fixtures/bad_server.ts";

/** The network policy would wait for minutes. */
const SECONDS = 15;

const onUnix = { ignore: Deno.build.os === "windows" };

for (const [what, answer] of Object.entries(SLOW_REMOTES)) {
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
