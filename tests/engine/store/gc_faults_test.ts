/** Garbage collection beside runs, kills, links, damage and what cannot be written: nothing that is kept is lost. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dirname, join } from "@std/path";
import { sha256 } from "../../../engine/files/hash.ts";
import { random } from "../../../nmt/random.ts";
import { leftovers, tryKill, until } from "../fixtures/processes.ts";
import { canMount, mount, unmount } from "../fixtures/mounts.ts";
import {
  abandonFile,
  abandonMany,
  assertRefused,
  assertWhole,
  cacheAt,
  countFiles,
  DAY,
  everyFile,
  filesBelow,
  gc,
  inArtifacts,
  objectAt,
  OTHER_SEED,
  SLOW,
  unusedPrefix,
} from "../fixtures/collections.ts";
import {
  checkpointOf,
  exists,
  inState,
  makeProject,
  nodesOf,
  SLOW_TEXT,
} from "../fixtures/project.ts";

Deno.test("what killed writes and damage left is removed, and a file that is none of ours is not", async () => {
  using project = makeProject();
  await nodesOf(project);
  const stays = everyFile(project);
  const damaged = cacheAt(project, sha256("damaged"));
  Deno.writeTextFileSync(damaged, '{"key":');
  const orphan = objectAt(project, sha256("orphan"));
  const [key, rest] = [sha256("cut"), sha256("cut").slice(2)];
  const cut = [
    `cache/${key}.json.12.tmp`,
    `objects/ab/${rest}.files.tmp/lines/0.txt`,
    `work/${key}.tmp/work/counts.json`,
    "work/pull.tmp/half",
  ];
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
    Deno.mkdirSync(dirname(path), { recursive: true });
    Deno.writeTextFileSync(path, "none of the engine's");
    Deno.utimeSync(path, new Date(0), new Date(0));
  }
  assertEquals((await gc(project, "--yes")).leftovers, 6);
  assert(!exists(empty));
  assertEquals(theirs.filter((path) => !exists(path)), []);
  const ours = everyFile(project).filter((path) => !theirs.includes(path));
  assertEquals(ours, [...stays, atRoot].sort());
  const time = new Date(Date.now() - DAY);
  Deno.utimeSync(atRoot, time, time);
  assertEquals((await gc(project, "--yes")).leftovers, 1);
  assert(!exists(atRoot));
  assertEquals(theirs.filter((path) => !exists(path)), []);
});

Deno.test("no command that writes artifacts touches a folder that no run has made: a repository of git is as it was", async () => {
  using project = makeProject();
  await nodesOf(project);
  const folder = project.path("repository");
  const git = (...args: string[]) => {
    const { success, stderr } = new Deno.Command("git", {
      args: ["-C", folder, ...args],
      env: {
        GIT_AUTHOR_NAME: "a",
        GIT_AUTHOR_EMAIL: "a@example.org",
        GIT_COMMITTER_NAME: "a",
        GIT_COMMITTER_EMAIL: "a@example.org",
      },
    }).outputSync();
    assert(success, new TextDecoder().decode(stderr));
  };
  Deno.mkdirSync(folder);
  git("init", "--object-format=sha256");
  project.write("repository/precious.txt", "precious");
  git("add", ".");
  git("commit", "-m", "precious");
  const copy = project.path("copy");
  Deno.mkdirSync(copy);
  Deno.renameSync(join(folder, ".git/objects"), join(copy, "objects"));
  Deno.symlinkSync(join(copy, "objects"), join(folder, ".git/objects"));
  Deno.mkdirSync(project.path("web"));
  project.write("web/manifest.json", '{ "name": "a web application" }');
  const before = filesBelow(project.folder);
  for (const name of ["repository", "repository/.git", "copy", "web"]) {
    const args = ["--artifacts", project.path(name)];
    for (const command of [["gc", "--yes"], ["gc"], ["run"]]) {
      assertRefused(
        await project.run(...command, ...args),
        "no trace of a run; name another one with --artifacts.",
      );
    }
  }
  assertEquals(filesBelow(project.folder), before);
  git("fsck", "--strict");
});

Deno.test("an artifact folder is one as long as anything in it tells of a run, and so is an empty one", async () => {
  using project = makeProject();
  await nodesOf(project);
  const artifacts = project.path("artifacts");
  for (const kept of ["cache", "runs", "manifest.json", "index.json"]) {
    const folder = project.path(`kept-${kept}`);
    Deno.mkdirSync(folder);
    for (const name of [kept, "objects"]) {
      Deno.renameSync(join(artifacts, name), join(folder, name));
    }
    const { code, err } = await project.run(
      ...["gc", "--json", "--artifacts", folder],
    );
    assertEquals([code, err], [0, ""], kept);
    for (const name of [kept, "objects"]) {
      Deno.renameSync(join(folder, name), join(artifacts, name));
    }
    for (const name of [".gitignore", "lost+found", "work"]) {
      Deno.mkdirSync(join(folder, name));
    }
    Deno.writeTextFileSync(join(folder, "lock"), "");
    await nodesOf(project, "--artifacts", folder);
  }
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
    [
      ["--manifest", "engine"],
      'Cannot read manifest "engine": expected a file',
    ],
    [["--manifest", "bad.json"], 'Cannot use manifest "bad.json"'],
    [["--manifest", "newer.json"], "written by a newer version"],
    [["--max-size", "20"], "(B, K, M, G, T), such as 20G"],
    [["--max-size", "20 GB"], "(B, K, M, G, T), such as 20G"],
    [["--max-size", "-1G"], "(B, K, M, G, T), such as 20G"],
    [["--older-than", "99999999999999d"], "expected at most 36500d"],
    [["--max-size", "99999999999999T"], "expected at most 9000T"],
    [["--older-than", "30y"], "(m, h, d, w), such as 30d"],
    [["--keep-last", "0"], "expected a whole number from 1"],
  ];
  const before = everyFile(project);
  for (const [args, says] of cases) {
    assertRefused(await project.run("gc", "--yes", ...args), says);
  }
  const newer = inArtifacts(project, `cache/${sha256("newer")}.json`);
  Deno.writeTextFileSync(newer, '{"schema":99}');
  assertRefused(await project.run("gc", "--yes"), "by a newer version; update");
  Deno.removeSync(newer);
  const manifest = project.read("artifacts/manifest.json");
  project.write("artifacts/manifest.json", `<<<<<<< ours\n${manifest}`);
  assertRefused(await project.run("gc", "--yes"), "marks of a merge conflict");
  const committed = inArtifacts(project, "results/quick/manifest.json");
  for (const text of ["{", manifest.slice(0, -9), '{"schema":1}']) {
    project.write("artifacts/manifest.json", text);
    assertRefused(
      await project.run("gc", "--yes"),
      "run the pipeline, which writes it anew",
    );
    project.write("artifacts/manifest.json", manifest);
    Deno.mkdirSync(dirname(committed), { recursive: true });
    Deno.writeTextFileSync(committed, text);
    assertRefused(await project.run("gc", "--yes"), "restore it with git");
    Deno.removeSync(dirname(committed), { recursive: true });
  }
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
