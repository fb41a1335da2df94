/** What an earlier run left in a manifest is neither the best student nor an export of the last run. */
import { assert, assertEquals } from "@std/assert";
import { outdatedBy } from "../../engine/provenance/outdated.ts";
import { findExport, findExports, findModel } from "../../apps/models.ts";
import { evaluatedStudents } from "../../apps/students.ts";
import { canonical } from "../../engine/files/hash.ts";
import { readManifest, writeManifest } from "../../engine/store/manifest.ts";
import { openWorkspace } from "../../engine/store/workspace.ts";
import { assertInputError } from "../fixtures/input_error.ts";
import { makeRun, objectPath, temporary } from "../fixtures/made_run.ts";

Deno.test("of two experiments in one folder, the models of the last are found, and the others named as outdated", () => {
  using folder = temporary();
  makeRun(folder.path);
  const before = readManifest(folder.path)?.nodes ?? {};
  // As though the second had made its teacher and its student "no-kd" alone.
  makeRun(folder.path, { set: ["seed=2"] });
  const manifest = readManifest(folder.path);
  assert(manifest !== undefined);
  const isOld = (node: string) => /:(rkd|ckd-regular)$/.test(node);
  const nodes = Object.fromEntries(
    Object.entries(manifest.nodes).map(([name, record]) =>
      [name, isOld(name) ? before[name] : record] as const
    ),
  );
  writeManifest(folder.path, canonical({ ...manifest, nodes }));
  for (const { outputs } of Object.values(nodes)) {
    if (outputs.folder === undefined) continue;
    const path = objectPath(folder.path, outputs.folder);
    Deno.removeSync(path);
    Deno.mkdirSync(path);
  }
  const outdated = outdatedBy(nodes);
  assert(outdated("export:rkd") !== undefined);
  // The evaluation is of the student that is recorded, which is the old one.
  assert(outdated("evaluate:rkd") !== undefined);
  assertEquals(outdated("export:no-kd"), undefined);
  const workspace = openWorkspace(folder.path);
  assertEquals(
    evaluatedStudents(workspace).map(({ node }) => node),
    ["student:no-kd"],
  );
  assertEquals(
    findExports(folder.path).toSorted(),
    ["export:no-kd", "export:teacher"]
      .map((node) => workspace.store.path(nodes[node].outputs.folder))
      .toSorted(),
  );
  // Named, one that is outdated is refused; unnamed, it is not the best.
  assertInputError(
    () => findExport(folder.path, "rkd"),
    'Cannot use "export:rkd": it is of an earlier run, with another result of "',
    `" than the last; run "deno task pipeline run export:rkd --experiment tiny --artifacts ${folder.path}".`,
  );
  assertEquals(
    findExport(folder.path).folder,
    workspace.store.path(nodes["export:no-kd"].outputs.folder),
  );
});

Deno.test("the best student by its new score is not served by its old export", () => {
  using folder = temporary();
  makeRun(folder.path);
  const before = readManifest(folder.path)?.nodes ?? {};
  makeRun(folder.path, { set: ["students.no-kd.seeds=[7]"] });
  const manifest = readManifest(folder.path);
  assert(manifest !== undefined);
  const old = (name: string) => {
    const nodes = { ...manifest.nodes, [name]: before[name] };
    writeManifest(folder.path, canonical({ ...manifest, nodes }));
  };
  const folderOf = (node: string) =>
    openWorkspace(folder.path).store.path(
      manifest.nodes[node].outputs.folder,
    );
  assertEquals(findExport(folder.path).folder, folderOf("export:no-kd"));
  old("export:no-kd");
  assertEquals(findExport(folder.path).folder, folderOf("export:rkd"));
  assertInputError(() => findExport(folder.path, "no-kd"), "of an earlier run");
});

Deno.test("a model is not used with the subwords that a later run left: it is refused as outdated", () => {
  using folder = temporary();
  makeRun(folder.path);
  const before = readManifest(folder.path)?.nodes ?? {};
  makeRun(folder.path, { set: ["vocabulary.size=300"] });
  const manifest = readManifest(folder.path);
  assert(manifest !== undefined);
  const { tokenize } = manifest.nodes;
  const nodes = { ...before, tokenize };
  writeManifest(folder.path, canonical({ ...manifest, nodes }));
  for (const model of ["rkd", "student:no-kd", "teacher"]) {
    assertInputError(
      () => findModel(folder.path, { model }),
      'Cannot use "',
      'it is of an earlier run, with another result of "tokenize" than the last; run "deno task pipeline run ',
    );
  }
  writeManifest(folder.path, canonical({ ...manifest, nodes: before }));
  assert("modelPath" in findModel(folder.path, { model: "rkd" }));
});
