/** A remote cache takes results only from manifests that the policy trusts, and reports what it refuses. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { canonical, sha256 } from "../../engine/files/hash.ts";
import { readManifest } from "../../engine/store/manifest.ts";
import type { Policy } from "../../engine/provenance/trust_policy.ts";
import { openRemoteCache } from "../../sharing/remote_cache.ts";
import { keyPath, objectPath } from "../../sharing/remotes/remote.ts";
import { openRemote } from "../../sharing/remotes/open.ts";
import type { NodeRecord } from "../../schemas/manifest.ts";
import { makeKeys } from "../engine/fixtures/keys.ts";
import {
  folderRemote,
  HASTY,
  pushFrom,
  sign,
  trusting,
  UNSIGNED,
} from "./fixtures/exchange.ts";
import {
  assertObjectsWhole,
  makeArtifacts,
  NODES,
  temporary,
  workspaceIn,
} from "./fixtures/made.ts";

/** Asks a remote cache for the result of a key; returns whether it had it, and its notices. */
async function ask(
  addresses: readonly string[],
  policy: Policy,
  { key }: NodeRecord,
): Promise<{ readonly found: boolean; readonly notices: string }> {
  using theirs = temporary();
  // A pull was cut, and may go on.
  const other = join(theirs.path, "work", "pull.tmp", "a");
  Deno.mkdirSync(join(other, ".."), { recursive: true });
  Deno.writeTextFileSync(other, "begun");
  const notices: string[] = [];
  const remotes = addresses.map((path) => openRemote(path, { network: HASTY }));
  const cache = openRemoteCache(remotes, policy);
  const workspace = workspaceIn(theirs.path);
  const found = await cache(workspace, "first", key, {
    progress: () => {},
    notice: (line: string) => notices.push(line),
    found: () => {},
  });
  await assertObjectsWhole(theirs.path);
  assertEquals(Deno.readTextFileSync(other), "begun");
  return { found, notices: notices.join("\n") };
}

Deno.test("a result comes from a signed manifest, and strangers, damage and silence are reported", async () => {
  using ours = temporary();
  using there = temporary();
  using damaged = temporary();
  using keys = makeKeys();
  const [key, stranger] = [keys.make("key.pem"), keys.make("stranger.pem")];
  sign(ours.path, await makeArtifacts(ours.path), key);
  for (const { path } of [there, damaged]) {
    await pushFrom(ours.path, folderRemote(path));
  }
  const first = readManifest(ours.path)?.nodes.first;
  if (first === undefined) throw new Error("no node");
  const policy = trusting(key);
  assertEquals(await ask([there.path], policy, first), {
    found: true,
    notices: "",
  });

  const refused = await ask([there.path], trusting(stranger), first);
  assertEquals(refused.found, false);
  assertStringIncludes(refused.notices, "believed would be only");

  const hash = sha256(String(NODES.first.model));
  Deno.writeTextFileSync(
    join(damaged.path, objectPath(hash)),
    "x".repeat(String(NODES.first.model).length),
  );
  const lost = await ask([damaged.path], policy, first);
  assertEquals(lost.found, false);
  assertStringIncludes(lost.notices, `Cannot use object ${hash}`);
  // A remote that has it in part is not one that cannot be reached.
  Deno.truncateSync(join(damaged.path, objectPath(hash)), 100);
  const short = await ask([damaged.path], policy, first);
  assertEquals(short.found, false);
  assertStringIncludes(short.notices, `Cannot use object ${hash}`);
  // Another remote has the object.
  const both = await ask([damaged.path, there.path], policy, first);
  assertEquals(both.found, true);
  assertStringIncludes(both.notices, `Cannot use object ${hash}`);

  const silent = "http://127.0.0.1:1/";
  const unreachable = await ask([silent], UNSIGNED, first);
  assertEquals(unreachable.found, false);
  assertStringIncludes(unreachable.notices, "Cannot reach");
  assertEquals((await ask([silent, there.path], policy, first)).found, true);
});

Deno.test("an unsigned manifest gives no result, whatever the key record says, and a broken record is ignored", async () => {
  using ours = temporary();
  using there = temporary();
  using keys = makeKeys();
  const key = keys.make("key.pem");
  sign(ours.path, await makeArtifacts(ours.path), key);
  await pushFrom(ours.path, folderRemote(there.path));
  const manifest = structuredClone(readManifest(ours.path));
  const first = manifest?.nodes.first;
  if (first === undefined) throw new Error("no node");
  const put = async (text: string) => {
    const hash = sha256(text);
    await folderRemote(there.path).writer?.putText(objectPath(hash), text);
    return hash;
  };
  const evil = "evil";
  const forged = structuredClone(manifest);
  Object.assign(Object(forged).nodes.first.outputs.size, {
    sha256: await put(evil),
    bytes: evil.length,
  });
  const record = canonical({
    schema: 1,
    manifests: [{
      experiment: "made",
      sha256: await put(canonical(forged) + "\n"),
    }],
  });
  const path = join(there.path, keyPath(first.key));
  Deno.writeTextFileSync(path, record);
  const refused = await ask([there.path], trusting(key), first);
  assertEquals(refused.found, false);
  assertStringIncludes(refused.notices, "nobody has signed it");
  // Its hashes hold, so that who takes unsigned manifests gets it.
  assertEquals((await ask([there.path], UNSIGNED, first)).found, true);

  Deno.writeTextFileSync(path, '{"schema":1');
  assertEquals(await ask([there.path], trusting(key), first), {
    found: false,
    notices: "",
  });
});

Deno.test("a file of a folder remote that cannot be read is told, and the next remote is asked", async () => {
  using ours = temporary();
  using there = temporary();
  using broken = temporary();
  await makeArtifacts(ours.path);
  for (const { path } of [there, broken]) {
    await pushFrom(ours.path, folderRemote(path));
  }
  const first = readManifest(ours.path)?.nodes.first;
  if (first === undefined) throw new Error("no node");
  const path = join(broken.path, keyPath(first.key));
  const stat = Deno.statSync;
  // Root, as whom the tests may run, is denied nothing.
  Deno.statSync = (asked) => {
    if (asked !== path) return stat(asked);
    throw new Deno.errors.PermissionDenied("Permission denied (os error 13)");
  };
  try {
    const lost = await ask([broken.path], UNSIGNED, first);
    assertEquals(lost.found, false);
    assertStringIncludes(
      lost.notices,
      `Cannot read "${keyPath(first.key)}" of "${broken.path}"`,
    );
    const both = await ask([broken.path, there.path], UNSIGNED, first);
    assertEquals(both.found, true);
    const { writer } = folderRemote(broken.path);
    await assertRejects(
      async () => await writer?.size(keyPath(first.key)),
      Error,
      "Cannot read",
    );
  } finally {
    Deno.statSync = stat;
  }
});
