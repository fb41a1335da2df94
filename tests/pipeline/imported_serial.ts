/** An experiment whose teacher is an imported model: its subwords, its states, and a student that learns from it. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { loadModel } from "../../nmt/transformer/checkpoint.ts";
import { inState } from "../engine/fixtures/project.ts";
import { pipeline } from "../fixtures/command.ts";
import { withFolder } from "../nmt/fixtures/folder.ts";
import { nodesOf } from "../nmt/fixtures/nodes.ts";
import {
  MADE_MODEL,
  SUBWORDS,
  writeMarianFolder,
} from "../nmt/imported/marian_folder.ts";

const SYLLABLES = ["ba", "ce", "di", "fo", "gu", "la", "me", "ni", "po", "ru"];
const word = (n: number) =>
  [...String(n)].map((digit) => SYLLABLES[Number(digit)]).join("");
const LINES = Array.from(
  { length: 400 },
  (_, i) => `Uma ${word(i + 100)}.\tA ${word(i * 7 + 1000)}.\n`,
).join("");

function experiment(folder: string, vocabulary: number) {
  return {
    languages: { source: "pt", target: "en" },
    data: { train: `${folder}/pairs.tsv` },
    corpus: { test: 20, validation: 20 },
    vocabulary: { size: vocabulary, maximumLength: 60 },
    teacher: { import: `${folder}/marian`, model: MADE_MODEL },
    student: {
      model: { ...MADE_MODEL, encoderLayers: 1, decoderLayers: 1, dropout: 0 },
      training: {
        ...{ steps: 6, batchTokens: 400, warmup: 3, validateEvery: 3 },
        average: 1,
      },
    },
    students: {
      rkd: { alpha: 0.5 },
      ckd: {
        ...{ alpha: 0.3, beta: 0.5, encoder: [[1, 2]], decoder: [[1, 2]] },
        start: { encoder: [1], decoder: [1] },
      },
    },
    evaluation: { beam: 2 },
  };
}

Deno.test("students learn from an imported model of recurrent units, in its subwords", () =>
  withFolder(async (folder) => {
    writeMarianFolder(`${folder}/marian`);
    Deno.writeTextFileSync(`${folder}/pairs.tsv`, LINES);
    const path = `${folder}/mine.json`;
    const given = ["--experiment", path, "--artifacts", `${folder}/artifacts`];
    const write = (vocabulary: number) =>
      Deno.writeTextFileSync(
        path,
        JSON.stringify(experiment(folder, vocabulary)),
      );
    write(SUBWORDS + 1);
    const { code, err } = await pipeline("run", ...given, "--no-progress");
    assertEquals(code, 2, err);
    assertStringIncludes(err, `set "vocabulary": { "size": ${SUBWORDS} }`);

    write(SUBWORDS);
    const nodes = await nodesOf("run", ...given);
    const ran = inState(nodes, "ran");
    assert(!ran.includes("teacher"), ran.join());
    for (const name of ["import", "states", "student:ckd", "export:ckd"]) {
      assert(ran.includes(name), `${name} is not in ${ran}`);
    }
    const metrics = new Map(nodes.map(({ name, metrics }) => [name, metrics]));
    assertEquals(metrics.get("tokenize")?.vocabulary, SUBWORDS);
    assert(Number.isFinite(metrics.get("evaluate:ckd")?.chrf));
    const sha256 = nodes.find(({ name }) => name === "student:ckd")
      ?.outputs.model.sha256 ?? "";
    const student = loadModel(
      `${folder}/artifacts/objects/${sha256.slice(0, 2)}/${sha256.slice(2)}`,
      "the student",
    );
    assertEquals(student.model.autoregression, "ssru");
    assertEquals(inState(await nodesOf("run", ...given), "ran"), []);
  }));
