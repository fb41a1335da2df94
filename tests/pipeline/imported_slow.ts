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

/** Neurons of a block of the student that begins as layers of the teacher. */
const NARROWER = MADE_MODEL.feedForward / 2;

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
        model: { feedForward: NARROWER },
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
    for (
      const name of ["import:teacher", "states", "student:ckd", "export:ckd"]
    ) {
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
    assertEquals(student.model.feedForward, NARROWER);
    assert(ran.includes(`prune:${NARROWER}`), ran.join());
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
    assert(
      ran.includes("fetch-model") && ran.includes("import:teacher"),
      ran.join(),
    );
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

Deno.test("an imported model is tuned on pairs with characters that it lacked, and students have the subwords of their text", () =>
  withFolder(async (folder) => {
    writeMarianFolder(`${folder}/marian`);
    const lines = LINES.replaceAll(/\.(?=[\t\n])/g, " {0}.");
    Deno.writeTextFileSync(`${folder}/pairs.tsv`, lines);
    Deno.writeTextFileSync(`${folder}/other.tsv`, LINES);
    const path = `${folder}/mine.json`;
    const artifacts = ["--artifacts", `${folder}/artifacts`];
    const given = ["--experiment", path, ...artifacts];
    const plain = experiment(folder, SUBWORDS);
    const write = (characters: number, students: number, rate = 0.002) =>
      Deno.writeTextFileSync(
        path,
        JSON.stringify({
          ...plain,
          vocabulary: { ...plain.vocabulary, students },
          teacher: {
            ...plain.teacher,
            adaptation: {
              ...{ characters, interpolation: 0.5 },
              training: { ...{ steps: 6, batchTokens: 400, rate }, warmup: 2 },
            },
          },
          testSets: {
            other: {
              data: { train: `${folder}/other.tsv` },
              corpus: { test: 20, validation: 20 },
            },
          },
        }),
      );
    write(4, SUBWORDS);
    const tooMany = await pipeline("run", "teacher", ...given, "--no-progress");
    assertEquals(tooMany.code, 2, tooMany.err);
    assertStringIncludes(
      tooMany.err,
      `set "teacher.adaptation.characters" to at most 3`,
    );
    write(3, 5);
    const tooFew = await pipeline("run", ...given, "--no-progress");
    assertEquals(tooFew.code, 2, tooFew.err);
    const needed = Number(/uses (\d+)/.exec(tooFew.err)?.[1]);
    assertStringIncludes(tooFew.err, `set "vocabulary.students"`);

    write(3, needed);
    const nodes = await nodesOf("run", ...given);
    const metrics = new Map(nodes.map(({ name, metrics }) => [name, metrics]));
    assertEquals(metrics.get("tokenize")?.vocabulary, SUBWORDS + 3);
    assertEquals(metrics.get("trim")?.vocabulary, needed);
    for (const set of ["", "other/"]) {
      for (const system of ["imported", "teacher", "rkd", "ckd"]) {
        const { bleu } = metrics.get(`${set}evaluate:${system}`) ?? {};
        assert(Number.isFinite(bleu), `${set}${system}`);
      }
    }
    for (const model of ["imported", "teacher", "ckd"]) {
      const child = new Deno.Command(Deno.execPath(), {
        args: ["task", "--quiet", "translate", ...artifacts, "--model", model],
        ...{ cwd: ROOT, stdin: "piped", stdout: "piped", stderr: "piped" },
      }).spawn();
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode("Uma bace.\n"));
      await writer.close();
      const { code, stdout, stderr } = await child.output();
      assertEquals(code, 0, new TextDecoder().decode(stderr));
      assertEquals(new TextDecoder().decode(stdout).split("\n").length, 2);
    }
    const weightsOf = (name: string) => {
      const sha256 = nodes.find((node) => node.name === name)?.outputs.model
        .sha256 ?? "";
      return loadModel(
        `${folder}/artifacts/objects/${sha256.slice(0, 2)}/${sha256.slice(2)}`,
        name,
      );
    };
    const [imported, extended, tuned, joined] = [
      "import:imported",
      "extend",
      "teacher",
      "interpolate:teacher",
    ].map(weightsOf);
    assertEquals(tuned.vocabulary, imported.vocabulary + 3);
    const name = "encoder.0.feedForward.inner.weight";
    const moved = tuned.weights[name].map((value, i) =>
      Math.abs(value - imported.weights[name][i])
    );
    const most = Math.max(...moved);
    // Adam moves a weight by about the rate a step: six steps.
    assert(most > 0.001 && most < 0.024, String(most));
    assertEquals(
      joined.weights[name],
      tuned.weights[name].map((value, i) =>
        0.5 * value + 0.5 * extended.weights[name][i]
      ),
    );
    const report = await pipeline(
      ...["report", ...given, "--out", `${folder}/report.html`],
    );
    assertEquals(report.code, 0, report.err);
    const html = Deno.readTextFileSync(`${folder}/report.html`);
    assertStringIncludes(html, "imported model, as it was");
  }));
