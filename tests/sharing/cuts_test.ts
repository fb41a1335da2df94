/** Connections that are cut at random moments: nothing partial is seen, and a second call completes. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { sha256 } from "../../engine/files/hash.ts";
import type { Policy } from "../../engine/provenance/trust_policy.ts";
import { contentsOf } from "../../sharing/transfer/contents.ts";
import { PART_BYTES } from "../../sharing/s3/multipart.ts";
import { pull } from "../../sharing/pull.ts";
import { push } from "../../sharing/push.ts";
import {
  objectPath,
  type Remote,
  sharedManifestPath,
} from "../../sharing/remotes/remote.ts";
import { openRemote } from "../../sharing/remotes/open.ts";
import { readText } from "../../sharing/remotes/text.ts";
import { isWholeThere } from "../../sharing/remotes/read_back.ts";
import { random } from "../../nmt/random.ts";
import { HASTY } from "./fixtures/kinds.ts";
import {
  assertObjectsWhole,
  makeArtifacts,
  NODES,
  seen,
  temporary,
  workspaceIn,
} from "./fixtures/made.ts";
import {
  MISSING_MOTO,
  serveFolder,
  startStore,
  stretchWire,
} from "./fixtures/servers.ts";

/** CUTS=100 cuts as often; CUTS_SEED=7 at other moments. */
const TRIALS = Number(Deno.env.get("CUTS") ?? 12);
const SEED = Number(Deno.env.get("CUTS_SEED") ?? 1);
const UNSIGNED: Policy = { keys: new Map(), unsigned: true };
const SILENT = { progress: () => {}, notice: () => {} };

/** Bytes that no two objects share; `megabytes` of one in parts. */
function nodesOf(megabytes: number) {
  const large = new Uint8Array(megabytes * 1e6);
  for (let at = 0; at < large.length; at += 65536) {
    crypto.getRandomValues(large.subarray(at, at + 65536));
  }
  return { ...NODES, large: { states: large } };
}

async function pullFrom(remote: Remote, folder: string): Promise<void> {
  const source = { remotes: [remote], patience: HASTY };
  await pull(workspaceIn(folder), "made", UNSIGNED, source, SILENT);
}

Deno.test(`a pull that is cut ${TRIALS} times at random moments shows nothing partial, and the next completes it`, async () => {
  using ours = temporary();
  using there = temporary();
  const text = await makeArtifacts(ours.path, nodesOf(3));
  const folder = openRemote(there.path, { environment: {}, patience: HASTY });
  const contents = await contentsOf(workspaceIn(ours.path));
  await push(contents, folder, { paranoid: false, patience: HASTY }, SILENT);
  await using server = serveFolder(there.path);
  await using wire = stretchWire(Number(new URL(server.url).port));
  const remote = openRemote(`http://127.0.0.1:${wire.port}/`, {
    environment: {},
    patience: HASTY,
  });
  {
    using undisturbed = temporary();
    await pullFrom(remote, undisturbed.path);
  }
  const total = wire.bytes();
  let [cuts, spared] = [0, 0];
  for (let trial = 0; trial < TRIALS; trial++) {
    using theirs = temporary();
    const moment = Math.floor(random("cuts of pull", SEED, trial)() * total);
    wire.cutAfter(moment);
    try {
      await assertRejects(
        () => pullFrom(remote, theirs.path),
        Error,
        "Cannot reach",
      );
      cuts++;
      assertEquals((await seen(theirs.path)).manifest, undefined);
      await assertObjectsWhole(theirs.path);
      wire.mend();
      const before = wire.bytes();
      await pullFrom(remote, theirs.path);
      if (wire.bytes() - before < total - moment / 2) spared++;
      assertEquals(await seen(theirs.path), {
        manifest: text,
        signatures: undefined,
        broken: 0,
      });
      assertEquals([...Deno.readDirSync(join(theirs.path, "work"))], []);
    } catch (error) {
      throw new Error(
        `seed ${SEED}, trial ${trial}, cut after ${moment} of ${total} bytes`,
        { cause: error },
      );
    }
  }
  assertEquals(cuts, TRIALS);
  assert(
    spared > TRIALS / 2,
    `Only ${spared} of ${TRIALS} went on with what had come.`,
  );
});

