/** Which model and tokenizer a name means, over language pairs and seeds; on a manifest of a run that never was. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { writeAtomically } from "../../engine/files/atomic.ts";
import { sha256 } from "../../engine/files/hash.ts";
import { manifestText, writeManifest } from "../../engine/store/manifest.ts";
import type { NodeRecord } from "../../schemas/manifest.ts";
import { findExport, findExports, findModel } from "../../apps/models.ts";
import { makeRun } from "../fixtures/made_run.ts";
import { assertInputError } from "../fixtures/input_error.ts";

const folder = Deno.makeTempDirSync({ prefix: "systems-" });
globalThis.addEventListener(
  "unload",
  () => Deno.removeSync(folder, { recursive: true }),
);

/**
 * The artifact folder of a run: BLEU of each student, undefined where it is not evaluated, and that of the validation pairs
 * where it has one. Each object holds its node's name.
 * Some are exported.
 */
function runOf(
  students: Record<string, number | undefined>,
  validation: Record<string, number> = {},
  exports: readonly string[] = [],
): string {
  const artifacts = Deno.makeTempDirSync({ dir: folder });
  const nodes = new Map<string, NodeRecord>();
  const add = (
    name: string,
    output: string,
    inputs: Record<string, string> = {},
    metrics: NodeRecord["metrics"] = {},
  ) => {
    const hash = sha256(name);
    writeAtomically(
      join(artifacts, "objects", hash.slice(0, 2), hash.slice(2)),
      name,
    );
    const preimage = {
      ...{ stage: name, code: "0".repeat(64), config: null, inputs: {} },
      ...{ files: {}, seed: 0, environment: null },
    };
    const artifact = {
      sha256: hash,
      bytes: name.length,
      mediaType: "text/plain",
    };
    const outputs = { [output]: artifact };
    nodes.set(name, { key: hash, preimage, inputs, outputs, metrics });
  };
  for (const [student, bleu] of Object.entries(students)) {
    const prefix = student.slice(0, student.indexOf("/") + 1);
    const name = student.slice(prefix.length);
    const [teacher, model] = ["teacher", `student:${name}`]
      .map((node) => prefix + node);
    add(`${prefix}tokenize`, "tokenizer");
    add(teacher, "model");
    const validationBleu = validation[student];
    add(
      model,
      "model",
      {},
      validationBleu === undefined ? {} : { validationBleu },
    );
    if (bleu === undefined) continue;
    add(`${prefix}evaluate:${name}`, "hypotheses", { model }, { bleu });
    add(
      `${prefix}evaluate:teacher`,
      "hypotheses",
      { model: teacher },
      { bleu: 99 },
    );
  }
  for (const name of exports) add(`export:${name}`, "folder");
  writeManifest(
    artifacts,
    manifestText({ name: "test", value: {} }, nodes, new Map()),
  );
  return artifacts;
}

/** The nodes behind the files that are found. */
function found(artifacts: string, model?: string): [string, string] {
  const files = findModel(artifacts, { model });
  assert(!("folder" in files));
  return [
    Deno.readTextFileSync(files.modelPath),
    Deno.readTextFileSync(files.tokenizerPath),
  ];
}

const plain = runOf({ "no-kd": 30, ckd: 35, rkd: 33 });
const seeds = runOf({
  "no-kd@1": 30,
  "no-kd@2": 36,
  "no-kd@10": undefined,
  ckd: 35,
  "rkd@1": undefined,
  "rkd@2": undefined,
});
const validated = runOf(
  { "no-kd": 36, "rkd@1": 35, "rkd@2": 34, ckd: 33, new: undefined },
  { "no-kd": 20, "rkd@1": 23, "rkd@2": 24, ckd: 21, new: 50 },
);
const partly = runOf(
  { "no-kd": 30, ckd: 35, "rkd@1": 33, "rkd@2": 31 },
  { "no-kd": 40, "rkd@1": 38, "rkd@2": 39 },
);
const onePair = runOf({ "pt-en/no-kd": 30, "pt-en/ckd": 35 });
const pairs = runOf({
  "pt-en/no-kd@1": 30,
  "pt-en/no-kd@2": 31,
  "pt-en/only": 20,
  "es-en/no-kd": 40,
  "es-en/ckd": 45,
});

