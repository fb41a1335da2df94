/** Push and pull over each kind of remote: what moves, what is verified, and what is refused. */
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { dirname, join } from "@std/path";
import { freeBytes } from "../../base/disk_space.ts";
import { namesIn } from "../../engine/files/atomic.ts";
import { canonical, hashListing, sha256 } from "../../engine/files/hash.ts";
import { keyOf } from "../../engine/keys/key.ts";
import { manifestPath } from "../../engine/store/manifest.ts";
import type { Policy } from "../../engine/provenance/trust_policy.ts";
import { openStaging } from "../../sharing/transfer/staging.ts";
import { contentsOf } from "../../sharing/transfer/contents.ts";
import { pull } from "../../sharing/pull.ts";
import { push } from "../../sharing/push.ts";
import {
  objectPath,
  sharedManifestPath,
} from "../../sharing/remotes/remote.ts";
import { openRemote } from "../../sharing/remotes/open.ts";
import { readText } from "../../sharing/remotes/text.ts";
import type { Json, NodeRecord } from "../../schemas/manifest.ts";
import { makeKeys, signedBy } from "../engine/fixtures/keys.ts";
import { assertInputError } from "../fixtures/input_error.ts";
import {
  folderRemote,
  HASTY,
  pullInto,
  pushFrom,
  sign,
  SILENT,
  trusting,
  UNSIGNED,
} from "./fixtures/exchange.ts";
import { KINDS, testKind } from "./fixtures/kinds.ts";
import {
  assertObjectsWhole,
  makeArtifacts,
  NODES,
  seen,
  temporary,
  workspaceIn,
} from "./fixtures/made.ts";

for (const kind of KINDS) testKind(kind);

/** Artifact folders of two people, and a remote in a folder that both use. */
function makeSite() {
  const [ours, theirs, there] = [temporary(), temporary(), temporary()];
  return {
    ...{ ours, theirs, there, remote: folderRemote(there.path) },
    [Symbol.dispose]: () => {
      for (const folder of [ours, theirs, there]) folder[Symbol.dispose]();
    },
  };
}

Deno.test("objects come from whichever remote has them whole, and damage in another is told", async () => {
  using ours = temporary();
  using theirs = temporary();
  using one = temporary();
  using other = temporary();
  await makeArtifacts(ours.path);
  const remotes = [one, other].map(({ path }) => folderRemote(path));
  for (const remote of remotes) await pushFrom(ours.path, remote);
  const [model, size] = [NODES.first.model, NODES.first.size].map(String);
  Deno.removeSync(join(one.path, objectPath(sha256(model))));
  Deno.writeTextFileSync(join(one.path, objectPath(sha256(size))), "71");
  Deno.removeSync(join(other.path, objectPath(sha256("one\n"))));
  Deno.removeSync(join(other.path, sharedManifestPath("made")));
  const notices: string[] = [];
  const listener = { ...SILENT, notice: (line: string) => notices.push(line) };
  await pullInto(theirs.path, remotes, UNSIGNED, listener);
  assertEquals((await seen(theirs.path)).broken, 0);
  assertEquals(notices.length, 1);
  assertStringIncludes(notices[0], `object ${sha256(size)} of "${one.path}"`);
});

Deno.test("an object that no remote has is one sentence, and the next pull goes on with what came", async () => {
  using site = makeSite();
  const { ours, theirs, there, remote } = site;
  await makeArtifacts(ours.path);
  await pushFrom(ours.path, remote);
  const lost = join(there.path, objectPath(sha256(String(NODES.first.size))));
  Deno.renameSync(lost, lost + ".away");
  const error = await assertRejects(
    () => pullInto(theirs.path, [remote]),
    Error,
  );
  assertEquals(error.name, "Failure");
  assertStringIncludes(error.message, "push it again");
  assertEquals((await seen(theirs.path)).manifest, undefined);
  Deno.renameSync(lost + ".away", lost);
  await pullInto(theirs.path, [remote]);
  assertEquals((await seen(theirs.path)).broken, 0);
});