Deno.test(
  `a push that is cut ${TRIALS} times at random moments shows nothing partial, and the next completes it${
    MISSING_MOTO ?? ""
  }`,
  {
    ignore: MISSING_MOTO !== undefined,
  },
  async () => {
    using ours = temporary();
    const text = await makeArtifacts(ours.path, nodesOf(36));
    const contents = await contentsOf(workspaceIn(ours.path));
    const all = [...contents.listings, ...contents.files];
    await using store = await startStore();
    await using wire = stretchWire(store.port);
    const at = (trial: string, port: number) =>
      openRemote(`s3://models/${trial}`, {
        environment: store.environment(port),
        patience: HASTY,
      });
    const pushTo = (remote: Remote) =>
      push(contents, remote, { paranoid: false, patience: HASTY }, SILENT);
    await pushTo(at("undisturbed", wire.port));
    const total = wire.bytes();
    for (let trial = 0; trial < TRIALS; trial++) {
      const [through, direct] = [wire.port, store.port].map((port) =>
        at(`trial-${trial}`, port)
      );
      const moment = Math.floor(random("cuts of push", SEED, trial)() * total);
      wire.cutAfter(moment);
      try {
        await assertRejects(() => pushTo(through), Error, "Cannot reach");
        const head = sharedManifestPath("made");
        // Where the last answer was cut, the push was done.
        const isThere = await readText(direct, head, 1e6, HASTY) === text;
        for (const file of all) {
          const path = objectPath(file.sha256);
          const isAbsent = await direct.writer?.size(path) === undefined;
          if (isAbsent && !isThere) continue;
          assert(await isWholeThere(direct, path, file, HASTY));
        }
        wire.mend();
        const before = wire.bytes();
        await pushTo(through);
        // What was in flight is sent again, and nothing else: two parts at most.
        const again = wire.bytes() - before;
        assert(again < total - moment + 2 * PART_BYTES + 1e5, `${again} bytes`);
        assertEquals(await readText(direct, head, 1e6, HASTY), text);
        using theirs = temporary();
        await pullFrom(direct, theirs.path);
        assertEquals((await seen(theirs.path)).broken, 0);
      } catch (error) {
        throw new Error(
          `seed ${SEED}, trial ${trial}, cut after ${moment} of ${total} bytes`,
          { cause: error },
        );
      }
    }
  },
);

Deno.test(
  `a byte that changes on its way up is found, and the push fails${
    MISSING_MOTO ?? ""
  }`,
  {
    ignore: MISSING_MOTO !== undefined,
  },
  async () => {
    using ours = temporary();
    await makeArtifacts(ours.path);
    const contents = await contentsOf(workspaceIn(ours.path));
    await using store = await startStore();
    await using wire = stretchWire(store.port);
    const remote = openRemote("s3://models/bent", {
      environment: store.environment(wire.port),
      patience: HASTY,
    });
    const sent = new TextEncoder().encode("weights weights");
    wire.bend((chunk) => {
      const at = new TextDecoder("latin1").decode(chunk).indexOf(
        "weights weights",
      );
      if (at >= 0) chunk[at] = sent[0] ^ 1;
    });
    const pushed = () =>
      push(contents, remote, { paranoid: false, patience: HASTY }, SILENT);
    await assertRejects(pushed, Error, "it has not arrived as it was sent");
    const object = objectPath(sha256(String(NODES.first.model)));
    assertEquals(await remote.writer?.size(object), undefined);
    assertEquals(
      await readText(remote, sharedManifestPath("made"), 1e6, HASTY),
      undefined,
    );
    wire.bend(undefined);
    await pushed();
  },
);
