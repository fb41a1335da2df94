/** The command `cancel` where jobs of another user wait in the queue. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { namesIn } from "../../../../engine/files/atomic.ts";
import { until } from "../../../engine/fixtures/processes.ts";
import {
  exists,
  makeProject,
  SLOW_TEXT,
} from "../../../engine/fixtures/project.ts";
import { slurmMissing, startForFile } from "../../../engine/fixtures/slurm.ts";
import {
  makeUsers,
  type User,
  usersMissing,
} from "../../../engine/fixtures/users.ts";

const missing = slurmMissing || usersMissing;
const cluster = await startForFile({ missing, forUsers: true });

Deno.test({
  name:
    "cancel stops what runs and what waits, and says which job is another user's" +
    missing,
  ignore: missing !== "",
  fn: async () => {
    using users = makeUsers({ accounts: true });
    using project = makeProject(SLOW_TEXT);
    const { shared, ours, theirs } = users;
    const counts = {
      ...{ all: { milliseconds: 5000 }, other: { longest: 1 } },
      mine: { longest: 2 },
    };
    const settings = ["--artifacts", shared, "--set"];
    settings.push(`counts=${JSON.stringify(counts)}`);
    const split = await ours.run(project, "split", ...settings);
    assertEquals(split.code, 0, split.err);
    const submit = async (user: User, node: string) => {
      const { code, out, err } = await user.run(
        project,
        ...[node, ...settings, "--json"],
        ...["--executor", "slurm", "--slurm", "begin=now+1hour"],
      );
      assertEquals(code, 0, err);
      const nodes: readonly { readonly name: string; readonly job?: string }[] =
        JSON.parse(out).nodes;
      return nodes.find(({ name }) => name === node)?.job;
    };
    const job = await submit(theirs, "count:other");
    await submit(ours, "count:mine");
    const run = ours.start(project, "count:all", ...settings);
    const hasBegun = () =>
      namesIn(`${shared}/work`)
        .find((key) => exists(`${shared}/work/${key}/work/counts.json`));
    await until(hasBegun);
    const { code, out, err } = await ours.run(project, "cancel", ...settings);
    assertEquals(
      [code, out],
      [
        1,
        "Stopped count:all, count:mine; checkpoints are kept, run again to go on.\n",
      ],
      err,
    );
    assertStringIncludes(err, `Cannot stop count:other (job ${job}): `);
    assertEquals((await run.output()).code, 130);
    const queue = await cluster?.ask("squeue", "--noheader", "--format=%i");
    assertEquals(queue, job);
  },
});
