/** Two users of one artifact folder who submit to one Slurm: each uses the jobs of the other, and none stops the other. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { hasJobs, jobOutputs } from "../fixtures/run_to_end.ts";
import { until } from "../fixtures/processes.ts";
import {
  inState,
  makeProject,
  type NodeJson,
  type Project,
  SLOW_TEXT,
} from "../fixtures/project.ts";
import { slurmMissing, startForFile } from "../fixtures/slurm.ts";
import {
  makeUsers,
  type User,
  type Users,
  usersMissing,
} from "../fixtures/users.ts";

const missing = slurmMissing || usersMissing;
const cluster = await startForFile({ missing, forUsers: true });

interface Submitted extends NodeJson {
  readonly job?: string;
}

function test(
  title: string,
  fn: (users: Users, project: Project) => Promise<void>,
): void {
  Deno.test({
    name: title + missing,
    ignore: missing !== "",
    fn: async () => {
      using users = makeUsers({ accounts: true });
      using project = makeProject(SLOW_TEXT);
      // Where the jobs' outputs are looked for.
      Deno.symlinkSync(users.shared, project.path("artifacts"));
      await fn(users, project);
    },
  });
}

async function nodesBy(
  user: User,
  project: Project,
  ...args: readonly string[]
): Promise<readonly Submitted[]> {
  const { code, out, err } = await user.run(project, ...args, "--json");
  assert(code === 0 || code === 10, err);
  return JSON.parse(out).nodes;
}

/** The nodes when none of them runs or waits any more. */
async function settledBy(
  user: User,
  project: Project,
  ...args: readonly string[]
): Promise<readonly Submitted[]> {
  return await until(async () => {
    if (await hasJobs()) return undefined;
    const nodes = await nodesBy(user, project, "status", ...args);
    const isUnderWay = nodes.some(({ state }) =>
      /^(running|queued)$/.test(state)
    );
    return isUnderWay ? undefined : nodes;
  }, { pause: 500, seen: () => jobOutputs(project) });
}

const SUBMIT = ["--executor", "slurm"];

test(
  "of two users of a folder each finds the jobs of the other, their outputs and results",
  async ({ shared, ours, theirs }, project) => {
    const slow = ["--artifacts", shared, "--set"];
    const settings = [...slow, 'counts={"all":{"milliseconds":2000}}'];
    // What each compiles for the first time takes no time from the jobs.
    for (const user of [ours, theirs]) {
      await nodesBy(user, project, "status", ...settings);
    }
    const jobs = async (user: User) => {
      const nodes = await nodesBy(user, project, ...settings, ...SUBMIT);
      return nodes.map(({ job }) => job);
    };
    const submitted = await jobs(theirs);
    const again = await jobs(ours);
    // Those that have ended meanwhile have none.
    assert(again.every((job, i) => job === undefined || job === submitted[i]));
    assertEquals(again.at(-1), submitted.at(-1));
    const nodes = await settledBy(ours, project, ...settings);
    assertEquals(inState(nodes, "cached").length, 3, jobOutputs(project));
    const log = await ours.run(project, "log", "count:all", ...settings);
    assertEquals([log.code, log.err], [0, ""]);
    const outputs = `${shared}/runs/slurm`;
    for (const { name } of Deno.readDirSync(outputs)) {
      const { mode, uid } = Deno.statSync(`${outputs}/${name}`);
      assertEquals([(mode ?? 0) & 0o060, uid], [0o060, theirs.id], name);
    }
    const more = [...slow, 'counts={"all":{"longest":1}}'];
    await nodesBy(ours, project, ...more, ...SUBMIT);
    const all = await settledBy(theirs, project, ...more);
    assertEquals(inState(all, "cached").length, 3, jobOutputs(project));
  },
);

test(
  "a held job of another user stays where it is, and the node is made by a new one",
  async ({ shared, ours, theirs }, project) => {
    const settings = ["--artifacts", shared, "split"];
    const hold = ["--slurm", "hold"];
    const held = await nodesBy(
      theirs,
      project,
      ...settings,
      ...SUBMIT,
      ...hold,
    );
    const { code, err } = await ours.run(project, ...settings, ...SUBMIT);
    assertEquals(code, 0, err);
    assertMatch(
      err,
      /^Submits beside \d+, as another user has submitted that\.$/m,
    );
    const nodes = await settledBy(ours, project, ...settings);
    assertEquals(inState(nodes, "cached"), ["split"], jobOutputs(project));
    const queue = await cluster?.ask("squeue", "--noheader", "--format=%i %r");
    assertStringIncludes(queue ?? "", `${held[0].job} JobHeld`);
  },
);
