/** Garbage collection: what no kept result needs goes, all else stays whole, whatever is killed or runs beside it. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dirname, join } from "@std/path";
import type { Console } from "../../engine/commands.ts";
import { gcCommand } from "../../engine/gc_command.ts";
import { canonical, hashListing, sha256 } from "../../engine/hash.ts";
import { CachedResult, Listing } from "../../schemas/manifest.ts";
import { random } from "../../schemas/random.ts";
import { delay, leftovers, tryKill, until } from "./processes.ts";
import { canMount, mount, unmount } from "./mounts.ts";
import {
  exists,
  inState,
  makeProject,
  nodesOf,
  type Outcome,
  type Project,
} from "./project.ts";

const DAY = 24 * 3600 * 1000;
const SLOW_TEXT = Array.from({ length: 12 }, (_, i) => `word ${i}\n`).join("");
const SLOW = ["--set", 'counts={"slow":{"milliseconds":40}}'];
const OTHER_SEED = ["--set", "seed=2"];
const COUNTED = ["count:all", "count:short", "total:all", "total:short"];

interface ItemJson {
  readonly node: string | null;
  readonly key: string;
  readonly bytes: number;
}

interface CollectionJson {
  readonly removed: boolean;
  readonly results: readonly ItemJson[];
  readonly objects: number;
  readonly checkpoints: readonly ItemJson[];
  readonly leftovers: number;
  readonly bytes: number;
  readonly kept: {
    readonly results: number;
    readonly bytes: number;
    readonly checkpoints: readonly ItemJson[];
  };
}

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

Deno.test("what killed writes and damage left is removed, and a file that is none of ours is not", async () => {
  using project = makeProject();
  await nodesOf(project);
  const stays = everyFile(project);
  const damaged = cacheAt(project, sha256("damaged"));
  Deno.writeTextFileSync(damaged, '{"key":');
  const orphan = objectAt(project, sha256("orphan"));
  const cut = ["cache/a.json.12.tmp", "objects/ab/cd.34.tmp/lines/0.txt"];
  const empty = inArtifacts(project, `work/${sha256("no checkpoint")}`);
  Deno.mkdirSync(join(empty, "work"), { recursive: true });
  Deno.writeTextFileSync(join(empty, "lock"), "");
  for (
    const path of [
      orphan,
      ...cut.map((name) => inArtifacts(project, name)),
    ]
  ) {
    Deno.mkdirSync(dirname(path), { recursive: true });
    Deno.writeTextFileSync(path, "orphan");
  }
  const atRoot = inArtifacts(project, "index.json.56.tmp");
  Deno.writeTextFileSync(atRoot, "written at this moment");
  const ours = inArtifacts(project, "objects/notes.txt");
  Deno.writeTextFileSync(ours, "none of the engine's");
  assertEquals((await gc(project, "--yes")).leftovers, 4);
  assert(!exists(empty));
  assertEquals(everyFile(project), [...stays, atRoot, ours].sort());
  const time = new Date(Date.now() - DAY);
  Deno.utimeSync(atRoot, time, time);
  assertEquals((await gc(project, "--yes")).leftovers, 1);
  assertEquals(everyFile(project), [...stays, ours].sort());
  assert(!exists(inArtifacts(project, "objects/ab")));
});

Deno.test("links in the store are not followed: nothing outside of the folder is removed", async () => {
  using project = makeProject();
  await nodesOf(project);
  const outside = project.path("outside");
  Deno.mkdirSync(outside);
  const name = sha256("a").slice(2);
  project.write(`outside/${name}`, "precious");
  const link = objectAt(project, sha256("link"));
  Deno.mkdirSync(dirname(link), { recursive: true });
  Deno.symlinkSync(outside, link);
  const prefix = unusedPrefix(project);
  Deno.symlinkSync(outside, inArtifacts(project, `objects/${prefix}`));
  const { objects, bytes } = await gc(project, "--yes");
  assertEquals([objects, bytes], [1, outside.length]);
  assert(!exists(link));
  assertEquals(project.read(`outside/${name}`), "precious");
});

Deno.test("gc waits for a run that is going on, and the run's results are whole after", async () => {
  using project = makeProject(SLOW_TEXT);
  await nodesOf(project, ...SLOW);
  const run = project.start(...SLOW, ...OTHER_SEED);
  await until(() => checkpointOf(project));
  const waiting = await project.run("gc", "--yes");
  assertEquals((await run.output()).code, 0);
  assertEquals(waiting.code, 0);
  assertStringIncludes(waiting.out, "Another command is using");
  assertStringIncludes(waiting.out, "Removed 2 results");
  const nodes = await nodesOf(project, "status", ...SLOW, ...OTHER_SEED);
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
  await gc(project, "--yes");
  assertEquals(everyFile(project), whole);
  assertEquals(leftovers(inArtifacts(project, "")), []);
  assertEquals((await project.run("verify")).code, 0);
});

Deno.test("what gc cannot read or use is one sentence with exit code 2, and nothing is removed", async () => {
  using project = makeProject();
  await nodesOf(project);
  abandonFile(project, 1, "abandoned");
  project.write("bad.json", '{"schema":1,"nodes":{}}');
  project.write("newer.json", '{"schema":99}');
  const cases: readonly (readonly [args: string[], says: string])[] = [
    [["--manifest", "none.json"], "there is no such file"],
    [["--manifest", "engine"], 'Cannot read manifest "engine": Is a directory'],
    [["--manifest", "bad.json"], 'Cannot use manifest "bad.json"'],
    [["--manifest", "newer.json"], "written by a newer version"],
    [["--max-size", "20"], "(B, K, M, G, T), such as 20G"],
    [["--max-size", "20 GB"], "(B, K, M, G, T), such as 20G"],
    [["--max-size", "-1G"], "(B, K, M, G, T), such as 20G"],
    [["--older-than", "30y"], "(m, h, d, w), such as 30d"],
    [["--keep-last", "0"], "expected a whole number from 1"],
  ];
  const before = everyFile(project);
  for (const [args, says] of cases) {
    assertRefused(await project.run("gc", "--yes", ...args), says);
  }
  const newer = inArtifacts(project, `cache/${sha256("newer")}.json`);
  Deno.writeTextFileSync(newer, '{"schema":2}');
  assertRefused(await project.run("gc", "--yes"), "by a newer version; update");
  Deno.removeSync(newer);
  const manifest = project.read("artifacts/manifest.json");
  project.write("artifacts/manifest.json", `<<<<<<< ours\n${manifest}`);
  assertRefused(await project.run("gc", "--yes"), "marks of a merge conflict");
  assertEquals(everyFile(project), before);
});

Deno.test({
  name: "a read-only folder is refused in one sentence, and can be looked at" +
    (canMount ? "" : " (skipped: run as root on Linux, to mount a tmpfs)"),
  ignore: !canMount,
  fn: async () => {
    using project = makeProject();
    const small = project.path("small");
    Deno.mkdirSync(small);
    const args = ["--artifacts", small];
    mount("-t", "tmpfs", "tmpfs", small);
    try {
      await nodesOf(project, ...args);
      await nodesOf(project, ...args, ...OTHER_SEED);
      mount("-o", "remount,ro", small);
      assertRefused(await project.run("gc", "--yes", ...args), "Cannot write");
      assertEquals((await gc(project, ...args)).results.length, 4);
    } finally {
      unmount(small);
    }
  },
});

async function gc(
  project: Project,
  ...args: string[]
): Promise<CollectionJson> {
  const { code, out, err } = await project.run("gc", "--json", ...args);
  if (code !== 0) throw new Error(`Exit code ${code}: ${err}`);
  return JSON.parse(out);
}

/** Runs gc as on a terminal where the user answers. */
async function answering(
  project: Project,
  ask: Console["ask"],
): Promise<{ readonly out: string; readonly error: string }> {
  let out = "";
  let error = "";
  const console: Console = {
    out: (text) => out += text,
    err: (text) => out += text,
    columns: () => undefined,
    now: () => Date.now(),
    ask,
  };
  try {
    await gcCommand({ console }, {
      artifacts: project.path("artifacts"),
      json: false,
      keepLast: 1,
      manifest: [],
      yes: false,
      dryRun: false,
    });
  } catch (thrown) {
    error = String(thrown);
  }
  return { out, error };
}

