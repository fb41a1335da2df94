/** Every model is run on the sentences in its own subwords. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { examine, piecesOf } from "../../../apps/report/examination.ts";
import { sourceOf } from "../../../apps/report/source.ts";
import { trainedOf } from "../../../apps/report/trained.ts";
import pipeline from "../../../pipeline.ts";
import type { Json } from "../../../schemas/manifest.ts";
import { objectPath } from "../../fixtures/made_run.ts";
import {
  loadSubwords,
  trainSubwords,
} from "../../../nmt/text/subwords/subwords.ts";
import { withFolder } from "../../nmt/fixtures/folder.ts";
import { type AdaptedRun, makeAdaptedRun } from "./adapted_run.ts";

async function examined({ artifacts, experiment }: AdaptedRun) {
  const source = sourceOf(pipeline, artifacts, experiment);
  return await examine(source, trainedOf(source), () => {});
}

const TEACHERS: Readonly<Record<string, Json | undefined>> = {
  "an imported teacher": undefined,
  "a tuned and interpolated teacher": {
    training: { steps: 6, validateEvery: 3 },
    interpolation: 0.5,
  },
};

for (const [title, adaptation] of Object.entries(TEACHERS)) {
  Deno.test(`${title} and the same model in other subwords see the same sentences alike`, () =>
    withFolder(async (folder) => {
      const run = await makeAdaptedRun(folder, adaptation);
      const [whole, trimmed] = [run.teacher, run.student]
        .map(({ source }) => source);
      assertEquals(whole.offsets, trimmed.offsets);
      assert(whole.ids.some((id, i) => id !== trimmed.ids[i]));

      const { models, missing } = await examined(run);
      assertEquals(missing, []);
      assertEquals(models.map(({ system }) => system), ["teacher", "rkd"]);
      const [teacher, student] = models;
      const { encoder, decoder } = student.likeness ?? {};
      for (const rows of [encoder, decoder]) {
        assert(rows !== undefined);
        rows.forEach((row, layer) => assertAlmostEquals(row[layer], 1, 1e-4));
      }
      const [own, theirs] = [student, teacher].map(({ attention }) =>
        attention.flat().flatMap(({ shares }) => [...shares])
      );
      assertEquals(own.length, theirs.length);
      own.forEach((share, i) => assertAlmostEquals(share, theirs[i], 1e-5));
    }));
}

Deno.test("a model whose sentences are gone is named, and is not run on those of another", () =>
  withFolder(async (folder) => {
    const run = await makeAdaptedRun(folder);
    const { validation } = run.records.get("tokenize")?.outputs ?? {};
    Deno.removeSync(objectPath(run.artifacts, validation));
    const { models, missing } = await examined(run);
    assertEquals(models.map(({ system }) => system), ["rkd"]);
    assertEquals(missing, [
      "Models whose tokenized validation sentences are not there: teacher.",
      "Without the teacher's model no layer is compared with its own.",
    ]);
  }));

Deno.test("subwords of text are shown by it, reserved ones by what they stand for", () =>
  withFolder(async (folder) => {
    const path = `${folder}/tokenizer.json`;
    const lines = Array.from({ length: 50 }, () => "datei url öffnen");
    await trainSubwords(lines, 275, path, {
      ...{ languages: ["pt", "de"], placeholders: 2, casing: true },
    });
    const subwords = await loadSubwords(path);
    const [ids] = await subwords.encode(["<2de> Datei {0} URL%s"]);
    const pieces = await piecesOf(subwords, ids);
    assertEquals(
      pieces.filter((piece) => !/^-?[a-z]*$/.test(piece)),
      ["<2de>", "Capitalized", "placeholder 1", "UPPER", "placeholder 2"],
    );
    assertEquals(
      pieces.filter((piece) => /^-?[a-z]+$/.test(piece)).join("")
        .replaceAll("-", ""),
      "dateiurl",
    );
  }));