/** The model that a name means, in a run; its tokenizer is that of its pair. */
const FOUND: readonly (readonly [
  title: string,
  artifacts: string,
  name: string | undefined,
  model: string,
])[] = [
  ["the best student", plain, undefined, "student:ckd"],
  ["a short name", plain, "rkd", "student:rkd"],
  ["a node", plain, "teacher", "teacher"],
  ["the best seed", seeds, undefined, "student:no-kd@2"],
  ["the best seed of a name", seeds, "no-kd", "student:no-kd@2"],
  ["the best seed of a node", seeds, "student:no-kd", "student:no-kd@2"],
  ["the best student by validation", validated, undefined, "student:rkd@2"],
  ["the best seed by validation", partly, "rkd", "student:rkd@2"],
  ["the best where one has no validation", partly, undefined, "student:ckd"],
  ["a seed", seeds, "no-kd@1", "student:no-kd@1"],
  ["one not evaluated", seeds, "student:no-kd@10", "student:no-kd@10"],
  ["the best of the only pair", onePair, undefined, "pt-en/student:ckd"],
  ["a name of the only pair", onePair, "no-kd", "pt-en/student:no-kd"],
  ["a short name of a pair", pairs, "es-en/no-kd", "es-en/student:no-kd"],
  ["the best seed of a pair", pairs, "pt-en/no-kd", "pt-en/student:no-kd@2"],
  ["a node of a pair", pairs, "pt-en/teacher", "pt-en/teacher"],
  ["a name that one pair has", pairs, "only", "pt-en/student:only"],
];

for (const [title, artifacts, name, model] of FOUND) {
  Deno.test(`${title} is found, with the tokenizer of its pair`, () => {
    const tokenizer = model.replace(/[^/]*$/, "tokenize");
    assertEquals(found(artifacts, name), [model, tokenizer]);
  });
}

Deno.test("which of several students is taken is said, and by which score", () => {
  const note = (artifacts: string, model?: string) =>
    findModel(artifacts, { model }).note;
  assertEquals(
    note(validated),
    "Model: student:rkd@2, the best of 4 by validation BLEU, 24.00.",
  );
  assertEquals(
    note(partly),
    "Model: student:ckd, the best of 4 by BLEU on the test set, 35.00, as not all have a validation BLEU.",
  );
  assertEquals(
    note(partly, "rkd"),
    "Model: student:rkd@2, the best of 2 by validation BLEU, 39.00.",
  );
  assertEquals(note(partly, "ckd"), undefined);
  assertEquals(
    note(runOf({ ckd: 3 })),
    "Model: student:ckd, the only student that is evaluated.",
  );
});

/** The path of what a node made. */
function objectOf(artifacts: string, node: string): string {
  const hash = sha256(node);
  return join(artifacts, "objects", hash.slice(0, 2), hash.slice(2));
}

Deno.test("of models that are pulled in part one is used whose files are here, its export too", () => {
  const artifacts = runOf({ "no-kd": 36, ckd: 35, rkd: 33 }, {}, [
    "no-kd",
    "rkd",
  ]);
  const remove = (node: string) => Deno.removeSync(objectOf(artifacts, node));
  const { note: ofAll } = findModel(artifacts, {});
  assertStringIncludes(ofAll ?? "", "Model: student:no-kd, the best of 3 by");
  for (const node of ["student:no-kd", "export:no-kd"]) remove(node);
  assertEquals(found(artifacts), ["student:ckd", "tokenize"]);
  assertStringIncludes(
    findModel(artifacts, {}).note ?? "",
    "student:ckd, the best of 2 whose files are here by BLEU",
  );
  for (const node of ["student:ckd", "student:rkd"]) remove(node);
  const rkd = {
    folder: `${objectOf(artifacts, "export:rkd")}`,
    note: "Model: student:rkd, the only student whose files are here.",
  };
  assertEquals(findModel(artifacts, {}), rkd);
  assertEquals(findExport(artifacts), rkd);
  assertEquals(
    findModel(artifacts, { model: "student:rkd" }),
    { ...rkd, note: undefined },
  );
  assertInputError(
    () => findModel(artifacts, { model: "no-kd" }),
    'the model of node "student:no-kd"',
    "it is not there; name another model",
    "--model",
    `"deno task pipeline run student:no-kd --experiment ${artifacts}/manifest.json --artifacts ${artifacts}"`,
  );
});

