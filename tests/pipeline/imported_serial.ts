/** An experiment whose teacher is an imported model: its subwords, its states, and a student that learns from it. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { loadModel } from "../../nmt/transformer/checkpoint.ts";
import { inState } from "../engine/fixtures/project.ts";
import { pipeline, ROOT } from "../fixtures/command.ts";
import { withFolder } from "../nmt/fixtures/folder.ts";
import { nodesOf } from "../nmt/fixtures/nodes.ts";
import {
  MADE_MODEL,
  SUBWORDS,
  writeDescribedFolder,
  writeMarianFolder,
} from "../nmt/imported/marian_folder.ts";

const SYLLABLES = ["ba", "ce", "di", "fo", "gu", "la", "me", "ni", "po", "ru"];
const word = (n: number) =>
  [...String(n)].map((digit) => SYLLABLES[Number(digit)]).join("");
const LINES = Array.from(
  { length: 400 },
  (_, i) => `Uma ${word(i + 100)}.\tA ${word(i * 7 + 1000)}.\n`,
).join("");

function experiment(
  folder: string,
  vocabulary: number,
  from: string | { readonly descriptor: string } = `${folder}/marian`,
) {
  return {
    languages: { source: "pt", target: "en" },
    data: { train: `${folder}/pairs.tsv` },
    corpus: { test: 20, validation: 20 },
    vocabulary: { size: vocabulary, maximumLength: 60 },
    teacher: { import: from, model: MADE_MODEL },
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
    const report = await pipeline(
      ...["report", ...given, "--out", `${folder}/report.html`],
    );
    assertEquals(report.code, 0, report.err);
  }));

Deno.test("a teacher that a descriptor names is fetched, verified and imported, and its card claims no other data", () =>
  withFolder(async (folder) => {
    const mirror = `${folder}/marian`, descriptor = `${folder}/small.json`;
    writeDescribedFolder(mirror, descriptor);
    Deno.writeTextFileSync(`${folder}/pairs.tsv`, LINES);
    Deno.writeTextFileSync(
      `${folder}/mine.json`,
      JSON.stringify(experiment(folder, SUBWORDS, { descriptor })),
    );
    const { success, stdout, stderr } = await new Deno.Command(
      Deno.execPath(),
      {
        args: ["run", "--quiet", "--allow-all", "cli/main.ts", "run"].concat(
          ["export:teacher", "--experiment", `${folder}/mine.json`],
          ["--artifacts", `${folder}/artifacts`, "--json"],
        ),
        cwd: ROOT,
        env: { CKD_MIRRORS: mirror },
      },
    ).output();
    assert(success, new TextDecoder().decode(stderr));
    const { nodes } = JSON.parse(new TextDecoder().decode(stdout));
    const ran = inState(nodes, "ran");
    assert(ran.includes("fetch-model") && ran.includes("import"), ran.join());
    const exported = nodes.find(({ name }: { name: string }) =>
      name === "export:teacher"
    );
    const { sha256: hash } = exported.outputs.folder;
    const card = Deno.readTextFileSync(
      `${folder}/artifacts/objects/${hash.slice(0, 2)}/${
        hash.slice(2)
      }.files/README.md`,
    );
    assertStringIncludes(card, "**small**: A public model");
    assert(!card.includes("own-files"), card);
  }));
