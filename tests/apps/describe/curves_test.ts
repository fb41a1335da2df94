/** The values of learning curves as CSV, and as event files and offline runs of equal bytes. */
import { assertEquals, assertMatch } from "@std/assert";
import { writeFile } from "../../../apps/describe/places.ts";
import { filesOf, hashFile } from "../../../engine/files/hash.ts";
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
