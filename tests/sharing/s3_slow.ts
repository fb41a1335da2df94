/** An S3-compatible store by moto: push and pull, resumed uploads, damage on the way, and the command line. */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { sha256 } from "../../engine/files/hash.ts";
import { contentsOf } from "../../sharing/transfer/contents.ts";
import { PART_BYTES } from "../../sharing/s3/multipart.ts";
import { push } from "../../sharing/push.ts";
import {
  objectPath,
  type Remote,
  sharedManifestPath,
} from "../../sharing/remotes/remote.ts";
import { openRemote } from "../../sharing/remotes/open.ts";
import { readText } from "../../sharing/remotes/text.ts";
import { isIntact } from "../../sharing/remotes/read_back.ts";
import { random } from "../../nmt/random.ts";
import { trials } from "../fixtures/trials.ts";
import { inState, makeProject, nodesOf } from "../engine/fixtures/project.ts";
import { HASTY, pullInto, SILENT } from "./fixtures/exchange.ts";
import { S3, testKind } from "./fixtures/kinds.ts";
import {
  makeArtifacts,
  NODES,
  runWith,
  seen,
  temporary,
  workspaceIn,
} from "./fixtures/made.ts";
import {
  MISSING_MOTO,
  SECRET,
  startStore,
  stretchWire,
  useStore,
} from "./fixtures/servers.ts";

const TRIALS = trials(12);
/** CUTS_SEED=7 cuts at other moments. */
const SEED = Number(Deno.env.get("CUTS_SEED") ?? 1);

/** The store may want for a core for longer than other tests wait. */
const PATIENT = { ...HASTY, timeout: 60_000 };

testKind(S3);

function test(name: string, fn: () => Promise<void>): void {
  const ignore = MISSING_MOTO !== undefined;
  Deno.test({ name: name + (MISSING_MOTO ?? ""), ignore, fn });
}

test(
  `a push that is cut ${TRIALS} times at random moments shows nothing partial, and the next completes it`,
  async () => {
    using ours = temporary();
    const text = await makeArtifacts(ours.path, runWith(36));
    const contents = await contentsOf(workspaceIn(ours.path));
    const all = [...contents.listings, ...contents.files];
    await using store = await startStore();
    await using wire = stretchWire(store.port);
    /** A remote through a port, which it keeps from its first request on. */
    const at = async (trial: string, port: number) => {
      useStore(port);
      const remote = openRemote(`s3://models/${trial}`, { network: PATIENT });
      await remote.writer?.size("nothing");
      return remote;
    };
    const pushTo = (remote: Remote) =>
      push(contents, remote, { paranoid: false }, SILENT);
    await pushTo(await at("undisturbed", wire.port));
    const total = wire.bytes();
    for (let trial = 0; trial < TRIALS; trial++) {
      const through = await at(`trial-${trial}`, wire.port);
      const direct = await at(`trial-${trial}`, store.port);
      const moment = Math.floor(random("cuts of push", SEED, trial)() * total);
      wire.cutAfter(moment);
      try {
        await assertRejects(() => pushTo(through), Error, "Cannot reach");
        const head = sharedManifestPath("made");
        // Where the last answer was cut, the push was done.
        const isThere = await readText(direct, head, 1e6) === text;
        for (const file of all) {
          const path = objectPath(file.sha256);
          const isAbsent = await direct.writer?.size(path) === undefined;
          if (isAbsent && !isThere) continue;
          assert(await isIntact(direct, path, file));
        }
        wire.mend();
        const before = wire.bytes();
        await pushTo(through);
        // What was in flight is sent again, and nothing else: two parts at most.
        const again = wire.bytes() - before;
        assert(again < total - moment + 2 * PART_BYTES + 1e5, `${again} bytes`);
        assertEquals(await readText(direct, head, 1e6), text);
        using theirs = temporary();
        await pullInto(theirs.path, [direct]);
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

test(
  "a byte that changes on its way up is found, and the push fails",
  async () => {
    using ours = temporary();
    await makeArtifacts(ours.path);
    const contents = await contentsOf(workspaceIn(ours.path));
    await using store = await startStore();
    await using wire = stretchWire(store.port);
    useStore(wire.port);
    const remote = openRemote("s3://models/bent", { network: PATIENT });
    const sent = new TextEncoder().encode("weights weights");
    wire.bend((chunk) => {
      const text = new TextDecoder("latin1").decode(chunk);
      const at = text.indexOf("weights weights");
      if (at >= 0) chunk[at] = sent[0] ^ 1;
    });
    const pushed = () => push(contents, remote, { paranoid: false }, SILENT);
    await assertRejects(pushed, Error, "it has not arrived as it was sent");
    const object = objectPath(sha256(String(NODES.first.model)));
    assertEquals(await remote.writer?.size(object), undefined);
    assertEquals(
      await readText(remote, sharedManifestPath("made"), 1e6),
      undefined,
    );
    wire.bend(undefined);
    await pushed();
  },
);

test(
  "clones exchange a run through S3 by the command line, and no file holds the credentials",
  async () => {
    await using _store = await startStore();
    using ours = makeProject();
    using theirs = makeProject();
    const address = "s3://models/of/ours";
    await nodesOf(ours);
    const pushed = await ours.run("push", address);
    assertEquals(pushed.code, 0, pushed.err);
    const nodes = await nodesOf(theirs, "--remote", address, "--unsigned");
    assertEquals(inState(nodes, "cached").length, nodes.length);
    for (const { folder } of [ours, theirs]) {
      assertEquals(filesWith(folder, SECRET), []);
    }

    Deno.env.delete("AWS_ACCESS_KEY_ID");
    Deno.env.set("AWS_EC2_METADATA_DISABLED", "true");
    const refused = await ours.run("push", address);
    assertEquals(refused.code, 2);
    assertStringIncludes(refused.err, "AWS_ACCESS_KEY_ID");
  },
);

/** The files below a folder that contain a text; links, as that to node_modules, are not followed. */
function filesWith(folder: string, text: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) return filesWith(path, text);
    if (!entry.isFile) return [];
    return Deno.readTextFileSync(path).includes(text) ? [path] : [];
  });
}