Deno.test("a file that a killed pull has made read-only, and not yet moved to its place, does not stop the next one", async () => {
  using ours = temporary();
  using there = temporary();
  using theirs = temporary();
  await makeArtifacts(ours.path);
  await pushFrom(ours.path, folderRemote(there.path));
  const hash = sha256(String(NODES.first.model));
  const left = join(theirs.path, "work", "pull.tmp", hash);
  Deno.mkdirSync(dirname(left), { recursive: true });
  Deno.copyFileSync(join(there.path, objectPath(hash)), left);
  Deno.chmodSync(left, 0o444);
  const before = Deno.statSync(left).ino;
  // Who is root may write to any file: that the leftover is not opened is seen by its number.
  using held = Deno.openSync(left);
  await pullInto(theirs.path, [folderRemote(there.path)]);
  const object = workspaceIn(theirs.path).store
    .path({ sha256: hash, bytes: 0, mediaType: "" });
  assertNotEquals(Deno.statSync(object).ino, before);
  assertEquals(held.statSync().ino, before);
  await assertObjectsWhole(theirs.path);
});

Deno.test("the same content in three places is refused where the disk has room for one of them only", () => {
  using theirs = temporary();
  const bytes = Math.ceil(freeBytes(theirs.path) / 2);
  const listing = ["a", "b", "c"].map((path) => ({
    ...{ path, bytes },
    sha256: sha256("much"),
  }));
  const artifact = {
    ...{ sha256: hashListing(listing), bytes: 3 * bytes },
    ...{ mediaType: "inode/directory", folder: true as const },
  };
  const workspace = workspaceIn(theirs.path);
  assertThrows(
    () => openStaging(workspace, [{ artifact, listing }], "pull"),
    Error,
    "free some space and try again",
  );
});

Deno.test("without a trusted signature nothing is taken, and the sentence says how to name one", async () => {
  using site = makeSite();
  const { ours, theirs, remote } = site;
  using keys = makeKeys();
  const [key, stranger] = [keys.make("key.pem"), keys.make("stranger.pem")];
  const text = await makeArtifacts(ours.path);
  await pushFrom(ours.path, remote);
  const refused = async (policy: Policy, part: string) => {
    const act = () => pullInto(theirs.path, [remote], policy);
    assertStringIncludes((await assertRejects(act, Error)).message, part);
    assertEquals(namesIn(theirs.path), []);
  };
  await refused(
    trusting(),
    "--signed-by, or take what nobody has signed with",
  );
  await refused(trusting(key), "nobody has signed it");
  sign(ours.path, text, stranger);
  await pushFrom(ours.path, remote);
  await refused(trusting(key), stranger.publicKey);
});

Deno.test("signatures of several people come together in a remote", async () => {
  using site = makeSite();
  const { ours, theirs, remote } = site;
  using keys = makeKeys();
  const [one, other] = [keys.make("one.pem"), keys.make("other.pem")];
  const text = await makeArtifacts(ours.path);
  for (const key of [one, other]) {
    sign(ours.path, text, key);
    await pushFrom(ours.path, remote);
  }
  for (const key of [one, other]) {
    await pullInto(theirs.path, [remote], trusting(key));
  }
  assertEquals(
    (await seen(theirs.path)).signatures,
    signedBy(text, one, other),
  );
});

Deno.test("signatures of another manifest are not pushed with this one", async () => {
  using site = makeSite();
  const { ours, there, remote } = site;
  using keys = makeKeys();
  await makeArtifacts(ours.path);
  sign(ours.path, "another", keys.make("key.pem"));
  await pushFrom(ours.path, remote);
  assertEquals(namesIn(join(there.path, "signatures")), []);
});

Deno.test("what is damaged or missing here is not pushed", async () => {
  using site = makeSite();
  const { ours, there, remote } = site;
  await makeArtifacts(ours.path);
  const { manifest, store } = workspaceIn(ours.path);
  const model = manifest?.nodes.first.outputs.model;
  assert(model !== undefined);
  Deno.chmodSync(store.path(model), 0o644);
  Deno.writeTextFileSync(store.path(model), "x".repeat(model.bytes));
  const act = () => pushFrom(ours.path, remote);
  const { message } = await assertRejects(act, Error);
  assertStringIncludes(
    message,
    'output model of "first": its object is damaged',
  );
  assertEquals(namesIn(there.path), []);
});

Deno.test("a remote keeps each manifest that was pushed, and names the last", async () => {
  using site = makeSite();
  const { ours, remote } = site;
  const texts: string[] = [];
  for (const size of ["17", "18"]) {
    const first = { ...NODES.first, size };
    texts.push(await makeArtifacts(ours.path, { ...NODES, first }));
    await pushFrom(ours.path, remote);
  }
  const read = (path: string) => readText(remote, path, 1e6);
  assertEquals(await read(sharedManifestPath("made")), texts[1]);
  assertEquals(
    await Promise.all(texts.map((text) => read(objectPath(sha256(text))))),
    texts,
  );
});