Deno.test("a model or tokenizer of another size than was recorded is refused as damaged, with the command that makes it again", () => {
  const artifacts = runOf({ ckd: 35 });
  for (
    const [node, output] of [
      ["student:ckd", "model"],
      ["tokenize", "tokenizer"],
    ]
  ) {
    const path = objectOf(artifacts, node);
    Deno.truncateSync(path, 3);
    assertInputError(
      () => findModel(artifacts, { model: "ckd" }),
      `Cannot load the ${output} of node "${node}" from "${artifacts}": it is damaged; name another model`,
      `or make it by "deno task pipeline run ${node} --experiment `,
    );
    Deno.writeTextFileSync(path, node);
  }
});

Deno.test("the node of an export is a model, for translate as for a server", () => {
  const artifacts = runOf({ "no-kd": 36, rkd: 33 }, {}, ["rkd"]);
  const rkd = { folder: objectOf(artifacts, "export:rkd"), note: undefined };
  for (const find of [findModel, findExportOf]) {
    assertEquals(find(artifacts, { model: "export:rkd" }), rkd);
    assertInputError(
      () => find(artifacts, { model: "export:no-kd" }),
      `Cannot use the export of node "student:no-kd" of "${artifacts}": it is not there; run "deno task pipeline run export:no-kd `,
    );
  }
});

function findExportOf(artifacts: string, { model }: { model: string }) {
  return findExport(artifacts, model);
}

Deno.test("the exports of a page begin with the student that a server takes", () => {
  const names = ["ckd", "no-kd", "rkd", "teacher"];
  const artifacts = runOf(
    { "no-kd": 36, ckd: 35, rkd: 33 },
    { "no-kd": 20, ckd: 21, rkd: 22 },
    names,
  );
  const folders = names.map((name) => objectOf(artifacts, `export:${name}`));
  for (const path of folders) {
    Deno.removeSync(path);
    Deno.mkdirSync(path);
  }
  const [ckd, noKd, rkd, teacher] = folders;
  assertEquals(findExports(artifacts), [rkd, ckd, noKd, teacher]);
  assertEquals(findExport(artifacts).folder, rkd);
});

Deno.test("with several pairs and no name, the best of each pair are the choices", () => {
  assertInputError(
    () => found(pairs),
    "Cannot tell which language pair",
    "--model",
    "the best of each pair is es-en/ckd, pt-en/no-kd@2.",
  );
});

Deno.test("a name that several pairs have is refused with what it could mean", () => {
  assertInputError(
    () => found(pairs, "no-kd"),
    'Cannot tell which model "no-kd" is meant',
    "name es-en/no-kd or pt-en/no-kd.",
  );
  assertInputError(
    () => found(pairs, "teacher"),
    "name es-en/teacher or pt-en/teacher.",
  );
});

Deno.test("a name of several seeds of which none is evaluated is refused with the seeds", () => {
  assertInputError(
    () => found(seeds, "rkd"),
    "none of its seeds is evaluated; name rkd@1 or rkd@2.",
  );
});

Deno.test("a mistyped name is told the nearest spelling", () => {
  assertInputError(
    () => found(pairs, "pt-en/no-dk"),
    'Cannot find model "pt-en/no-dk"',
    'did you mean "pt-en/no-kd"',
  );
  assertInputError(() => found(pairs, "onyl"), 'did you mean "only"');
});

Deno.test("where students are there and none is evaluated, their names are the choices", () => {
  const none = { "no-kd": undefined, rkd: undefined };
  const artifacts = runOf(none, {}, ["rkd"]);
  const command =
    `run "deno task pipeline run --experiment ${artifacts}/manifest.json --artifacts ${artifacts}".`;
  assertInputError(
    () => findModel(artifacts, {}),
    `Cannot tell which student of "${artifacts}" is the best, as none is evaluated; name one, --model no-kd or --model rkd, or ${command}`,
  );
  // One that is exported can be served.
  assertInputError(
    () => findExport(artifacts),
    `name one, --model rkd, or ${command}`,
  );
  assertInputError(
    () => findModel(runOf({}), {}),
    "Cannot find a student in",
  );
});

Deno.test("a model of a run is searched as its experiment evaluates it", () => {
  const artifacts = Deno.makeTempDirSync({ dir: folder });
  makeRun(artifacts);
  const files = findModel(artifacts, { model: "rkd" });
  assert(!("folder" in files));
  assertEquals(files.search, { beam: 2, lengthPenalty: 1 });
});
