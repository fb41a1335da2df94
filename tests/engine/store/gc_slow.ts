/** Garbage collection by real processes: beside runs, killed, and where nothing can be written. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { random } from "../../../nmt/random.ts";
import {
  abandonFile,
  abandonMany,
  assertWhole,
  COUNTED,
  countFiles,
  everyFile,
  gc,
  inArtifacts,
  nodesIn,
} from "../fixtures/garbage.ts";
import { canMount, mount, unmount } from "../fixtures/mounts.ts";
import { leftovers, tryKill, until } from "../fixtures/processes.ts";
import {
  checkpointOf,
  inState,
  makeProject,
  nodesOf,
  type Outcome,
  SLOW_TEXT,
} from "../fixtures/project.ts";

const SLOW = ["--set", 'counts={"slow":{"milliseconds":40}}'];
const OTHER_SEED = ["--set", "seed=2"];

function assertRefused({ code, out, err }: Outcome, says: string): void {
  assertEquals([code, out], [2, ""]);
  assertStringIncludes(err, says);
  assertEquals(err.trim().split("\n").length, 1);
}

Deno.test("committed results of the project keep what they name in any folder", async () => {
  using project = makeProject();
  await nodesOf(project);
  Deno.mkdirSync(project.path("artifacts/results/first"), { recursive: true });
  Deno.renameSync(
    project.path("artifacts/manifest.json"),
    project.path("artifacts/results/first/manifest.json"),
  );
  const other = ["--artifacts", project.path("other")];
  await nodesOf(project, ...other);
  await nodesOf(project, ...other, ...OTHER_SEED);
  await nodesOf(project, ...other, "--set", "seed=3");
  const { out } = await project.run("gc", "--json", ...other);
  assertEquals(nodesIn(JSON.parse(out).results), COUNTED);
});

Deno.test("gc waits for a run that is going on, and the run's results are whole after", async () => {
  using project = makeProject(SLOW_TEXT);
  await nodesOf(project, ...SLOW);
  // Long enough that gc starts before it ends, however busy the machine.
  const slower = [
    "--set",
    'counts={"slow":{"milliseconds":400}}',
    ...OTHER_SEED,
  ];
  const run = project.start(...slower);
  await until(() => checkpointOf(project));
  const waiting = await project.run("gc", "--yes");
  assertEquals((await run.output()).code, 0);
  assertEquals(waiting.code, 0);
  assertStringIncludes(waiting.out, "Another command is using");
  assertStringIncludes(waiting.out, "Removed 2 results");
  const nodes = await nodesOf(project, "status", ...slower);
  assertEquals(inState(nodes, "cached").length, 3);
  assertEquals((await project.run("verify")).code, 0);
});

Deno.test("runs and gcs that begin at once all end well, and leave a whole folder", async () => {
  using project = makeProject(SLOW_TEXT);
  for (let round = 0; round < 3; round++) {
    const seed = ["--set", `seed=${round}`];
    for (let i = 0; i < 50; i++) abandonFile(project, 1, `${round} ${i}`);
    const children = [
      project.start(...SLOW, ...seed),
      project.start("gc", "--yes"),
      project.start("gc", "--yes", "--json"),
    ];
    const outputs = await Promise.all(children.map((child) => child.output()));
    assertEquals(outputs.map(({ code }) => code), [0, 0, 0]);
    const nodes = await nodesOf(project, "status", ...SLOW, ...seed);
    assertEquals(inState(nodes, "stale"), []);
    assertEquals((await project.run("verify")).code, 0);
    assertWhole(project);
  }
});

Deno.test("gc is killed at random moments: what is kept stays cached, no result loses its objects, the next gc completes", async () => {
  using project = makeProject();
  await nodesOf(project);
  const whole = everyFile(project);
  const next = random("kills", 1);
  let cutOff = 0;
  for (let kill = 0; kill < 10; kill++) {
    abandonMany(project, kill);
    const garbage = countFiles(project);
    const child = project.start("gc", "--yes");
    const enough = garbage - next() * (garbage - whole.length);
    await until(() => countFiles(project) <= enough ? true : undefined);
    tryKill(child.pid);
    await child.output();
    if (countFiles(project) > whole.length) cutOff++;
    assertWhole(project);
    const nodes = await nodesOf(project, "status");
    assertEquals(inState(nodes, "cached").length, 5);
  }
  assert(cutOff >= 5, `only ${cutOff} kills hit a gc at work`);
  await gc(project, { yes: true });
  assertEquals(everyFile(project), whole);
  assertEquals(leftovers(inArtifacts(project, "")), []);
  assertEquals((await project.run("verify")).code, 0);
});

Deno.test("an option of gc that cannot be used is one sentence with exit code 2", async () => {
  using project = makeProject();
  await nodesOf(project);
  const cases: readonly (readonly [args: string[], says: string])[] = [
    [["--max-size", "20"], "(B, K, M, G, T), such as 20G"],
    [["--max-size", "20 GB"], "(B, K, M, G, T), such as 20G"],
    [["--max-size", "-1G"], "(B, K, M, G, T), such as 20G"],
    [["--older-than", "99999999999999d"], "expected at most 36500d"],
    [["--max-size", "99999999999999T"], "expected at most 9000T"],
    [["--older-than", "30y"], "(m, h, d, w), such as 30d"],
    [["--keep-last", "0"], "expected a whole number from 1"],
  ];
  for (const [args, says] of cases) {
    assertRefused(await project.run("gc", "--yes", ...args), says);
  }
});

Deno.test({
  name: "a read-only folder is refused in one sentence, and can be looked at" +
    (canMount ? "" : " (skipped: run as root on Linux, to mount a tmpfs)"),
  ignore: !canMount,
  fn: async () => {
    using project = makeProject();
    const artifacts = project.path("small");
    Deno.mkdirSync(artifacts);
    const args = ["--artifacts", artifacts];
    mount("-t", "tmpfs", "tmpfs", artifacts);
    try {
      await nodesOf(project, ...args);
      await nodesOf(project, ...args, ...OTHER_SEED);
      mount("-o", "remount,ro", artifacts);
      assertRefused(await project.run("gc", "--yes", ...args), "Cannot write");
      assertEquals((await gc(project, { artifacts })).results.length, 4);
    } finally {
      unmount(artifacts);
    }
  },
});
