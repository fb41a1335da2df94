/** Some nodes of a run are sent, taken in, used, sent on and completed; what was not sent is known as such. */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "@std/path";
import { namesIn } from "../../engine/files/atomic.ts";
import {
  exists,
  inState,
  makeProject,
  nodesOf,
  type Project,
} from "../engine/fixtures/project.ts";
import { contentOf } from "../../schemas/manifest.ts";
import { push } from "../../sharing/push.ts";
import { openRemote } from "../../sharing/remotes/open.ts";
import type { Remote } from "../../sharing/remotes/remote.ts";
import { unreachable } from "../../sharing/remotes/request.ts";
import { contentsOf } from "../../sharing/transfer/contents.ts";
import {
  folderRemote,
  HASTY,
  pullInto,
  SILENT,
  UNSIGNED,
} from "./fixtures/exchange.ts";
import {
  makeArtifacts,
  seen,
  temporary,
  workspaceIn,
} from "./fixtures/made.ts";

/** Runs a command; its standard output and error. */
async function ok(project: Project, ...args: string[]) {
  const { code, out, err } = await project.run(...args);
  assertEquals(code, 0, err);
  return { out, err };
}

const PULL = ["--unsigned"] as const;

Deno.test("a push of one node sends its outputs alone, shows sizes, and the next ones add to them", async () => {
  using there = temporary();
  using ours = makeProject();
  using theirs = makeProject();
  using others = makeProject();
  using clone = makeProject();
  await nodesOf(ours);
  const { err } = await ok(ours, "push", there.path, "total:short");
  assertStringIncludes(err, "total:short  ");
  assertStringIncludes(err, "Not sent: ");
  const { out } = await ok(theirs, "pull", there.path, ...PULL);
  assertStringIncludes(out, "; not held: 4 nodes.");

  const verified = await ok(theirs, "verify");
  assertStringIncludes(verified.out, "4 are not held here: ");
  const states = await nodesOf(theirs, "status");
  assertEquals(inState(states, "cached"), []);
  // What was held and is lost is damage all the same.
  const total = states.find(({ name }) => name === "total:short");
  assert(total !== undefined);
  await ok(theirs, "get", "total:short", "--out", theirs.path("total"));
  await ok(theirs, "export", "part.tar", "total:short");
  const refused = await theirs.run("push", there.path, "count:short");
  assertEquals(refused.code, 1);
  assertStringIncludes(refused.err, "name nodes that are here");
  Deno.removeSync(theirs.path("artifacts/objects"), { recursive: true });
  assertEquals((await theirs.run("verify")).code, 1);
  Deno.removeSync(theirs.path("artifacts/cache"), { recursive: true });
  assertEquals((await theirs.run("verify")).code, 1);
  // A clone of a project that commits its manifest.
  const manifest = "artifacts/manifest.json";
  Deno.mkdirSync(clone.path("artifacts"));
  clone.write(manifest, ours.read(manifest));
  const nothing = await clone.run("verify");
  assertEquals(nothing.code, 1);
  assertStringIncludes(nothing.out, "is missing");
  assert(!nothing.out.includes("not held"));

  // The rest, by the same manifest.
  await ok(ours, "push", there.path, "count:*", "--for", "reproduce");
  const more = await ok(others, "pull", there.path, ...PULL);
  assertStringIncludes(more.out, "; not held: total:all.");
  await ok(ours, "push", there.path);
  const all = await ok(others, "pull", there.path, ...PULL);
  assert(!all.out.includes("not held"));
  assertEquals(inState(await nodesOf(others), "cached").length, 5);
});

