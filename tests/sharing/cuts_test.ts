/** Pulls whose connection is cut at random moments: nothing partial is visible, and the next pull completes it. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { openRemote } from "../../sharing/remotes/open.ts";
import { random } from "../../nmt/random.ts";
import { trials } from "../fixtures/trials.ts";
import {
  folderRemote,
  HASTY,
  pullInto,
  pushFrom,
} from "./fixtures/exchange.ts";
import {
  assertObjectsWhole,
  makeArtifacts,
  runWith,
  seen,
  temporary,
} from "./fixtures/made.ts";
import { serveFolder, stretchWire } from "./fixtures/servers.ts";

const TRIALS = trials(4);
/** CUTS_SEED=7 cuts at other moments. */
const SEED = Number(Deno.env.get("CUTS_SEED") ?? 1);

Deno.test(`a pull that is cut ${TRIALS} times at random moments shows nothing partial, and the next completes it`, async () => {
  using ours = temporary();
  using there = temporary();
  const text = await makeArtifacts(ours.path, runWith(3));
  await pushFrom(ours.path, folderRemote(there.path));
  await using server = serveFolder(there.path);
  await using wire = stretchWire(Number(new URL(server.url).port));
  const remote = openRemote(`http://127.0.0.1:${wire.port}/`, {
    network: HASTY,
  });
  {
    using undisturbed = temporary();
    await pullInto(undisturbed.path, [remote]);
  }
  const total = wire.bytes();
  let [cuts, spared] = [0, 0];
  for (let trial = 0; trial < TRIALS; trial++) {
    using theirs = temporary();
    const moment = Math.floor(random("cuts of pull", SEED, trial)() * total);
    wire.cutAfter(moment);
    try {
      await assertRejects(
        () => pullInto(theirs.path, [remote]),
        Error,
        "Cannot reach",
      );
      cuts++;
      assertEquals((await seen(theirs.path)).manifest, undefined);
      await assertObjectsWhole(theirs.path);
      wire.mend();
      const before = wire.bytes();
      await pullInto(theirs.path, [remote]);
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