async function interruptSlow(project: Project): Promise<void> {
  const child = project.start(...SLOW);
  await until(() => checkpointOf(project));
  await delay(100);
  Deno.kill(child.pid, "SIGINT");
  assertEquals((await child.output()).code, 130);
}

function assertRefused({ code, out, err }: Outcome, says: string): void {
  assertEquals([code, out], [2, ""]);
  assertStringIncludes(err, says);
  assertEquals(err.trim().split("\n").length, 1);
}

/** Each cached result has the objects that it names, each with the files that it names. */
function assertWhole(project: Project): void {
  for (const { name } of Deno.readDirSync(inArtifacts(project, "cache"))) {
    const text = project.read(`artifacts/cache/${name}`);
    const { outputs } = CachedResult.parse(JSON.parse(text));
    for (const { sha256: sha, bytes, folder } of Object.values(outputs)) {
      const path = objectAt(project, sha, folder);
      if (!folder) assertEquals(Deno.statSync(path).size, bytes);
      else {
        const listing = Deno.readTextFileSync(`${path}.json`);
        assertEquals(sha256(listing), sha);
        for (const file of Listing.parse(JSON.parse(listing))) {
          assertEquals(Deno.statSync(join(path, file.path)).size, file.bytes);
        }
      }
    }
  }
}