/** Makes the run of an experiment of a value, whose nodes have keys of their own where `seed` is another. */
async function makeExperiment(
  folder: string,
  value: Json,
  seed: number,
): Promise<string> {
  await makeArtifacts(folder);
  const manifest = JSON.parse(Deno.readTextFileSync(manifestPath(folder)));
  manifest.experiment.value = value;
  for (const record of Object.values<NodeRecord>(manifest.nodes)) {
    const preimage = { ...record.preimage, seed };
    Object.assign(record, { preimage, key: keyOf(preimage) });
  }
  const text = canonical(manifest) + "\n";
  Deno.writeTextFileSync(manifestPath(folder), text);
  return text;
}

Deno.test("two experiments of one name: the second is refused, and by force the first can still be pulled", async () => {
  using site = makeSite();
  using other = temporary();
  const { ours, theirs, there, remote } = site;
  const first = await makeExperiment(ours.path, { data: "ours" }, 1);
  const second = await makeExperiment(other.path, { data: "theirs" }, 2);
  await pushFrom(ours.path, remote);
  const before = namesIn(join(there.path, "objects"));
  const { message } = await assertRejects(
    () => pushFrom(other.path, remote),
    Error,
  );
  assertStringIncludes(message, "no node in common with this one");
  assertStringIncludes(message, "--force");
  const [id] = /made@[0-9a-f]{12}/.exec(message) ?? [];
  assert(id !== undefined);
  assertEquals(namesIn(join(there.path, "objects")), before);

  const notices: string[] = [];
  const contents = await contentsOf(workspaceIn(other.path));
  await push(
    contents,
    remote,
    { paranoid: false, force: true },
    { ...SILENT, notice: (line) => notices.push(line) },
  );
  assertStringIncludes(notices.join(), `it stays there as "${id}"`);
  await pullInto(theirs.path, [remote]);
  assertEquals((await seen(theirs.path)).manifest, second);
  await pull(workspaceIn(theirs.path), id, UNSIGNED, [remote], SILENT);
  assertEquals((await seen(theirs.path)).manifest, first);
  await assertRejects(
    () => {
      const none = id.replace(/.$/, (digit) => digit === "0" ? "1" : "0");
      return pull(workspaceIn(theirs.path), none, UNSIGNED, [remote], SILENT);
    },
    Error,
    "nobody has pushed it there",
  );
});

Deno.test("an experiment that was changed takes its name along, and what it was stays under its own", async () => {
  using site = makeSite();
  const { ours, theirs, there, remote } = site;
  const first = await makeExperiment(ours.path, { beta: 0.2 }, 1);
  await pushFrom(ours.path, remote);
  const second = await makeExperiment(ours.path, { beta: 0.4 }, 1);
  await pushFrom(ours.path, remote);
  await pullInto(theirs.path, [remote]);
  assertEquals((await seen(theirs.path)).manifest, second);
  const kept = namesIn(join(there.path, "manifests")).sort()
    .map((name) => Deno.readTextFileSync(join(there.path, "manifests", name)));
  assertEquals(kept.toSorted(), [first, second, second].toSorted());
  // One that was renamed there is of nobody's experiment.
  const renamed = join(there.path, "manifests/made@000000000000.json");
  Deno.writeTextFileSync(renamed, first);
  await assertRejects(
    () =>
      pull(
        workspaceIn(theirs.path),
        "made@000000000000",
        UNSIGNED,
        [remote],
        SILENT,
      ),
    Error,
    "it is of another experiment",
  );
});

const ADDRESSES: readonly (readonly [string, string])[] = [
  ["no/such/folder", "no such folder"],
  ["ftp://example.org/", 'of the kind "ftp://"'],
  ["https://someone:secret@example.org/", "without user, password"],
  ["https://example.org/?token=secret", "with AWS_ACCESS_KEY_ID"],
  ["s3://", "expected s3://BUCKET"],
  ["s3://models/../others", "expected s3://BUCKET"],
  ["s3://key:secret@models", "expected s3://BUCKET"],
  ["s3://models/of?X-Amz-Signature=secret", "environment variables AWS_"],
  ["s3://models/of/ours#secret", "environment variables AWS_"],
  ["https://someone:sec/secret@example.org/", "expected an address"],
];

for (const [address, part] of ADDRESSES) {
  Deno.test(`the remote "${address}" is refused in one sentence without its secrets`, () => {
    const options = { network: HASTY };
    assertInputError(() => {
      try {
        openRemote(address, options);
      } catch (error) {
        assert(!String(error).includes("secret"));
        throw error;
      }
    }, part);
  });
}
