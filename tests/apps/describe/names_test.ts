/** Names of a manifest that somebody crafted lead out of no folder and steer no terminal, though the manifest is only named. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { canonical } from "../../../engine/files/hash.ts";
import { pipeline as command } from "../../fixtures/command.ts";
import { makeRun, objectPath, temporary } from "../../fixtures/made_run.ts";

/** All files below a folder. */
function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesIn(join(folder, name)) : [join(folder, name)]
  ).sort();
}

/** What no line that is printed may have, but for its end. */
function assertPrintable(text: string): void {
  assert(
    !/[\p{C}\u2028]/u.test(text.replaceAll("\n", "")),
    JSON.stringify(text),
  );
}

Deno.test("an output whose name leads out of its folder is not written there by a crate", async () => {
  using folder = temporary();
  const artifacts = join(folder.path, "a/b/artifacts");
  makeRun(artifacts);
  const path = join(artifacts, "manifest.json");
  const manifest = JSON.parse(Deno.readTextFileSync(path));
  const { outputs } = manifest.nodes["student:rkd"];
  outputs["../../../../PWNED.sh"] = outputs.curve;
  Deno.writeTextFileSync(path, canonical(manifest) + "\n");
  const crate = join(folder.path, "a/b/crate");
  const before = filesIn(folder.path);
  const { code, out, err } = await command(
    ...["describe", "student:rkd", "--format", "ro-crate", "--out", crate],
    ...["--experiment", "tiny", "--artifacts", artifacts],
  );
  assertEquals([code, out], [2, ""]);
  assertStringIncludes(err, 'the name "../../../../PWNED.sh" as a path');
  assertEquals(filesIn(folder.path), before);
});

const EVIL = "\u001b[2J\u009b31mevil\u202e\nTotal: 17 the same.";

Deno.test("diff and trace print no control characters of manifests that are only named", async () => {
  using folder = temporary();
  makeRun(folder.path);
  const path = join(folder.path, "manifest.json");
  const text = Deno.readTextFileSync(path);
  const manifest = JSON.parse(text);
  const { teacher } = manifest.nodes;
  teacher.metrics[EVIL] = EVIL;
  teacher.outputs[EVIL] = { ...teacher.outputs.model, mediaType: EVIL };
  teacher.preimage.config = { [EVIL]: EVIL };
  teacher.preimage.files = { [EVIL]: "0".repeat(64) };
  teacher.key = "0".repeat(64);
  manifest.nodes[EVIL] = teacher;
  manifest.experiment = { name: EVIL, value: { [EVIL]: EVIL } };
  const other = join(folder.path, "other.json");
  Deno.writeTextFileSync(other, JSON.stringify(manifest));
  for (const json of [[], ["--json"]]) {
    const told = await command("diff", path, other, ...json);
    assertEquals(told.code, 0, told.err);
    assertStringIncludes(told.out, "evil");
    assertPrintable(told.out);
    if (json.length === 0) {
      assert(!told.out.split("\n").includes("Total: 17 the same."));
    } else assertStringIncludes(JSON.stringify(JSON.parse(told.out)), "evil");
  }
  Deno.writeTextFileSync(path, JSON.stringify(manifest));
  const model = objectPath(folder.path, teacher.outputs.model);
  for (const json of [[], ["--json"]]) {
    const told = await command(
      ...["trace", model, "--artifacts", folder.path, ...json],
    );
    assertEquals(told.code, 0, told.err);
    assertStringIncludes(told.out, "evil");
    assertPrintable(told.out);
  }
  const reproduced = await command("reproduce", other);
  assertEquals([reproduced.code, reproduced.out], [2, ""]);
  assertPrintable(reproduced.err);
});