function writeResult(
  project: Project,
  { key, days, outputs }: {
    readonly key: string;
    /** Age. */
    readonly days: number;
    readonly outputs: CachedResult["outputs"];
  },
): void {
  const result: CachedResult = {
    schema: 1,
    key,
    outputs,
    metrics: {},
    measurements: {},
    seconds: 1,
    run: "000000",
    time: new Date(Date.now() - days * DAY).toISOString(),
  };
  const path = cacheAt(project, key);
  Deno.mkdirSync(dirname(path), { recursive: true });
  Deno.writeTextFileSync(path, canonical(result) + "\n");
}

/** A result that nothing keeps, with a file; its key. */
function abandonFile(
  project: Project,
  days: number,
  content: string,
): string {
  const sha = sha256(content);
  const path = objectAt(project, sha);
  Deno.mkdirSync(dirname(path), { recursive: true });
  Deno.writeTextFileSync(path, content, { mode: 0o444 });
  const key = sha256(`key of ${content}`);
  const file = { sha256: sha, bytes: content.length, mediaType: "text/plain" };
  writeResult(project, { key, days, outputs: { file } });
  return key;
}

/** The same with a folder. */
function abandonFolder(
  project: Project,
  days: number,
  files: Readonly<Record<string, string>>,
): { readonly key: string; readonly path: string } {
  const listing = Object.entries(files).map(([path, content]) => ({
    path,
    sha256: sha256(content),
    bytes: content.length,
  }));
  const sha = hashListing(listing);
  const path = objectAt(project, sha, true);
  Deno.mkdirSync(path, { recursive: true });
  Deno.writeTextFileSync(`${path}.json`, canonical(listing));
  for (const [name, content] of Object.entries(files)) {
    Deno.writeTextFileSync(join(path, name), content);
  }
  const key = sha256(`key of ${sha}`);
  const bytes = listing.reduce((sum, file) => sum + file.bytes, 0);
  const mediaType = "inode/directory";
  const lines = { sha256: sha, bytes, mediaType, folder: true } as const;
  writeResult(project, { key, days, outputs: { lines } });
  return { key, path };
}

function abandonMany(project: Project, round: number): void {
  for (let i = 0; i < 250; i++) {
    const content = `${round} ${i}`;
    if (i % 2 === 0) abandonFile(project, 1, content);
    else abandonFolder(project, 1, { "0.txt": content, "1.txt": "same" });
  }
}

function checkpointOf(project: Project): string | undefined {
  const work = inArtifacts(project, "work");
  if (!exists(work)) return undefined;
  return [...Deno.readDirSync(work)]
    .map(({ name }) => join(work, name, "work", "counts.json")).find(exists);
}

/** Paths of all files of the cache, the store and the root. */
function everyFile(project: Project): string[] {
  return [
    ...filesBelow(inArtifacts(project, "cache")),
    ...filesBelow(inArtifacts(project, "objects")),
    ...[...Deno.readDirSync(inArtifacts(project, ""))]
      .filter(({ isFile }) => isFile)
      .map(({ name }) => inArtifacts(project, name)),
  ].filter((path) => !/(lock|index\.json)$/.test(path)).sort();
}

function countFiles(project: Project): number {
  return everyFile(project).length;
}

/** What is removed meanwhile does not count. */
function filesBelow(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
      isDirectory ? filesBelow(join(folder, name)) : join(folder, name)
    );
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function nodesIn(items: readonly ItemJson[]): string[] {
  return items.map(({ node }) => node ?? "?").sort();
}

function inArtifacts(project: Project, name: string): string {
  return join(project.path("artifacts"), name);
}

function cacheAt(project: Project, key: string): string {
  return inArtifacts(project, `cache/${key}.json`);
}

function objectAt(project: Project, sha: string, isFolder = false): string {
  const suffix = isFolder ? ".files" : "";
  const name = `objects/${sha.slice(0, 2)}/${sha.slice(2)}${suffix}`;
  return inArtifacts(project, name);
}

function unusedPrefix(project: Project): string {
  const all = Array.from(
    { length: 256 },
    (_, i) => i.toString(16).padStart(2, "0"),
  );
  return all.find((prefix) =>
    !exists(inArtifacts(project, `objects/${prefix}`))
  ) ?? "";
}
