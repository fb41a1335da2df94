/** Runs the lines of docs/scale.md on a Slurm of its own; the same bytes come out as of a local run. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { until } from "../engine/fixtures/processes.ts";
import { hasJobs } from "../engine/fixtures/run_to_end.ts";
import { slurmMissing, startSlurm } from "../engine/fixtures/slurm.ts";
import { pipeline } from "../fixtures/command.ts";
import { blocksOf, commandsOf } from "./page.ts";

Deno.test({
  name:
    `from a laptop to a cluster: ten lines, and the manifest of a local run${slurmMissing}`,
  ignore: slurmMissing !== "",
  // The daemons of Slurm end with the test, and nobody waits for them.
  sanitizeResources: false,
  sanitizeOps: false,
  fn: async () => {
    const cluster = await startSlurm();
    const folder = Deno.makeTempDirSync({ prefix: "scale-" });
    const artifacts = `${folder}/jobs`;
    try {
      const commands = commandsOf(
        blocksOf("docs/scale.md").find(({ language }) => language === "sh")
          ?.text ?? "",
      );
      assertEquals(commands.length, 10);
      for (const command of commands) {
        const args = command.replaceAll("/shared/ckd", artifacts).split(" ");
        assertEquals(args.slice(0, 3), ["deno", "task", "pipeline"]);
        const { code, out, err } = await pipeline(...args.slice(3));
        // 10: jobs wait.
        const expected = args.includes("status") ? [0, 10] : [0];
        assert(expected.includes(code), `${command}: ${code}, ${err}`);
        if (args.includes("doctor")) {
          assertMatch(out, /^yes +Slurm +works, its controller answers$/m);
        }
        if (!args.includes("--follow")) continue;
        await until(async () => {
          if (await hasJobs()) return undefined;
          const { out } = await pipeline(
            ...["status", "--json", "--artifacts", artifacts],
          );
          const nodes: readonly { readonly state: string }[] =
            JSON.parse(out).nodes;
          const states = new Set(nodes.map(({ state }) => state));
          assert(!states.has("failed"), out);
          return states.isSubsetOf(new Set(["cached"])) || undefined;
        }, { pause: 1000 });
      }
      const local = `${folder}/local`;
      const { code, err } = await pipeline(
        ...["--experiment", "tiny", "--artifacts", local, "--quiet"],
      );
      assertEquals(code, 0, err);
      const [ours, theirs] = [local, artifacts]
        .map((path) => Deno.readTextFileSync(`${path}/manifest.json`));
      assertEquals(theirs, ours);
    } finally {
      cluster.end();
      Deno.removeSync(folder, { recursive: true });
    }
  },
});
