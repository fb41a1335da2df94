/** Two clones exchange a run by the command line: one runs, signs and shares it, the other finds every node cached. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { canonical, sha256 } from "../../engine/files/hash.ts";
import { keyPath, objectPath } from "../../sharing/remotes/remote.ts";
import { type Keys, makeKeys } from "../engine/fixtures/keys.ts";
import {
  exists,
  inState,
  makeProject,
  nodesOf,
  objectPath as storedPath,
  type Project,
} from "../engine/fixtures/project.ts";
import { KINDS, type Shared } from "./fixtures/kinds.ts";
import { temporary } from "./fixtures/made.ts";

const NODE_COUNT = 5;

/** Runs a command with the environment of a remote; its standard output. */
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

/** Sets what a remote needs in the environment of this process, which commands inherit. */
function environment({ environment }: Shared): Disposable {
  const before = Object.keys(environment)
    .map((name) => [name, Deno.env.get(name)] as const);
  for (const [name, value] of Object.entries(environment)) {
    Deno.env.set(name, value);
  }
  return {
    [Symbol.dispose]: () => {
      for (const [name, value] of before) {
        if (value === undefined) Deno.env.delete(name);
        else Deno.env.set(name, value);
      }
    },
  };
}

for (const { name, missing, start } of KINDS) {
  const ignore = missing !== undefined;
  Deno.test(
    `one clone pushes a run to ${name}, another pulls it and finds every node cached${
      missing ?? ""
    }`,
    { ignore },
    async () => {
      await using shared = await start();
      using _environment = environment(shared);
      using ours = makeProject();
      using theirs = makeProject();
      using keys = makeKeys();
      const key = await signedRun(ours, keys);
      const pushed = JSON.parse(await ok(ours, "push", shared.write, "--json"));
      assertEquals([pushed.experiment, pushed.signed], ["quick", true]);

      const refused = await theirs.run("pull", shared.read);
      assertEquals(refused.code, 2);
      assertStringIncludes(refused.err, "--signed-by");
      assert(!exists(theirs.path("artifacts/manifest.json")));

      const told = await ok(theirs, "pull", shared.read, "--signed-by", key);
      assertStringIncludes(told, `${NODE_COUNT} nodes`);
      for (const file of ["manifest.json", "manifest.sig.json"]) {
        assertEquals(
          theirs.read(`artifacts/${file}`),
          ours.read(`artifacts/${file}`),
        );
      }
      await ok(theirs, "verify", "--signed-by", key);
      assertEquals(inState(await nodesOf(theirs), "cached").length, NODE_COUNT);
      // Not only by the manifest: the results are cached by their keys too.
      await nodesOf(theirs, "--set", "seed=2");
      assertEquals(inState(await nodesOf(theirs), "cached").length, NODE_COUNT);
      if (shared.environment.AWS_SECRET_ACCESS_KEY !== undefined) {
        for (const project of [ours, theirs]) {
          assertEquals(filesWith(project.folder, "secret-of-someone"), []);
        }
      }
    },
  );

  Deno.test(`a run takes from ${name} what it would make${missing ?? ""}`, {
    ignore,
  }, async () => {
    await using shared = await start();
    using _environment = environment(shared);
    using ours = makeProject();
    using theirs = makeProject();
    using keys = makeKeys();
    const key = await signedRun(ours, keys);
    await ok(ours, "push", shared.write);
    const by = ["--remote", shared.read, "--signed-by", key];

    const early = await theirs.run("--remote", shared.read);
    assertEquals(early.code, 2);
    assertStringIncludes(early.err, "no key is trusted yet");
    assert(!exists(theirs.path("artifacts")));

    // One node has another config, all others are in the remote.
    const nodes = await nodesOf(
      theirs,
      ...by,
      "--set",
      "counts.short.longest=4",
    );
    assertEquals(inState(nodes, "ran"), ["count:short", "total:short"]);
    assertEquals(inState(nodes, "cached"), ["split", "count:all", "total:all"]);
    const all = await nodesOf(theirs, ...by);
    assertEquals(inState(all, "cached").length, NODE_COUNT);
    assertEquals(
      theirs.read("artifacts/manifest.json"),
      ours.read("artifacts/manifest.json"),
    );
    // A lost object is brought and not made anew.
    Deno.removeSync(storedPath(theirs, all, "count:all", "counts"));
    const mended = await nodesOf(theirs, ...by);
    assertEquals(inState(mended, "cached").length, NODE_COUNT);
  });
}

