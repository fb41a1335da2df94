/** What terms an export has to keep: those that were recorded, and those of the public model that taught it. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { z } from "zod";
import { licencesOfExport, whyNotForOthers } from "../../apps/licences.ts";
import { readManifest } from "../../engine/store/manifest.ts";
import type { Json, Manifest, Metrics } from "../../schemas/manifest.ts";
import { makeRun, temporary } from "../fixtures/made_run.ts";

const REMEDIES = { unstated: "find them", forbidden: "ask" };
const Imported = z.object({ imported: z.object({ isTuned: z.boolean() }) });
const DATA = [{ data: "talks", licence: "CC-BY-4.0" }];

/** The manifest of a run whose teacher is a public model; of an object, its fields are set in the experiment. */
function adapted(folder: string, set: readonly string[]): Manifest {
  makeRun(folder, { experiment: "adapted-pt-en", set });
  const manifest = readManifest(folder);
  if (manifest === undefined) throw new Error("no manifest");
  return manifest;
}

Deno.test("a public model without terms in the experiment has those that its files were fetched with, or none stated", () => {
  using folder = temporary();
  const manifest = adapted(join(folder.path, "a"), []);
  const of = (manifest: Manifest) =>
    licencesOfExport(manifest, "export:rkd", { licences: DATA });
  // The experiment states them, so that the export has them recorded.
  assertEquals(of(manifest), DATA);
  const { imported } = manifest.nodes["export:rkd"].preimage.config as {
    imported: { licence?: string };
  };
  delete imported.licence;
  assertEquals(of(manifest), [
    ...DATA,
    { data: "tiny11-pt-en", licence: "not stated" },
  ]);
  assertEquals(
    whyNotForOthers(of(manifest), REMEDIES),
    'the licence of "tiny11-pt-en" is not stated, and without one nobody may pass it on; find them',
  );
  const [fetched] = Object.values(manifest.nodes)
    .filter(({ preimage }) => preimage.stage === "fetch-model");
  Object.assign(fetched.metrics, { fileLicences: "MPL-2.0, CC BY-ND 4.0" });
  assertEquals(
    whyNotForOthers(of(manifest), REMEDIES),
    'the licence of "tiny11-pt-en", "CC BY-ND 4.0", does not allow changed copies; ask',
  );
});

Deno.test("a licence counts where the model's own files were fetched with it, and not that of another experiment's", () => {
  using folder = temporary();
  const manifest = adapted(join(folder.path, "a"), []);
  const { nodes } = manifest;
  const of = (from: Json, fetched: Metrics) => {
    const changed = structuredClone(manifest);
    const { config } = changed.nodes["export:rkd"].preimage;
    const { isTuned } = Imported.parse(config).imported;
    Object.assign(config ?? {}, { imported: { from, isTuned } });
    // Left by an earlier experiment.
    const stale = { ...nodes["fetch-model"], metrics: { fileLicences: "MIT" } };
    return licencesOfExport(
      {
        nodes: {
          ...changed.nodes,
          "fetch-model": { ...nodes["fetch-model"], metrics: fetched },
          "fetch-model:other": stale,
        },
      },
      "export:rkd",
      { licences: [] },
    );
  };
  const MIT = { fileLicences: "MIT" };
  assertEquals(of("/home/me/private-model", MIT), [
    { data: "private-model", licence: "not stated" },
  ]);
  assertEquals(of({ descriptor: "tiny11-pt-en" }, {}), [
    { data: "tiny11-pt-en", licence: "not stated" },
  ]);
  assertEquals(of({ descriptor: "tiny11-pt-en" }, MIT), [
    { data: "tiny11-pt-en", licence: "MIT" },
  ]);
});

Deno.test("a blank licence is none", () => {
  for (const licence of ["", " "]) {
    assertEquals(
      whyNotForOthers([{ data: "talks", licence }], REMEDIES),
      'the licence of "talks" is not stated, and without one nobody may pass it on; find them',
    );
  }
});

Deno.test("a model trained on nothing but data has the terms of its data, and none of a user's own files", () => {
  using folder = temporary();
  makeRun(folder.path);
  const manifest = readManifest(folder.path);
  if (manifest === undefined) throw new Error("no manifest");
  assertEquals(licencesOfExport(manifest, "export:rkd", { licences: [] }), []);
  assertEquals(whyNotForOthers([], REMEDIES), undefined);
  assertEquals(whyNotForOthers(DATA, REMEDIES), undefined);
});
