/** The command `get`: what a node made, in a folder of the user's. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { canonical, filesOf, hashFile } from "../../../../engine/files/hash.ts";
import {
  readManifest,
  writeManifest,
} from "../../../../engine/store/manifest.ts";
import { makeRun, objectPath, temporary } from "../../../fixtures/made_run.ts";
import { pipeline } from "../../fixtures/command_line.ts";

interface Made extends Disposable {
  readonly artifacts: string;
  path(name: string): string;
  get(...words: string[]): ReturnType<typeof pipeline>;
  /** Names of what is in the folder beside the artifacts. */
  names(): string[];
}

function made(): Made {
  const folder = temporary();
  const artifacts = join(folder.path, "artifacts");
  makeRun(artifacts);
  return {
    artifacts,
    path: (name) => join(folder.path, name),
    get: (...words) => pipeline("get", ...words, "--artifacts", artifacts),
    names: () =>
      [...Deno.readDirSync(folder.path)].map(({ name }) => name).sort(),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

Deno.test("a model comes with its subwords, writable, byte by byte, and nothing else is left", async () => {
  using run = made();
  const out = run.path("new/model");
  const { code, err, out: printed } = await run.get(
    "teacher",
    "--out",
    out,
    "--json",
  );
  assertEquals(code, 0, err);
  const names = ["curve.json", "model.safetensors", "tokenizer.json"];
  assertEquals(filesOf(out), names);
  assertEquals(JSON.parse(printed).files.toSorted(), names);
  const nodes = readManifest(run.artifacts)?.nodes ?? {};
  for (
    const [name, { sha256 }] of [
      ["model.safetensors", nodes.teacher.outputs.model],
      ["tokenizer.json", nodes.tokenize.outputs.tokenizer],
    ] as const
  ) {
    const path = join(out, name);
    assertEquals((await hashFile(path)).sha256, sha256);
    assertEquals((Deno.statSync(path).mode ?? 0) & 0o200, 0o200);
  }
  assertEquals(run.names(), ["artifacts", "new"]);
  assertEquals([...Deno.readDirSync(run.path("new"))].length, 1);
});

Deno.test("what an earlier run left under a name is not taken for a result of the last", async () => {
  using run = made();
  const before = readManifest(run.artifacts)?.nodes ?? {};
  makeRun(run.artifacts, { set: ["students.rkd.alpha=0.5"] });
  const manifest = readManifest(run.artifacts);
  assert(manifest !== undefined);
  const { "export:rkd": exported } = before;
  const nodes = { ...manifest.nodes, "export:rkd": exported };
  writeManifest(run.artifacts, canonical({ ...manifest, nodes }));
  const out = run.path("new");
  const { code, err } = await run.get("export:rkd", "--out", out);
  assertEquals(code, 2);
  assertEquals(
    err,
    `Cannot get "export:rkd": it is of an earlier run, with another result of "student:rkd" than the last; run "deno task pipeline run export:rkd --experiment tiny --artifacts ${run.artifacts}".\n`,
  );
  assertEquals(run.names(), ["artifacts"]);
  const other = await run.get("student:rkd", "--out", out);
  assertEquals(other.code, 0, other.err);
});

Deno.test("one output can be named", async () => {
  using run = made();
  const out = run.path("model");
  const { code, err } = await run.get("teacher/model", "--out", out);
  assertEquals(code, 0, err);
  assertEquals(filesOf(out), ["model.safetensors"]);
});

Deno.test("a folder that has these files is replaced by force only, one with others never", async () => {
  using run = made();
  const out = run.path("model"), model = join(out, "model.safetensors");
  Deno.mkdirSync(out);
  assertEquals((await run.get("teacher/model", "--out", out)).code, 0);
  Deno.writeTextFileSync(model, "changed");
  const refused = await run.get("teacher/model", "--out", out);
  assertEquals(refused.code, 2);
  assertStringIncludes(refused.err, "replace them with --force");
  assertEquals(Deno.readTextFileSync(model), "changed");
  assertEquals(
    (await run.get("teacher/model", "--out", out, "--force")).code,
    0,
  );
  assert(Deno.readTextFileSync(model) !== "changed");

  Deno.writeTextFileSync(join(out, "notes.txt"), "the only copy");
  const other = await run.get("teacher/model", "--out", out, "--force");
  assertEquals(other.code, 2);
  assertStringIncludes(other.err, '"notes.txt"');
  assertEquals(filesOf(out), ["model.safetensors", "notes.txt"]);
  assertEquals(run.names(), ["artifacts", "model"]);
});

Deno.test("the folder that one is in is not replaced", async () => {
  using run = made();
  const out = run.path("here");
  Deno.mkdirSync(join(out, "below"), { recursive: true });
  const from = Deno.cwd();
  try {
    for (const [folder, named] of [[out, "."], [join(out, "below"), out]]) {
      Deno.chdir(folder);
      const { code, err } = await run.get("teacher/model", "--out", named);
      assertEquals(code, 2, err);
      assertStringIncludes(err, "you are in this folder");
    }
  } finally {
    Deno.chdir(from);
  }
  assertEquals(filesOf(out), []);
});

Deno.test("a damaged or missing object is a failure that says how to make it again, and nothing is written", async () => {
  using run = made();
  const { model } = readManifest(run.artifacts)?.nodes.teacher.outputs ?? {};
  const path = objectPath(run.artifacts, model);
  const out = run.path("model");
  Deno.chmodSync(path, 0o644);
  Deno.writeTextFileSync(path, "damaged");
  const damaged = await run.get("teacher", "--out", out);
  assertEquals(damaged.code, 1);
  assertStringIncludes(damaged.err, "it is damaged");
  assertStringIncludes(
    damaged.err,
    `run --force teacher --experiment tiny --artifacts ${run.artifacts}"`,
  );
  Deno.removeSync(path);
  const missing = await run.get("teacher", "--out", out);
  assertEquals(missing.code, 1);
  assertStringIncludes(missing.err, "it is missing");
  assertEquals(run.names(), ["artifacts"]);
});

Deno.test("an unknown node, a file in the place of the folder, and no folder are one sentence and exit code 2", async () => {
  using run = made();
  const file = run.path("file");
  Deno.writeTextFileSync(file, "the only copy");
  for (
    const [words, part] of [
      [["techer", "--out", "x"], 'did you mean "teacher"'],
      [["teacher/modl", "--out", "x"], 'did you mean "teacher/model"'],
      [["constructor", "--out", "x"], "it is no node of the last run"],
      [["teacher", "--out", file, "--force"], "expected a folder"],
      [["teacher", "--out", join(file, "x")], "a part of its path is a file"],
      [["teacher"], "--out"],
    ] as const
  ) {
    const { code, err } = await run.get(...words);
    assertEquals(code, 2, err);
    assertStringIncludes(err, part);
    assertEquals(err.trim().split("\n").length, 1, err);
  }
  assertEquals(Deno.readTextFileSync(file), "the only copy");
});
