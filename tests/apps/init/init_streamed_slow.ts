/** `init` where the disk has no room for the teacher's states, as a file system of its own. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parse } from "@std/jsonc";
import { z } from "zod";
import { canMount, mount, unmount } from "../../engine/fixtures/mounts.ts";
import { ROOT } from "../../fixtures/command.ts";
import { corpus, LANGUAGES } from "./corpus.ts";

const Written = z.object({
  students: z.record(z.string(), z.object({ states: z.string().optional() })),
});

Deno.test({
  name:
    "where recorded states would not fit on the disk, init has them streamed, and the file and its words give the estimate that decided it" +
    (canMount ? "" : " (ignored: it mounts a file system, as root on Linux)"),
  ignore: !canMount,
  fn: async () => {
    using here = corpus();
    const disk = here.path("disk");
    Deno.mkdirSync(disk);
    const init = async (size: string) => {
      mount("-t", "tmpfs", "-o", `size=${size}`, "tmpfs", disk);
      try {
        const { code, stdout, stderr } = await new Deno.Command(
          Deno.execPath(),
          {
            args: [
              ...["run", "--quiet", "--allow-all", `--config=${ROOT}deno.json`],
              ...[`${ROOT}cli/main.ts`, "init", "mine", ...LANGUAGES],
              ...["--pairs", here.path("text.tsv")],
            ],
            cwd: disk,
            stdin: "null",
          },
        ).output();
        const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
        assertEquals(code, 0, decode(stderr));
        const text = Deno.readTextFileSync(`${disk}/mine/experiment.jsonc`);
        const { students } = Written.parse(parse(text));
        const states = Object.entries(students)
          .map(([name, { states }]) => [name, states]);
        return {
          out: decode(stdout),
          text,
          states: Object.fromEntries(states),
        };
      } finally {
        unmount(disk);
      }
    };
    const { out, text, states } = await init("8m");
    assertEquals(states, {
      ...{ "no-kd": undefined, rkd: "streamed", "ckd-regular": "streamed" },
    });
    const [, why] =
      /^The teacher's states are computed in each step: (.*)\.$/m.exec(out) ??
        [];
    assertMatch(
      why,
      /^a run that records them takes [\d.]+ GB, and the disk has 9 MB left$/,
    );
    assertStringIncludes(text, `"states": "streamed" // ${why}\n`);
    const roomy = await init("2g");
    assertEquals(new Set(Object.values(roomy.states)), new Set([undefined]));
    assertEquals(roomy.out.includes("computed in each step"), false);
  },
});
