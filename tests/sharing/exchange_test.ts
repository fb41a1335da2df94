/** Clones exchange a run by the command line: one runs, signs and shares it, the others find every node cached. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Keys, makeKeys } from "../engine/fixtures/keys.ts";
import {
  exists,
  inState,
  makeProject,
  nodesOf,
  objectPath as storedPath,
  type Project,
} from "../engine/fixtures/project.ts";
import { temporary } from "./fixtures/made.ts";

const NODE_COUNT = 5;

/** Runs a command; its standard output. */
async function ok(project: Project, ...args: string[]): Promise<string> {
  const { code, out, err } = await project.run(...args);
  assertEquals(code, 0, err);
  return out;
}

/** A project that has run and signed; gives the public key. */
async function signedRun(project: Project, keys: Keys): Promise<string> {
  await nodesOf(project);
  const key = await ok(project, "keygen", "--key", keys.path("key.pem"));
  await ok(project, "sign", "--key", keys.path("key.pem"));
  return key.trim();
}

Deno.test("one clone pushes a run, others pull it or run with it as a remote cache", async () => {
  using there = temporary();
  using ours = makeProject();
  using theirs = makeProject();
  using others = makeProject();
  using keys = makeKeys();
  const key = await signedRun(ours, keys);
  const pushed = JSON.parse(await ok(ours, "push", there.path, "--json"));
  assertEquals([pushed.experiment, pushed.signed], ["quick", true]);

  const refused = await theirs.run("pull", there.path);
  assertEquals(refused.code, 2);
  assertStringIncludes(refused.err, "--signed-by");
  assert(!exists(theirs.path("artifacts/manifest.json")));
  const told = await ok(theirs, "pull", there.path, "--signed-by", key);
  assertStringIncludes(told, `${NODE_COUNT} nodes`);
  for (const file of ["manifest.json", "manifest.sig.json"]) {
    assertEquals(
      theirs.read(`artifacts/${file}`),
      ours.read(`artifacts/${file}`),
    );
  }
  await ok(theirs, "verify", "--signed-by", key);
  // Not only by the manifest: results are cached by their keys too.
  await nodesOf(theirs, "--set", "seed=2");
  assertEquals(inState(await nodesOf(theirs), "cached").length, NODE_COUNT);

  const by = ["--remote", there.path, "--signed-by", key];
  const early = await others.run("--remote", there.path);
  assertEquals(early.code, 2);
  assertStringIncludes(early.err, "no key is trusted yet");
  assert(!exists(others.path("artifacts")));
  // One node has another config, all others are in the remote.
  const set = ["--set", "counts.short.longest=4"];
  const nodes = await nodesOf(others, ...by, ...set);
  assertEquals(inState(nodes, "ran"), ["count:short", "total:short"]);
  assertEquals(inState(nodes, "cached"), ["split", "count:all", "total:all"]);
  // A lost object is downloaded and not made anew.
  Deno.removeSync(storedPath(others, nodes, "count:all", "counts"));
  const mended = await nodesOf(others, ...by);
  assertEquals(inState(mended, "cached").length, NODE_COUNT);
  assertEquals(
    others.read("artifacts/manifest.json"),
    ours.read("artifacts/manifest.json"),
  );
});

Deno.test("a bundle carries a run to another clone, and equal runs give equal bundles", async () => {
  using ours = makeProject();
  using theirs = makeProject();
  using keys = makeKeys();
  const key = await signedRun(ours, keys);
  await ok(ours, "export", "run.tar");
  const bundle = Deno.readFileSync(ours.path("run.tar"));
  const elsewhere = theirs.path("run.tar");
  Deno.writeFileSync(elsewhere, bundle);

  const refused = await theirs.run("import", elsewhere);
  assertEquals(refused.code, 2);
  assertStringIncludes(refused.err, "--signed-by");
  const told = await ok(theirs, "import", elsewhere, "--signed-by", key);
  assertStringIncludes(told, `${NODE_COUNT} nodes`);
  assertEquals(inState(await nodesOf(theirs), "cached").length, NODE_COUNT);
  await ok(theirs, "export", "again.tar");
  assertEquals(Deno.readFileSync(theirs.path("again.tar")), bundle);

  const { code, stdout } = await new Deno.Command("tar", {
    args: ["tf", elsewhere],
  }).output();
  assertEquals(code, 0);
  const names = new TextDecoder().decode(stdout).trim().split("\n");
  assertEquals(names.slice(0, 2), ["manifest.json", "manifest.sig.json"]);
});

Deno.test("a push to a web server is one sentence, exit code 2", async () => {
  using project = makeProject();
  await nodesOf(project);
  const { code, err } = await project.run("push", "https://example.org/");
  assertEquals(code, 2);
  assertStringIncludes(err, "only read from");
});
