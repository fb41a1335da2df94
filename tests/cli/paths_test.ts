/** Whatever is at a path that a user names, a command that cannot use it says so in one sentence, and writes nothing. */
import { assertEquals } from "@std/assert";
import { allProblems, makeSite } from "./given_path.ts";
import { KINDS, PATH_CASES } from "./paths.ts";

/** What a command of old waited for without an end comes first; the rest of the table is in paths_slow.ts. */
const WORST = ["a pipe", "a device without end", "a link to nothing"] as const;

Deno.test({
  name: "every command that takes a path refuses what it cannot use" +
    (Deno.build.os === "linux" ? "" : " (skipped: needs mkfifo and /dev/zero)"),
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    using site = makeSite();
    const jobs = PATH_CASES.map((given, i) => {
      const kinds = given.kinds ?? KINDS;
      const worst = WORST[i % WORST.length];
      return [given, kinds.includes(worst) ? worst : kinds[0]] as const;
    });
    assertEquals(await allProblems(site, jobs), []);
  },
});
