/** Jobs of a real Slurm with a remote: what it has is taken, at the submission or by the job, in place of being made. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Keys, makeKeys } from "../fixtures/keys.ts";
import {
  exists,
  inState,
  makeProject,
  nodesOf,
  type Project,
} from "../fixtures/project.ts";
import { jobOutputs, runEvents, settled } from "../fixtures/run_to_end.ts";
import { type Cluster, testsOnSlurm } from "../fixtures/slurm.ts";

const testOnSlurm = await testsOnSlurm();

/** What a project has that has pushed a signed run into a folder. */
interface Pushed extends Disposable {
  readonly ours: Project;
  readonly remote: string;
  /** The options of a command that takes results from there. */
  readonly by: readonly string[];
}

async function pushed(keys: Keys): Promise<Pushed> {
  const ours = makeProject();
  const remote = Deno.makeTempDirSync({ prefix: "remote-" });
  const pem = ["--key", keys.path("key.pem")];
  const ok = async (...args: string[]) => {
    const { code, out, err } = await ours.run(...args);
    assertEquals(code, 0, err);
    return out.trim();
  };
  await nodesOf(ours);
  const key = await ok("keygen", ...pem);
  await ok("sign", ...pem);
  await ok("push", remote);
  return {
    ...{ ours, remote },
    by: ["--remote", remote, "--signed-by", key, "--executor", "slurm"],
    [Symbol.dispose]: () => {
      ours[Symbol.dispose]();
      if (exists(remote)) Deno.removeSync(remote, { recursive: true });
    },
  };
}

function test(
  title: string,
  fn: (pushed: Pushed, theirs: Project, cluster: Cluster) => Promise<void>,
): void {
  testOnSlurm(title, async (cluster) => {
    using keys = makeKeys();
    using there = await pushed(keys);
    using theirs = makeProject();
    await fn(there, theirs, cluster);
  });
}

/** The nodes that were made here. */
function madeIn(project: Project): string[] {
  return runEvents(project)
    .flatMap(({ event, name, state }) =>
      event === "node" && state === "ran" && name !== undefined ? [name] : []
    ).sort();
}

test(
  "what a remote has is taken when the others are submitted",
  async ({ ours, by }, theirs) => {
    const all = await nodesOf(theirs, ...by);
    assertEquals(inState(all, "cached").length, 5);
    assertEquals(
      theirs.read("artifacts/manifest.json"),
      ours.read("artifacts/manifest.json"),
    );
    Deno.removeSync(theirs.path("artifacts"), { recursive: true });
    const set = ["--set", "counts.short.longest=4"];
    const { code, out, err } = await theirs.run(...set, ...by);
    assertEquals(code, 0, err);
    assertStringIncludes(err, "count:all: taken from ");
    assertStringIncludes(out, "3 cached, 2 queued");
    await settled(theirs, ...set);
    assertEquals(madeIn(theirs), ["count:short", "total:short"]);
    assertEquals((await theirs.run("verify")).code, 0);
  },
);

test(
  "what a job learns the key of is taken by it, and made where the remote has gone",
  async ({ remote, by }, theirs, cluster) => {
    // Other code, whose outputs are the same: what needs it is in the remote.
    theirs.edit(
      "tests/engine/fixtures/words/clean.ts",
      "/ +/g",
      "/ {1,}/g",
    );
    const nodes = await nodesOf(theirs, ...by);
    assertEquals(inState(nodes, "queued").length, 5);
    assertEquals(inState(await settled(theirs), "cached").length, 5);
    assertEquals(madeIn(theirs), ["split"], jobOutputs(theirs));
    assertStringIncludes(jobOutputs(theirs), "count:all: taken from ");

    Deno.removeSync(theirs.path("artifacts"), { recursive: true });
    await cluster.wait();
    await nodesOf(theirs, ...by);
    Deno.removeSync(remote, { recursive: true });
    await cluster.resume();
    assertEquals(inState(await settled(theirs), "cached").length, 5);
    assertEquals(madeIn(theirs).length, 5);
    assertStringIncludes(jobOutputs(theirs), "Takes nothing from elsewhere: ");
  },
);

test(
  "credentials of the environment are in no script, answer of squeue, command line or file of the folder",
  async ({ by }, theirs, cluster) => {
    const secret = `secret-${crypto.randomUUID()}`;
    theirs.edit(
      "tests/engine/fixtures/words/clean.ts",
      "/ +/g",
      "/ {1,}/g",
    );
    const submitting = theirs.startWith(
      { AWS_SECRET_ACCESS_KEY: secret },
      ...[...by, "--json"],
    );
    const { code, stdout } = await submitting.output();
    assertEquals(code, 0);
    const out = new TextDecoder().decode(stdout);
    const jobs: readonly { readonly job?: string }[] = JSON.parse(out).nodes;
    const asked = [
      out,
      await cluster.ask("squeue", "--json", "--states=all"),
      ...await Promise.all(
        jobs.map(({ job = "" }) =>
          cluster.ask("scontrol", "write", "batch_script", job, "-")
        ),
      ),
      await cluster.ask("ps", "-eo", "args"),
    ];
    assert(asked.some((text) => text.includes("cli/jobs/job.ts")));
    assertEquals(asked.filter((text) => text.includes(secret)), []);
    await settled(theirs);
    const found = new Deno.Command("grep", {
      args: ["-rl", secret, theirs.path("artifacts")],
    }).outputSync();
    assertEquals(new TextDecoder().decode(found.stdout), "");
  },
);

test(
  "with a remote that nobody trusts nothing is submitted",
  async ({ remote }, theirs) => {
    const wrong = ["--remote", remote, "--executor", "slurm"];
    const { code, err } = await theirs.run(...wrong);
    assertEquals(code, 2);
    assertStringIncludes(err, "no key is trusted yet");
    assert(!exists(theirs.path("artifacts")));
  },
);