Deno.test("a bundle of one node is imported, and a later run makes the rest", async () => {
  using ours = makeProject();
  using theirs = makeProject();
  await nodesOf(ours);
  const exported = await ok(ours, "export", "part.tar", "total:all", "--json");
  const { objects, nodes } = JSON.parse(exported.out);
  assertEquals(objects, 1);
  assertEquals(
    nodes.filter(({ outputs }: { outputs: string[] }) => outputs.length > 0)
      .map(({ node }: { node: string }) => node),
    ["total:all"],
  );
  const file = theirs.path("part.tar");
  const bundle = new TextDecoder("latin1")
    .decode(Deno.readFileSync(ours.path("part.tar")));
  const write = (text: string) =>
    Deno.writeFileSync(file, Uint8Array.from(text, (c) => c.charCodeAt(0)));
  // What is held is said wrongly, or of another version.
  const [listed] = /(?<={"artifacts":\[")\w{64}/.exec(bundle) ?? [];
  assert(listed !== undefined);
  const changes = [
    ['{"artifacts":["', '{"artifacts":["0'],
    ['],"schema":1}', '],"schema":9}'],
    [`"artifacts":["${listed}"`, `"artifacts":["${"0".repeat(64)}"`],
    [
      `{"artifacts":["${listed}"],"schema":1}`,
      `{"schema":1,"artifacts":["${listed}"]}`,
    ],
  ];
  for (const [from, to] of changes) {
    const at = bundle.indexOf(from);
    write(bundle.slice(0, at) + to + bundle.slice(at + to.length));
    const refused = await theirs.run("import", file, ...PULL);
    assertEquals(refused.code, 1, refused.out);
    assert(!exists(theirs.path("artifacts/manifest.json")));
  }
  write(bundle);
  const imported = await ok(theirs, "import", file, ...PULL, "--json");
  assertEquals(JSON.parse(imported.out).notHeld.length, 4);
  assertStringIncludes((await ok(theirs, "verify")).out, "not held here");
  const again = await nodesOf(theirs);
  assertEquals(inState(again, "ran").length, 4);
  assert(!(await ok(theirs, "verify")).out.includes("not held"));
});

Deno.test("a remote cache asks for no object that was not pushed", async () => {
  using there = temporary();
  using ours = makeProject();
  using theirs = makeProject();
  await nodesOf(ours);
  await ok(ours, "push", there.path, "split");
  // Equal outputs of other nodes are there with it.
  assert(namesIn(join(there.path, "keys")).length < 5);
  const { err } = await ok(
    theirs,
    ...["run", "--remote", there.path, ...PULL],
  );
  assert(!err.includes("Cannot"), err);
  assert(exists(theirs.path("artifacts/manifest.json")));
});

Deno.test("metrics that were not recomputed are named", async () => {
  using there = temporary();
  using ours = makeProject();
  using theirs = makeProject();
  await nodesOf(ours);
  await ok(ours, "push", there.path, "split");
  const pull = ["pull", there.path, ...PULL, "--json"];
  const part = JSON.parse((await ok(theirs, ...pull)).out);
  assertEquals(part.notRecomputed, ["total:all"]);
  await ok(ours, "push", there.path);
  const all = JSON.parse((await ok(theirs, ...pull)).out);
  assertEquals(all.notRecomputed, []);
});

Deno.test("a word after the remote is a node, or another remote if it is written as a path", async () => {
  using ours = makeProject();
  await nodesOf(ours);
  const mistyped = await ours.run("push", "./there", "total:shirt");
  assertEquals(mistyped.code, 2);
  assertStringIncludes(mistyped.err, 'did you mean "total:short"');
  assertStringIncludes(mistyped.err, "a remote is written ./total:shirt");
  await ok(ours, "push", "./there", "./elsewhere", "split");
  assert(exists(ours.path("elsewhere/manifests/quick.json")));
  // A folder of a node's name is no remote, and a node's name none either.
  Deno.mkdirSync(ours.path("split"));
  await ok(ours, "push", "./there", "split");
  assertEquals(namesIn(ours.path("split")), []);
  for (const word of ["split", "total:*"]) {
    const forgotten = await ours.run("push", word);
    assertEquals(forgotten.code, 2);
    assertStringIncludes(forgotten.err, `Cannot push to "${word}": it is a`);
  }
  assertEquals(namesIn(ours.path("split")), []);
  await ok(ours, "push", "./split");
  assert(exists(ours.path("split/manifests/quick.json")));
});

Deno.test("a push that is cut before its keys is completed by the same push", async () => {
  using there = temporary();
  using ours = temporary();
  await makeArtifacts(ours.path);
  const remote = folderRemote(there.path);
  await pushSome(ours.path, remote, "first");
  const keys = () => namesIn(join(there.path, "keys")).length;
  assertEquals(keys(), 1);
  const { writer } = remote;
  assert(writer !== undefined);
  const cut: Remote = {
    ...remote,
    writer: {
      ...writer,
      putText: (path, text) =>
        path.startsWith("keys/")
          ? Promise.reject(unreachable(remote.name, "it was cut"))
          : writer.putText(path, text),
    },
  };
  await assertRejects(() => pushSome(ours.path, cut, "second"), Error, "cut");
  await pushSome(ours.path, remote, "second");
  assertEquals(keys(), 2);
});

Deno.test("pushes of several nodes and of all at the same time leave nothing out", async () => {
  using ours = temporary();
  await makeArtifacts(ours.path);
  for (
    const pushes of [["first", "second", "third"], ["first", undefined]]
  ) {
    using there = temporary();
    using theirs = temporary();
    const remote = folderRemote(there.path);
    await Promise.all(
      pushes.map((node) => pushSome(ours.path, remote, node)),
    );
    assertEquals((await pullInto(theirs.path, [remote])).notHeld, []);
    assertEquals((await seen(theirs.path)).broken, 0);
  }
});

Deno.test("a further remote that cannot be reached is told, and what the first one has is pulled", async () => {
  using there = temporary();
  using ours = temporary();
  using theirs = temporary();
  await makeArtifacts(ours.path);
  const remote = folderRemote(there.path);
  await pushSome(ours.path, remote, "first");
  const gone = openRemote("http://127.0.0.1:1/", { network: HASTY });
  const told: string[] = [];
  const listener = { ...SILENT, notice: (line: string) => told.push(line) };
  const { notHeld } = await pullInto(
    theirs.path,
    [remote, gone],
    UNSIGNED,
    listener,
  );
  assertEquals(notHeld, ["second", "third"]);
  assertEquals(told.length, 1);
  assertStringIncludes(told[0], 'Cannot reach "http://127.0.0.1:1/"');
  await assertRejects(() => pullInto(theirs.path, [gone, remote]));
});

/** Pushes the outputs of a node, or of all. */
async function pushSome(folder: string, remote: Remote, node?: string) {
  const contents = await contentsOf(
    workspaceIn(folder),
    ({ nodes }) =>
      node === undefined
        ? undefined
        : new Set(Object.values(nodes[node].outputs).map(contentOf)),
  );
  await push(contents, remote, { paranoid: false }, SILENT);
}
