/** Which model and tokenizer a name means, over language pairs and seeds; on a manifest of a run that never was. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { manifestText } from "../../engine/store/manifest.ts";
import type { NodeRecord } from "../../schemas/manifest.ts";
import { findModel } from "../../apps/models.ts";
import { assertInputError } from "../fixtures/input_error.ts";

const folder = Deno.makeTempDirSync({ prefix: "systems-" });
globalThis.addEventListener(
  "unload",
  () => Deno.removeSync(folder, { recursive: true }),
);

/** A record with one output, whose object is there and holds the node's name. */
async function record(
  artifacts: string,
  name: string,
  output: string,
  inputs: Record<string, string>,
  bleu?: number,
): Promise<NodeRecord> {
  const bytes = new TextEncoder().encode(name);
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  const sha256 = new Uint8Array(digest).toHex();
  const objects = join(artifacts, "objects", sha256.slice(0, 2));
  Deno.mkdirSync(objects, { recursive: true });
  Deno.writeFileSync(join(objects, sha256.slice(2)), bytes);
  return {
    key: sha256,
    preimage: {
      stage: name,
      code: "0".repeat(64),
      config: null,
      inputs: {},
      files: {},
      seed: 0,
      environment: null,
    },
    inputs,
    outputs: {
      [output]: { sha256, bytes: bytes.length, mediaType: "text/plain" },
    },
    metrics: bleu === undefined ? {} : { bleu },
  };
}

/** The artifact folder of a run: BLEU of each student, undefined where it is not evaluated. */
async function runOf(
  students: Record<string, number | undefined>,
): Promise<string> {
  const artifacts = Deno.makeTempDirSync({ dir: folder });
  const nodes = new Map<string, NodeRecord>();
  const add = async (
    name: string,
    ...rest: [
      output: string,
      inputs: Record<string, string>,
      bleu?: number,
    ]
  ) => nodes.set(name, await record(artifacts, name, ...rest));
  for (const [student, bleu] of Object.entries(students)) {
    const prefix = student.slice(0, student.indexOf("/") + 1);
    const name = student.slice(prefix.length);
    await add(`${prefix}tokenize`, "tokenizer", {});
    await add(`${prefix}teacher`, "model", {});
    const model = `${prefix}student:${name}`;
    await add(model, "model", {});
    if (bleu === undefined) continue;
    await add(`${prefix}evaluate:${name}`, "hypotheses", { model }, bleu);
    const teacher = { model: `${prefix}teacher` };
    await add(`${prefix}evaluate:teacher`, "hypotheses", teacher, 99);
  }
  Deno.writeTextFileSync(
    join(artifacts, "manifest.json"),
    manifestText({ name: "test", value: {} }, nodes, new Map()),
  );
  return artifacts;
}

/** The nodes behind the files that are found. */
function found(artifacts: string, model?: string): [string, string] {
  const { modelPath, tokenizerPath } = findModel(artifacts, { model });
  return [
    Deno.readTextFileSync(modelPath),
    Deno.readTextFileSync(tokenizerPath),
  ];
}

const plain = await runOf({ "no-kd": 30, ckd: 35, rkd: 33 });
const seeds = await runOf({
  "no-kd@1": 30,
  "no-kd@2": 36,
  "no-kd@10": undefined,
  ckd: 35,
  "rkd@1": undefined,
  "rkd@2": undefined,
});
const onePair = await runOf({ "pt-en/no-kd": 30, "pt-en/ckd": 35 });
const pairs = await runOf({
  "pt-en/no-kd@1": 30,
  "pt-en/no-kd@2": 31,
  "pt-en/only": 20,
  "es-en/no-kd": 40,
  "es-en/ckd": 45,
});

const FOUND: readonly (readonly [
  title: string,
  artifacts: string,
  model: string | undefined,
  nodes: [string, string],
])[] = [
  ["the best student", plain, undefined, ["student:ckd", "tokenize"]],
  ["a short name", plain, "rkd", ["student:rkd", "tokenize"]],
  ["a node", plain, "teacher", ["teacher", "tokenize"]],
  ["the best seed", seeds, undefined, ["student:no-kd@2", "tokenize"]],
  ["the best seed of a name", seeds, "no-kd", ["student:no-kd@2", "tokenize"]],
  [
    "the best seed of a node's name",
    seeds,
    "student:no-kd",
    ["student:no-kd@2", "tokenize"],
  ],
  ["a seed", seeds, "no-kd@1", ["student:no-kd@1", "tokenize"]],
  [
    "a seed that is not evaluated",
    seeds,
    "student:no-kd@10",
    ["student:no-kd@10", "tokenize"],
  ],
  [
    "the best student of the only pair",
    onePair,
    undefined,
    ["pt-en/student:ckd", "pt-en/tokenize"],
  ],
  [
    "a name of the only pair",
    onePair,
    "no-kd",
    ["pt-en/student:no-kd", "pt-en/tokenize"],
  ],
  [
    "a short name of a pair",
    pairs,
    "es-en/no-kd",
    ["es-en/student:no-kd", "es-en/tokenize"],
  ],
  [
    "the best seed of a name of a pair",
    pairs,
    "pt-en/no-kd",
    ["pt-en/student:no-kd@2", "pt-en/tokenize"],
  ],
  [
    "a node of a pair",
    pairs,
    "pt-en/teacher",
    ["pt-en/teacher", "pt-en/tokenize"],
  ],
  [
    "a name that one pair has",
    pairs,
    "only",
    ["pt-en/student:only", "pt-en/tokenize"],
  ],
];

for (const [title, artifacts, model, nodes] of FOUND) {
  Deno.test(`${title} is found, with the tokenizer of its pair`, () => {
    assertEquals(found(artifacts, model), nodes);
  });
}

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
