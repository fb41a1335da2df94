/** Garbage collection: what no kept result needs goes when the user agrees, and all else stays. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { dirname, join } from "@std/path";
import { sha256 } from "../../../engine/files/hash.ts";
import {
  abandonFile,
  abandonFolder,
  assertWhole,
  cacheAt,
  COUNTED,
  DAY,
  everyFile,
  filesBelow,
  gc,
  gcText,
  inArtifacts,
  interruptSlow,
  isVerified,
  nodesIn,
  objectAt,
  OTHER_SEED,
  SLOW,
  unusedPrefix,
  writeResult,
} from "../fixtures/garbage.ts";
import { inProcess, refusalOf } from "../fixtures/in_process.ts";
import {
  checkpointOf,
  exists,
  inState,
  makeProject,
} from "../fixtures/project.ts";

const MANIFEST = "artifacts/manifest.json";
const SHORT = { set: ['counts={"short":{"longest":2}}'] };
const YES = { yes: true };

Deno.test("after a change and back, gc removes what the change made and nothing else, and then there is nothing to remove", async () => {
  using project = makeProject();
  const { run, status } = inProcess(project);
  assertStringIncludes(await gcText(project, YES), "Nothing to remove.");
  const [first, second] = [await run(), await run(OTHER_SEED)];
  await run();
  // The totals of both have the same bytes, which stay.
  assertEquals(first[2].outputs, second[2].outputs);
  const gone = await gc(project, YES);
  assert(gone.removed);
  assertEquals(nodesIn(gone.results), COUNTED);
  assertEquals(gone.objects, 2);
  assertEquals(inState(await status(), "stale"), []);
  assert(await isVerified(project));
  assertWhole(project);
  assertEquals(inState(await status(OTHER_SEED), "cached"), ["split"]);
  assertStringIncludes(await gcText(project, YES), "Nothing to remove.");
});

Deno.test("--keep-last keeps what the last runs used, found or made", async () => {
  using project = makeProject();
  const { run, status } = inProcess(project);
  const text = project.read("text.txt");
  await run();
  await run(OTHER_SEED);
  project.write("text.txt", "another text\n");
  await run(OTHER_SEED);
  const { results } = await gc(project, { ...YES, keepLast: 2 });
  assertEquals(nodesIn(results), COUNTED);
  project.write("text.txt", text);
  assertEquals(inState(await status(OTHER_SEED), "stale"), []);
  assertEquals((await gc(project, YES)).results.length, 5);
});

Deno.test("a run that was killed keeps what it finished, counts for none, and needs no manifest for it", async () => {
  using project = makeProject();
  const words = inProcess(project);
  await words.run({ set: [...SLOW.set, ...OTHER_SEED.set] });
  await words.run(SLOW);
  const manifest = project.read(MANIFEST);
  project.write("text.txt", "more\n");
  await interruptSlow(words);
  // As a kill leaves them: the run log without its end, the manifest as it was.
  const runs = [...Deno.readDirSync(inArtifacts(project, "runs"))]
    .map(({ name }) => name).filter((name) => name.endsWith(".jsonl")).sort();
  const log = `artifacts/runs/${runs.at(-1)}`;
  project.write(log, project.read(log).replace(/\{"event":"end".*\n/, ""));
  project.write(MANIFEST, manifest);
  assertEquals((await gc(project, { ...YES, keepLast: 2 })).results, []);
  assertEquals(inState(await words.status(SLOW), "cached"), ["split"]);
});

Deno.test("each result that goes is named with the experiments whose runs used it", async () => {
  using project = makeProject();
  const text = project.path("text.txt");
  const counts = { all: {}, short: { longest: 3 } };
  project.write("experiments/other.jsonc", JSON.stringify({ text, counts }));
  const quick = inProcess(project);
  const other = inProcess(project, { name: "other" });
  await quick.run(OTHER_SEED);
  await other.run({ ...OTHER_SEED, force: true });
  await other.run({ set: ["seed=3"] });
  await quick.run();
  const { results } = await gc(project);
  const usedBy = (...names: string[]) =>
    nodesIn(
      results.filter(({ experiments }) => `${experiments}` === `${names}`),
    );
  assertEquals(usedBy("quick", "other"), COUNTED);
  assertEquals(usedBy("other"), COUNTED);
  const out = await gcText(project);
  assertMatch(out, /^experiment +node +key +age +took +size$/m);
  assertMatch(out, /^quick, other +count:all +/m);
  assertMatch(out, /^other +count:all +/m);
});

Deno.test("--keep-last counts runs that were done, and keeps the interrupted ones between them", async () => {
  using project = makeProject();
  const words = inProcess(project);
  await words.run();
  await words.run(OTHER_SEED);
  await interruptSlow(words);
  assertEquals(nodesIn((await gc(project)).results), COUNTED);
  assertEquals((await gc(project, { keepLast: 2 })).results, []);
});

Deno.test("--manifest keeps what another manifest names, and so do committed results and the folder's manifest alone", async () => {
  using project = makeProject();
  const { run, status } = inProcess(project);
  await run();
  project.write("first.json", project.read(MANIFEST));
  await run(OTHER_SEED);
  await run({ set: ["seed=3"] });
  const manifest = [project.path("first.json")];
  assertEquals(nodesIn((await gc(project, { manifest })).results), COUNTED);
  const committed = inArtifacts(project, "results/first");
  Deno.mkdirSync(committed, { recursive: true });
  Deno.copyFileSync(manifest[0], join(committed, "manifest.json"));
  assertEquals(nodesIn((await gc(project)).results), COUNTED);
  // Also where the folder of these results is a link.
  Deno.renameSync(committed, project.path("elsewhere"));
  Deno.symlinkSync(project.path("elsewhere"), committed);
  assertEquals(nodesIn((await gc(project, YES)).results), COUNTED);
  assertEquals(inState(await status(), "stale"), []);
  assertEquals(inState(await status(OTHER_SEED), "cached"), ["split"]);
  Deno.removeSync(inArtifacts(project, "cache"), { recursive: true });
  assertEquals((await gc(project, YES)).objects, 0);
  assert(await isVerified(project));
});

Deno.test("--older-than and --max-size each remove less: only what is older, only until the objects fit", async () => {
  using project = makeProject();
  await inProcess(project).run();
  const keys = [1, 2, 3, 4, 5, 6].map((days) =>
    abandonFile(project, days, `${days}`.repeat(1000))
  );
  const { bytes, kept } = await gc(project);
  assertEquals(bytes, 6000);
  const maxSize = bytes + kept.bytes - 1500;
  const chosen = async (options: Parameters<typeof gc>[1]) =>
    (await gc(project, options)).results.map(({ key }) => keys.indexOf(key));
  assertEquals(await chosen({}), [5, 4, 3, 2, 1, 0]);
  assertEquals(await chosen({ olderThan: 3.5 * DAY }), [5, 4, 3]);
  assertEquals(await chosen({ maxSize }), [5, 4]);
  assertEquals(await chosen({ maxSize, olderThan: 5.5 * DAY }), [5]);
  assertEquals(await chosen({ maxSize: 1e9 }), []);
  const out = await gcText(project, { ...YES, maxSize: 1 });
  assertStringIncludes(out, "What is kept takes more than the 1 B");
  assertStringIncludes(out, "  6 days  ");
  assertEquals((await gc(project)).results, []);
  assert(await isVerified(project));
});

Deno.test("bytes that several names share are freed once, when the last name goes", async () => {
  using project = makeProject();
  await inProcess(project).run();
  const { kept } = await gc(project);
  const content = "x".repeat(1000);
  abandonFile(project, 1, content);
  const folder = abandonFolder(project, 2, { "a.txt": content, "b.txt": "b" });
  Deno.removeSync(join(folder.path, "a.txt"));
  Deno.linkSync(objectAt(project, sha256(content)), `${folder.path}/a.txt`);
  const listing = Deno.statSync(`${folder.path}.json`).size;
  assertEquals((await gc(project)).bytes, 1001 + listing);
  const older = await gc(project, { olderThan: 1.5 * DAY });
  assertEquals([older.objects, older.bytes], [1, 1 + listing]);
  assertEquals(older.kept.bytes, kept.bytes + 1000);
});

Deno.test("nothing is removed without the user's yes: no terminal, a dry run, any other answer", async () => {
  using project = makeProject();
  const { run } = inProcess(project);
  await run();
  await run(OTHER_SEED);
  const before = everyFile(project);
  for (const options of [{}, { dryRun: true }, { ...YES, dryRun: true }]) {
    const out = await gcText(project, options);
    for (const node of COUNTED) assertStringIncludes(out, node);
    assertStringIncludes(out, "Nothing was removed; --yes removes these.");
  }
  assertEquals((await gc(project)).removed, false);
  for (const answer of ["", "n", "yess"]) {
    const out = await gcText(project, {}, () => answer);
    assertStringIncludes(out, "Nothing was removed.");
  }
  assertEquals(everyFile(project), before);
  const out = await gcText(project, {}, () => "y");
  assertStringIncludes(out, "Removed 4 results and 2 objects; ");
  assert(everyFile(project).length < before.length);
});

Deno.test("what was not shown is not removed, though the user said yes to the rest", async () => {
  using project = makeProject();
  await inProcess(project).run();
  const shown = abandonFile(project, 1, "shown");
  await assertRejects(
    () =>
      gcText(project, {}, () => {
        abandonFile(project, 1, "made while the question stood");
        return "y";
      }),
    Error,
    "a run has changed it meanwhile; run gc again.",
  );
  assert(exists(cacheAt(project, shown)));
});

Deno.test("a checkpoint stays while a run may resume from it, and goes when it is old and no kept run began it, or its node has finished", async () => {
  using project = makeProject();
  const words = inProcess(project);
  await interruptSlow(words);
  const checkpoint = checkpointOf(project) ?? "";
  const aged = (days: number) => {
    const time = new Date(Date.now() - days * DAY);
    Deno.utimeSync(checkpoint, time, time);
  };
  const going = async (options: Parameters<typeof gc>[1] = {}) =>
    nodesIn((await gc(project, options)).checkpoints);
  aged(15);
  assertEquals(await going(), []);
  await words.run(SHORT);
  aged(13);
  assertEquals(await going(), []);
  assertStringIncludes(
    await gcText(project),
    "Kept: checkpoints of unfinished nodes: count:slow",
  );
  assertEquals(await going({ olderThan: 12.5 * DAY }), ["count:slow"]);
  aged(15);
  assertEquals(await going(), ["count:slow"]);
  assertEquals(await going({ olderThan: 16 * DAY }), []);

  aged(1);
  const key = dirname(dirname(checkpoint)).split("/").at(-1) ?? "";
  writeResult(project, { key, days: 2, outputs: {} });
  assertEquals(await going({ keepLast: 5 }), []);
  writeResult(project, { key, days: 0, outputs: {} });
  assertEquals(await going({ keepLast: 5 }), ["count:slow"]);
});

Deno.test("the work of a stage that still lives is never removed", async () => {
  using project = makeProject();
  const words = inProcess(project);
  await interruptSlow(words);
  const checkpoint = checkpointOf(project) ?? "";
  const folder = dirname(dirname(checkpoint));
  await words.run(SHORT);
  const options = { ...YES, olderThan: 60_000 };
  const time = new Date(Date.now() - DAY);
  Deno.utimeSync(checkpoint, time, time);
  const path = join(folder, "lock");
  const lock = Deno.openSync(path, { write: true, create: true });
  lock.lockSync(true);
  assertEquals(nodesIn((await gc(project, options)).checkpoints), []);
  assert(exists(folder));
  lock.close();
  assertEquals(nodesIn((await gc(project, options)).checkpoints), [
    "count:slow",
  ]);
  assert(!exists(folder));
});

Deno.test("what killed writes and damage left is removed, and a file that is none of ours is not", async () => {
  using project = makeProject();
  await inProcess(project).run();
  const stays = everyFile(project);
  const write = (path: string, text: string) => {
    Deno.mkdirSync(dirname(path), { recursive: true });
    Deno.writeTextFileSync(path, text);
  };
  const [key, rest] = [sha256("cut"), sha256("cut").slice(2)];
  write(cacheAt(project, sha256("damaged")), '{"key":');
  write(objectAt(project, sha256("orphan")), "orphan");
  const cut = [
    `cache/${key}.json.12.tmp`,
    `objects/ab/${rest}.files.tmp/lines/0.txt`,
    `work/${key}.tmp/work/counts.json`,
    "work/pull.tmp/half",
    `work/${key}-pull.tmp/half`,
  ];
  for (const name of cut) write(inArtifacts(project, name), "half");
  const empty = inArtifacts(project, `work/${sha256("no checkpoint")}`);
  Deno.mkdirSync(join(empty, "work"), { recursive: true });
  write(join(empty, "lock"), "");
  const atRoot = inArtifacts(project, "index.json.56.tmp");
  write(atRoot, "written at this moment");
  const theirs = [
    "objects/notes.txt",
    "objects/ab/cd.tmp",
    "cache/photos.tmp/1.jpg",
    "photos.tmp/1.jpg",
    "lock.tmp.tmp",
    "my-report.html.tmp",
    "results/index.json.7.tmp",
    "work/holidays.tmp/2.jpg",
  ].map((name) => inArtifacts(project, name));
  for (const path of theirs) {
    write(path, "none of the engine's");
    Deno.utimeSync(path, new Date(0), new Date(0));
  }
  assertEquals((await gc(project, YES)).leftovers, 7);
  assert(!exists(empty));
  assertEquals(theirs.filter((path) => !exists(path)), []);
  const ours = everyFile(project).filter((path) => !theirs.includes(path));
  assertEquals(ours, [...stays, atRoot].sort());
  const time = new Date(Date.now() - DAY);
  Deno.utimeSync(atRoot, time, time);
  assertEquals((await gc(project, YES)).leftovers, 1);
  assert(!exists(atRoot));
  assertEquals(theirs.filter((path) => !exists(path)), []);
});

Deno.test("links in the store are not followed: nothing outside of the folder is removed", async () => {
  using project = makeProject();
  await inProcess(project).run();
  const outside = project.path("outside");
  Deno.mkdirSync(outside);
  const name = sha256("a").slice(2);
  project.write(`outside/${name}`, "precious");
  const link = objectAt(project, sha256("link"));
  Deno.mkdirSync(dirname(link), { recursive: true });
  Deno.symlinkSync(outside, link);
  const prefix = unusedPrefix(project);
  Deno.symlinkSync(outside, inArtifacts(project, `objects/${prefix}`));
  const { objects, bytes } = await gc(project, YES);
  assertEquals([objects, bytes], [1, outside.length]);
  assert(!exists(link));
  assertEquals(project.read(`outside/${name}`), "precious");
});

Deno.test("an artifact folder is one as long as anything in it tells of a run", async () => {
  using project = makeProject();
  const { run } = inProcess(project);
  await run();
  const artifacts = project.path("artifacts");
  for (const kept of ["cache", "runs", "manifest.json", "index.json"]) {
    const folder = project.path(`kept-${kept}`);
    Deno.mkdirSync(folder);
    const names = [kept, "objects"];
    const move = (from: string, to: string) =>
      names.forEach((name) =>
        Deno.renameSync(join(from, name), join(to, name))
      );
    move(artifacts, folder);
    await gc(project, { artifacts: folder });
    move(folder, artifacts);
  }
});

Deno.test("neither gc nor a run touches a folder that no run has made, such as a repository of git", async () => {
  using project = makeProject();
  await inProcess(project).run();
  const [prefix, rest] = [sha256("object").slice(0, 2), sha256("object")];
  const folders: Readonly<Record<string, string>> = {
    "repository/.git": `objects/${prefix}/${rest.slice(2)}`,
    "copy": `objects/${prefix}/${rest.slice(2)}`,
    "web": "manifest.json",
  };
  for (const [name, file] of Object.entries(folders)) {
    const path = project.path(`${name}/${file}`);
    Deno.mkdirSync(dirname(path), { recursive: true });
    Deno.writeTextFileSync(path, '{ "name": "a web application" }');
  }
  Deno.symlinkSync(
    project.path("copy/objects"),
    project.path("repository/objects"),
  );
  const before = filesBelow(project.folder);
  for (const name of [...Object.keys(folders), "repository"]) {
    const artifacts = project.path(name);
    const { run } = inProcess(project, { artifacts });
    const acts = [
      () => gc(project, { ...YES, artifacts }),
      () => gc(project, { artifacts }),
      () => run(),
    ];
    for (const act of acts) {
      assertStringIncludes(
        await refusalOf(act),
        "no trace of a run; name another one with --artifacts.",
      );
    }
  }
  assertEquals(filesBelow(project.folder), before);
});

Deno.test("nothing is removed where a manifest or a cached result cannot be read: it is not known what it keeps", async () => {
  using project = makeProject();
  await inProcess(project).run();
  abandonFile(project, 1, "abandoned");
  project.write("bad.json", '{"schema":1,"nodes":{}}');
  project.write("newer.json", '{"schema":99}');
  const before = everyFile(project);
  const refuses = async (says: string, manifest: string[] = []) =>
    assertStringIncludes(
      await refusalOf(() => gc(project, { ...YES, manifest })),
      says,
    );
  await refuses("there is no such file", ["none.json"]);
  await refuses("expected a file", [project.path("engine")]);
  await refuses("Cannot use manifest", [project.path("bad.json")]);
  await refuses("written by a newer version", [project.path("newer.json")]);
  const newer = cacheAt(project, sha256("newer"));
  Deno.writeTextFileSync(newer, '{"schema":99}');
  await refuses("by a newer version; update");
  Deno.removeSync(newer);
  const manifest = project.read(MANIFEST);
  const committed = inArtifacts(project, "results/quick/manifest.json");
  project.write(MANIFEST, `<<<<<<< ours\n${manifest}`);
  await refuses("marks of a merge conflict");
  for (const text of ["{", manifest.slice(0, -9), '{"schema":1}']) {
    project.write(MANIFEST, text);
    await refuses("run the pipeline, which writes it anew");
    project.write(MANIFEST, manifest);
    Deno.mkdirSync(dirname(committed), { recursive: true });
    Deno.writeTextFileSync(committed, text);
    await refuses("restore it with git");
    Deno.removeSync(dirname(committed), { recursive: true });
  }
  assertEquals(everyFile(project), before);
});
