/** Verifying: many files on several cores give what one core gives, and what is damaged is reported. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { hashFile } from "../../../engine/files/hash.ts";
import { openHashers } from "../../../engine/files/parallel_hash.ts";
import { writeCached } from "../../../engine/store/manifest.ts";
import { recordNotHeld } from "../../../engine/store/not_held.ts";
import { verify } from "../../../engine/store/verify.ts";
import { openWorkspace } from "../../../engine/store/workspace.ts";
import type { Artifact, Manifest } from "../../../schemas/manifest.ts";
import { temporary } from "../../fixtures/made_run.ts";
import { flipBit } from "../fixtures/bits.ts";

Deno.test("workers give each file the hash that this thread gives it, in any order, and go on after one that is not there", async () => {
  using folder = temporary();
  const paths = Array.from({ length: 20 }, (_, i) => {
    const path = join(folder.path, `${i}.bin`);
    Deno.writeFileSync(path, new Uint8Array(i * 77_777).fill(i));
    return path;
  });
  using hashers = openHashers(3);
  await assertRejects(() => hashers.hash(join(folder.path, "no.bin")), Error);
  const hashed = await Promise.all(paths.toReversed().map(hashers.hash));
  assertEquals(
    hashed.toReversed(),
    await Promise.all(paths.map((path) => hashFile(path))),
  );
});

Deno.test("verify finds each object whole, damaged, missing or left out, large files and folders on several cores", async () => {
  using folder = temporary();
  const workspace = openWorkspace(folder.path);
  const { store } = workspace;
  const place = async (name: string, mebibytes: number) => {
    const path = join(folder.path, name);
    Deno.writeFileSync(path, new Uint8Array(mebibytes << 20).fill(mebibytes));
    return await store.add(path, { path, mediaType: "any" });
  };
  const inFolder = join(folder.path, "folder");
  Deno.mkdirSync(inFolder);
  for (const [i, name] of ["a", "b", "c"].entries()) {
    Deno.writeFileSync(join(inFolder, name), new Uint8Array(2 << 20).fill(i));
  }
  const outputs: Record<string, Artifact> = {
    one: await place("one", 5),
    two: await place("two", 4),
    small: await place("small", 1),
    folder: await store.add(inFolder, {
      path: inFolder,
      mediaType: "any",
      folder: true,
    }),
  };
  const manifest = manifestOf(outputs);
  // Only node "one" was made here.
  writeCached(folder.path, {
    ...manifest.nodes.one,
    measurements: {},
    time: new Date(0).toISOString(),
  });
  const conditions = async () =>
    Object.fromEntries(
      (await verify({ ...workspace, manifest }, undefined, 1 << 20)).map((
        { node, output, condition },
      ) => [`${node} ${output}`, condition]),
    );
  const shares: number[] = [];
  await verify(
    { ...workspace, manifest },
    ({ done, total }) => shares.push(done / total),
    1 << 20,
  );
  assertEquals(shares.at(-1), 1);
  assert(shares.length >= 6, `${shares}`);
  const whole = Object.fromEntries(
    ["one", "two"].flatMap((node) =>
      Object.keys(outputs).map((output) => [`${node} ${output}`, "whole"])
    ),
  );
  assertEquals(await conditions(), whole);
  flipBit(store.path(outputs.two));
  flipBit(join(store.path(outputs.folder), "c"));
  Deno.removeSync(store.path(outputs.small));
  const damaged = {
    ...whole,
    ...each("two", "damaged"),
    ...each("folder", "damaged"),
  };
  assertEquals(await conditions(), { ...damaged, ...each("small", "missing") });
  recordNotHeld(workspace, [outputs.small]);
  assertEquals(await conditions(), {
    ...damaged,
    "one small": "missing",
    "two small": "not held",
  });
  Deno.removeSync(store.path(outputs.folder), { recursive: true });
  assertEquals((await conditions())["one folder"], "missing");
});

/** Of an output of both nodes. */
function each(output: string, condition: string): Record<string, string> {
  return { [`one ${output}`]: condition, [`two ${output}`]: condition };
}

/** Two nodes that have the same outputs. */
function manifestOf(outputs: Record<string, Artifact>): Manifest {
  const node = {
    key: "0".repeat(64),
    preimage: {
      stage: "none",
      code: "0".repeat(64),
      config: {},
      inputs: {},
      files: {},
      seed: 0,
      environment: null,
    },
    inputs: {},
    outputs,
    metrics: {},
  };
  return {
    schema: 1,
    experiment: { name: "quick", value: {} },
    code: {},
    nodes: { one: node, two: { ...node, key: "1".repeat(64) } },
  };
}
