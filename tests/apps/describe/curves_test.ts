/** The values of learning curves as CSV, and as event files and offline runs of equal bytes. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { writeFile } from "../../../apps/describe/places.ts";
import { canonical, filesOf, hashFile } from "../../../engine/files/hash.ts";
import { finalFigures } from "../../../apps/describe/curves/scores.ts";
import { trainingsOf } from "../../../apps/describe/curves/values.ts";
import { describe } from "../../../apps/describe/record.ts";
import { readManifest, writeManifest } from "../../../engine/store/manifest.ts";
import graphs from "../../../pipeline.ts";
import { pipeline } from "../../cli/fixtures/command_line.ts";
import { makeRun, temporary } from "../../fixtures/made_run.ts";

const RKD = `system,seed,step,name,value
rkd,1,50,nll,4.1235
rkd,1,50,trainingLoss,5.5
rkd,1,100,nll,3.5
rkd,1,100,trainingLoss,4.5
`;

Deno.test("a table has a row a value: system, seed, step, name", async () => {
  using folder = temporary();
  makeRun(folder.path);
  const describe = (...args: string[]) =>
    pipeline(
      ...["describe", ...args, "--experiment", "tiny"],
      ...["--artifacts", folder.path],
    );
  const { code, out, err } = await describe("student:rkd", "--format", "csv");
  assertEquals(code, 0, err);
  assertEquals(
    out,
    RKD,
  );
  const all = await describe("--format", "csv");
  assertEquals(all.out.split("\n").length, 1 + 4 * 2 * 2 + 1);
  const none = await describe("corpus", "--format", "csv");
  assertEquals(none.code, 1);
  assertMatch(none.err, /^Cannot describe training: .*\.$/m);

  for (const format of ["tensorboard", "wandb"]) {
    const hashes = await Promise.all(["a", "b"].map(async (name) => {
      const path = `${folder.path}/${format}/${name}`;
      await describe("--format", format, "--out", path);
      const files = filesOf(path);
      assertEquals(files.length, 4);
      return await Promise.all(
        files.map((file) => hashFile(`${path}/${file}`)),
      );
    }));
    assertEquals(hashes[0], hashes[1]);
  }
});

Deno.test("a model that is scored on several test sets has each value once", async () => {
  using folder = temporary();
  makeRun(folder.path, { experiment: "adapted-pt-en" });
  const { code, out, err } = await pipeline(
    ...["describe", "student:rkd", "--format", "csv"],
    ...["--experiment", "adapted-pt-en", "--artifacts", folder.path],
  );
  assertEquals(code, 0, err);
  assertEquals(
    out,
    RKD,
  );
});

Deno.test("the final figures have those of 8-bit integers, and none of an export that is outdated", () => {
  using folder = temporary();
  const int8 = { "int8.bleu": 37.5, "int8.chrf": 57.25, "int8.bytes": 3 };
  const figures = () => {
    const described = describe(graphs, folder.path, "tiny", ["student:rkd"]);
    return trainingsOf(described).map((training) => {
      const all = finalFigures(described.source, training);
      return Object.keys(all).filter((name) => /int8|export/.test(name));
    });
  };
  makeRun(folder.path);
  const old = readManifest(folder.path)?.nodes["export:rkd"];
  assert(old !== undefined);
  const rkd = { ...old, metrics: int8 };
  const write = () => {
    const manifest = readManifest(folder.path);
    assert(manifest !== undefined);
    const nodes = { ...manifest.nodes, "export:rkd": rkd };
    writeManifest(folder.path, canonical({ ...manifest, nodes }));
  };
  write();
  assertEquals(figures(), [[
    ...["test/bleu_int8", "test/chrf_int8", "size/bytes_int8"],
    "time/export_seconds",
  ]]);
  makeRun(folder.path, { set: ["students.rkd.alpha=0.5"] });
  write();
  assertEquals(figures(), [[]]);
});

Deno.test("who reads a described file meanwhile has wholly the old one", () => {
  using folder = temporary();
  const path = `${folder.path}/file`;
  writeFile(path, Uint8Array.of(1, 2));
  using file = Deno.openSync(path);
  writeFile(path, Uint8Array.of(3));
  const read = new Uint8Array(3);
  assertEquals([file.readSync(read), ...read], [2, 1, 2, 0]);
  assertEquals(Deno.readFileSync(path), Uint8Array.of(3));
});
