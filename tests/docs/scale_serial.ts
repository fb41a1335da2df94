/** Runs the lines of docs/scale.md on a Slurm of its own. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { until } from "../engine/fixtures/processes.ts";
import { hasJobs } from "../engine/fixtures/run_to_end.ts";
import { slurmMissing, startSlurm } from "../engine/fixtures/slurm.ts";
import { blocksOf, commandsOf, ROOT } from "./page.ts";

Deno.test({
  name: `from a laptop to a cluster: ten lines${slurmMissing}`,
  ignore: slurmMissing !== "",
  // The daemons of Slurm end with the test, and nobody waits for them.
  sanitizeResources: false,
  sanitizeOps: false,
  fn: async () => {
    const cluster = await startSlurm();
    const artifacts = Deno.makeTempDirSync({ prefix: "scale-" });
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
    } finally {
      cluster.end();
      Deno.removeSync(artifacts, { recursive: true });
    }
  },
});

async function pipeline(...args: readonly string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", "cli/main.ts", ...args],
    cwd: ROOT,
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}
