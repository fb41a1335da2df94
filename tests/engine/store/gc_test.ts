/** Garbage collection: what no kept result needs goes when the user agrees, and all else stays. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dirname, join } from "@std/path";
import { sha256 } from "../../../engine/files/hash.ts";
import { tryKill, until } from "../fixtures/processes.ts";
import {
  abandonFile,
  abandonFolder,
  answering,
  assertWhole,
  cacheAt,
  COUNTED,
  DAY,
  everyFile,
  gc,
  inArtifacts,
  interruptSlow,
  nodesIn,
  objectAt,
  OTHER_SEED,
  SLOW,
  writeResult,
} from "../fixtures/collections.ts";
import {
  checkpointOf,
  exists,
  inState,
  makeProject,
  nodesOf,
  SLOW_TEXT,
} from "../fixtures/project.ts";

Deno.test("after a change and back, gc removes what the change made and nothing else", async () => {
  using project = makeProject();
  await nodesOf(project);
  await nodesOf(project, ...OTHER_SEED);
  await nodesOf(project);
  const gone = await gc(project, "--yes");
  assert(gone.removed);
  assertEquals(nodesIn(gone.results), COUNTED);
  assertEquals(inState(await nodesOf(project, "status"), "stale"), []);
  assertEquals((await project.run("verify")).code, 0);
  assertWhole(project);
  const again = await nodesOf(project, "status", ...OTHER_SEED);
  assertEquals(inState(again, "cached"), ["split"]);
});

Deno.test("an object that a kept result shares with one that goes stays", async () => {
  using project = makeProject();
  const first = await nodesOf(project);
  const second = await nodesOf(project, ...OTHER_SEED);
  const totals = [first, second].map((nodes) =>
    nodes.find(({ name }) => name === "total:all")
  );
  assertEquals(totals[0]?.outputs, totals[1]?.outputs);
  assert(totals[0]?.key !== totals[1]?.key);
  const { objects, results } = await gc(project, "--yes");
  assertEquals(results.length, 4);
  assertEquals(objects, 2);
  assertEquals((await project.run("verify")).code, 0);
});

Deno.test("gc with nothing to remove says so, before the first run as well", async () => {
  using project = makeProject();
  for (const _ of ["before", "after"]) {
    const { code, out } = await project.run("gc", "--yes");
    assertEquals(code, 0);
    assertStringIncludes(out, "Nothing to remove.");
    await nodesOf(project);
  }
});

Deno.test("--keep-last keeps what the last runs used, found or made", async () => {
  using project = makeProject();
  await nodesOf(project);
  await nodesOf(project, ...OTHER_SEED);
  project.write("text.txt", "another text\n");
  await nodesOf(project, ...OTHER_SEED);
  const { results } = await gc(project, "--yes", "--keep-last", "2");
  assertEquals(nodesIn(results), COUNTED);
  project.write("text.txt", "one two  three\nfour five\nsix\n");
  const back = await nodesOf(project, "status", ...OTHER_SEED);
  assertEquals(inState(back, "stale"), []);
  assertEquals((await gc(project, "--yes")).results.length, 5);
});

Deno.test("a run that was killed keeps what it finished, counts for none, and needs no manifest for it", async () => {
  using project = makeProject(SLOW_TEXT);
  await nodesOf(project, ...SLOW, ...OTHER_SEED);
  await nodesOf(project, ...SLOW);
  const manifest = project.read("artifacts/manifest.json");
  project.write("text.txt", SLOW_TEXT + "more\n");
  const child = project.start(...SLOW);
  await until(() => checkpointOf(project));
  tryKill(child.pid);
  await child.output();
  project.write("artifacts/manifest.json", manifest);
  assertEquals((await gc(project, "--yes", "--keep-last", "2")).results, []);
  const rerun = await nodesOf(project, ...SLOW);
  assertEquals(inState(rerun, "cached"), ["split"]);
});

Deno.test("--keep-last counts runs that were done, and keeps the interrupted ones between them", async () => {
  using project = makeProject(SLOW_TEXT);
  await nodesOf(project);
  await nodesOf(project, ...OTHER_SEED);
  await interruptSlow(project);
  assertEquals(nodesIn((await gc(project)).results), COUNTED);
  assertEquals((await gc(project, "--keep-last", "2")).results, []);
});

Deno.test("--manifest keeps what another manifest names", async () => {
  using project = makeProject();
  await nodesOf(project);
  project.write("first.json", project.read("artifacts/manifest.json"));
  await nodesOf(project, ...OTHER_SEED);
  await nodesOf(project, "--set", "seed=3");
  const gone = await gc(project, "--yes", "--manifest", "first.json");
  assertEquals(nodesIn(gone.results), COUNTED);
  assertEquals(inState(await nodesOf(project, "status"), "stale"), []);
  const second = await nodesOf(project, "status", ...OTHER_SEED);
  assertEquals(inState(second, "cached"), ["split"]);
});

Deno.test("committed results keep what they name, those of the project in any folder", async () => {
  using project = makeProject();
  await nodesOf(project);
  const commit = (results: string) => {
    Deno.mkdirSync(project.path(results), { recursive: true });
    Deno.copyFileSync(
      project.path("artifacts/manifest.json"),
      project.path(`${results}/manifest.json`),
    );
  };
  commit("artifacts/results/first");
  await nodesOf(project, ...OTHER_SEED);
  await nodesOf(project, "--set", "seed=3");
  const { objects, results } = await gc(project, "--yes");
  assertEquals(nodesIn(results), COUNTED);
  assertEquals(inState(await nodesOf(project, "status"), "stale"), []);
  assert(objects > 0);

  const other = ["--artifacts", project.path("other")];
  await nodesOf(project, ...other);
  await nodesOf(project, ...other, ...OTHER_SEED);
  await nodesOf(project, ...other, "--set", "seed=3");
  assertEquals(nodesIn((await gc(project, ...other)).results), COUNTED);
  Deno.removeSync(project.path("artifacts/results"), { recursive: true });
  Deno.removeSync(project.path("artifacts/manifest.json"));
  assertEquals((await gc(project, ...other)).results.length, 8);
});

Deno.test("the objects of the manifest stay where no cached result names them", async () => {
  using project = makeProject();
  await nodesOf(project);
  Deno.removeSync(inArtifacts(project, "cache"), { recursive: true });
  assertEquals((await gc(project, "--yes")).objects, 0);
  assertEquals((await project.run("verify")).code, 0);
});

Deno.test("--older-than and --max-size each remove less: only what is older, only until the objects fit", async () => {
  using project = makeProject();
  await nodesOf(project);
  const keys = [1, 2, 3, 4, 5, 6].map((days) =>
    abandonFile(project, days, `${days}`.repeat(1000))
  );
  const { bytes, kept } = await gc(project);
  assertEquals(bytes, 6000);
  const fits = `${bytes + kept.bytes - 1500}B`;
  const chosen = async (...args: string[]) =>
    (await gc(project, ...args)).results.map(({ key }) => keys.indexOf(key));
  assertEquals(await chosen(), [5, 4, 3, 2, 1, 0]);
  assertEquals(await chosen("--older-than", "84h"), [5, 4, 3]);
  assertEquals(await chosen("--max-size", fits), [5, 4]);
  assertEquals(await chosen("--max-size", fits, "--older-than", "132h"), [5]);
  assertEquals(await chosen("--max-size", "1G"), []);
  const { out } = await project.run("gc", "--yes", "--max-size", "1B");
  assertStringIncludes(out, "What is kept takes more than the 1 B");
  assertStringIncludes(out, "  6 days  ");
  assertEquals((await gc(project)).results, []);
  assertEquals((await project.run("verify")).code, 0);
});

Deno.test("bytes that several names share are freed once, when the last name goes", async () => {
  using project = makeProject();
  await nodesOf(project);
  const { kept } = await gc(project);
  const content = "x".repeat(1000);
  abandonFile(project, 1, content);
  const folder = abandonFolder(project, 2, { "a.txt": content, "b.txt": "b" });
  Deno.removeSync(join(folder.path, "a.txt"));
  Deno.linkSync(objectAt(project, sha256(content)), `${folder.path}/a.txt`);
  const listing = Deno.statSync(`${folder.path}.json`).size;
  assertEquals((await gc(project)).bytes, 1001 + listing);
  const older = await gc(project, "--older-than", "36h");
  assertEquals([older.objects, older.bytes], [1, 1 + listing]);
  assertEquals(older.kept.bytes, kept.bytes + 1000);
});

Deno.test("without a terminal and --yes, or with --dry-run, the plan is shown and nothing is removed", async () => {
  using project = makeProject();
  await nodesOf(project);
  await nodesOf(project, ...OTHER_SEED);
  const before = everyFile(project);
  for (const args of [[], ["--dry-run"], ["--dry-run", "--yes"], ["--json"]]) {
    const { code, out, err } = await project.run("gc", ...args);
    assertEquals([code, err], [0, ""]);
    if (args.includes("--json")) assertEquals(JSON.parse(out).removed, false);
    else {
      for (const node of COUNTED) assertStringIncludes(out, node);
      assertStringIncludes(out, "Nothing was removed; --yes removes these.");
    }
    assertEquals(everyFile(project), before);
  }
});

Deno.test("on a terminal gc asks, and takes nothing but yes for yes", async () => {
  using project = makeProject();
  await nodesOf(project);
  const key = abandonFile(project, 1, "abandoned");
  for (const answer of ["", "n", "yess", null]) {
    const { out } = await answering(project, () => answer);
    assertStringIncludes(out, "Nothing was removed");
    assert(exists(cacheAt(project, key)));
  }
  const { out } = await answering(project, () => "y");
  assertStringIncludes(out, "Removed 1 result and 1 object; 9 B");
  assert(!exists(cacheAt(project, key)));
});

Deno.test("what was not shown is not removed, though the user said yes to the rest", async () => {
  using project = makeProject();
  await nodesOf(project);
  const shown = abandonFile(project, 1, "shown");
  const { error } = await answering(project, () => {
    abandonFile(project, 1, "made while the question stood");
    return "y";
  });
  assertStringIncludes(error, "a run has changed it meanwhile; run gc again.");
  assert(exists(cacheAt(project, shown)));
});

Deno.test("the checkpoint of an interrupted run survives gc, and the run resumes from it", async () => {
  using project = makeProject(SLOW_TEXT);
  await interruptSlow(project);
  await nodesOf(project, "--set", 'counts={"short":{"longest":2}}');
  const { checkpoints, kept } = await gc(project, "--yes");
  assertEquals(checkpoints, []);
  assertEquals(nodesIn(kept.checkpoints), ["count:slow"]);
  const { out } = await project.run("gc");
  assertStringIncludes(
    out,
    "Kept: checkpoints of unfinished nodes: count:slow",
  );
  await nodesOf(project, ...SLOW);
  const log = (await project.run("log", "count:slow", ...SLOW)).out;
  assertStringIncludes(log, "resumed after ");
});

Deno.test("a checkpoint goes when it is old and no kept run began it, or when its node has finished since", async () => {
  using project = makeProject(SLOW_TEXT);
  await interruptSlow(project);
  const checkpoint = checkpointOf(project) ?? "";
  const aged = (days: number) => {
    const time = new Date(Date.now() - days * DAY);
    Deno.utimeSync(checkpoint, time, time);
  };
  const going = async (...args: string[]) =>
    nodesIn((await gc(project, ...args)).checkpoints);
  aged(15);
  assertEquals(await going(), []);
  await nodesOf(project, "--set", 'counts={"short":{"longest":2}}');
  aged(13);
  assertEquals(await going(), []);
  assertEquals(await going("--older-than", "300h"), ["count:slow"]);
  aged(15);
  assertEquals(await going(), ["count:slow"]);
  assertEquals(await going("--older-than", "400h"), []);

  aged(1);
  const key = dirname(dirname(checkpoint)).split("/").at(-1) ?? "";
  writeResult(project, { key, days: 2, outputs: {} });
  assertEquals(await going("--keep-last", "5"), []);
  writeResult(project, { key, days: 0, outputs: {} });
  assertEquals(await going("--keep-last", "5"), ["count:slow"]);
});

Deno.test("the work of a stage that still lives is never removed", async () => {
  using project = makeProject(SLOW_TEXT);
  await interruptSlow(project);
  const folder = dirname(dirname(checkpointOf(project) ?? ""));
  await nodesOf(project, "--set", 'counts={"short":{"longest":2}}');
  const args = ["--yes", "--older-than", "1m"];
  const time = new Date(Date.now() - DAY);
  Deno.utimeSync(checkpointOf(project) ?? "", time, time);
  const lock = Deno.openSync(join(folder, "lock"), { write: true });
  lock.lockSync(true);
  assertEquals(nodesIn((await gc(project, ...args)).checkpoints), []);
  assert(exists(folder));
  lock.close();
  assertEquals(nodesIn((await gc(project, ...args)).checkpoints), [
    "count:slow",
  ]);
  assert(!exists(folder));
});
