/** The whole table of commands and paths: each command that takes a path, given each kind of thing that it cannot use. */
import { assert, assertEquals } from "@std/assert";
import { allProblems, makeSite } from "./given_path.ts";
import { canMount } from "../engine/fixtures/mounts.ts";
import { type Kind, KINDS, PATH_CASES } from "./paths.ts";

/** Whether this machine can make it: a pipe, a device, a folder that root cannot write to. */
function isMade(kind: Kind): boolean {
  return Deno.build.os === "linux" &&
    (canMount || kind !== "nothing, in a read-only folder");
}

for (const kind of KINDS) {
  Deno.test({
    name: `no command that takes a path is led astray by ${kind}` +
      (isMade(kind)
        ? ""
        : " (skipped: run as root on Linux, to mount a tmpfs)"),
    ignore: !isMade(kind),
    fn: async () => {
      using site = makeSite();
      const jobs = PATH_CASES
        .filter(({ kinds = KINDS }) => kinds.includes(kind))
        .map((given) => [given, kind] as const);
      assert(jobs.length > 10);
      assertEquals(await allProblems(site, jobs), []);
    },
  });
}
