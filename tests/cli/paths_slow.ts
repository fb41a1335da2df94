/** Every command that takes a path, with every kind of thing that it cannot use there. */
import { assert, assertEquals } from "@std/assert";
import { allProblems, makeSite } from "./fixtures/given_path.ts";
import { canMount } from "../engine/fixtures/mounts.ts";
import { type Kind, KINDS, PATH_CASES } from "./fixtures/paths.ts";

/** Whether this machine can make it: a pipe, a device, a folder that root cannot write to. */
function isMade(kind: Kind): boolean {
  return Deno.build.os === "linux" &&
    (canMount || kind !== "nothing, in a read-only folder");
}

for (const kind of KINDS) {
  Deno.test({
    name:
      `every command that takes a path refuses ${kind} in one sentence, and writes nothing` +
      (isMade(kind)
        ? ""
        : " (skipped: run as root on Linux, to mount a tmpfs)"),
    ignore: !isMade(kind),
    fn: async () => {
      using site = makeSite();
      const cases = PATH_CASES
        .filter(({ kinds = KINDS }) => kinds.includes(kind));
      assert(cases.length > 10);
      assertEquals(await allProblems(site, cases, kind), []);
    },
  });
}