Deno.test("a run makes by itself what a stranger signed, what was damaged, and what a remote does not answer for, and says so", async () => {
  using ours = makeProject();
  using keys = makeKeys();
  using there = temporary();
  await signedRun(ours, keys);
  const stranger = keys.make("stranger.pem").publicKey;
  await ok(ours, "push", there.path);
  const nodes = await nodesOf(ours);
  const sha = nodes[0].outputs.size.sha256;
  const cases = [
    [there.path, ["--signed-by", stranger], "believed would be only"],
    ["http://127.0.0.1:1/", ["--unsigned"], "Cannot reach"],
    [there.path, ["--unsigned"], `Cannot use object ${sha}`],
  ] as const;
  Deno.writeTextFileSync(
    `${there.path}/objects/${sha.slice(0, 2)}/${sha}`,
    "9",
  );
  for (const [remote, belief, part] of cases) {
    using theirs = makeProject();
    const { code, out, err } = await theirs.run("--remote", remote, ...belief);
    assertEquals(code, 0, err);
    assertStringIncludes(out, part);
    assertEquals(inState(await nodesOf(theirs), "cached").length, NODE_COUNT);
    assertEquals(
      theirs.read("artifacts/manifest.json"),
      ours.read("artifacts/manifest.json"),
    );
  }
});

Deno.test("a manifest that nobody has signed gives no result of a key, whatever the remote's record says", async () => {
  using ours = makeProject();
  using theirs = makeProject();
  using keys = makeKeys();
  using there = temporary();
  const key = await signedRun(ours, keys);
  await ok(ours, "push", there.path);
  const put = (text: string) => {
    const hash = sha256(text);
    Deno.mkdirSync(`${there.path}/objects/${hash.slice(0, 2)}`, {
      recursive: true,
    });
    Deno.writeTextFileSync(join(there.path, objectPath(hash)), text);
    return hash;
  };
  const manifest = JSON.parse(ours.read("artifacts/manifest.json"));
  const node = manifest.nodes["count:all"];
  const evil = '{"counts":{"0.txt":999}}';
  node.outputs.counts = {
    ...node.outputs.counts,
    sha256: put(evil),
    bytes: evil.length,
  };
  // What was made of the true counts would give it away.
  delete manifest.nodes["total:all"];
  const named = {
    experiment: "quick",
    sha256: put(canonical(manifest) + "\n"),
  };
  const record = canonical({ schema: 1, manifests: [named] });
  Deno.writeTextFileSync(join(there.path, keyPath(node.key)), record);
  // Cut off, so that nobody names this key.
  const other = manifest.nodes["count:short"].key;
  Deno.writeTextFileSync(join(there.path, keyPath(other)), '{"schema":1');

  const by = ["--remote", there.path, "--signed-by", key];
  const { code, out, err } = await theirs.run(...by);
  assertEquals(code, 0, err);
  assertStringIncludes(out, "nobody has signed it");
  const { nodes }: { nodes: Record<string, unknown> } = JSON.parse(
    theirs.read("artifacts/manifest.json"),
  );
  const own = JSON.parse(ours.read("artifacts/manifest.json")).nodes;
  assertEquals(nodes["count:all"], own["count:all"]);
  assertEquals(await ran(theirs), ["count:all", "count:short"]);

  // Its hashes hold, so that whoever takes what nobody has signed gets it.
  using careless = makeProject();
  const taken = await nodesOf(careless, "--remote", there.path, "--unsigned");
  const counted = taken.find(({ name }) => name === "count:all");
  assertEquals(counted?.outputs.counts.sha256, sha256(evil));
});

/** The nodes that ran in the last run of a project, by its record. */
async function ran(project: Project): Promise<string[]> {
  const { runs } = JSON.parse(await ok(project, "log", "--json"));
  const run = `artifacts/runs/${runs.at(-1).run}.jsonl`;
  return project.read(run).trim().split("\n").map((line) => JSON.parse(line))
    .flatMap(({ event, state, name }) =>
      event === "node" && state === "ran" ? [name] : []
    ).sort();
}

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

/** The files below a folder that hold a text, node_modules apart. */
function filesWith(folder: string, text: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) return filesWith(path, text);
    if (!entry.isFile) return [];
    return Deno.readTextFileSync(path).includes(text) ? [path] : [];
  });
}
