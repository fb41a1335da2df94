/** The JSON Schemas accept and refuse what the schemas in code do, by the reader of Python. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { parse as parseJsonc } from "@std/jsonc";
import { ROOT } from "../fixtures/command.ts";
import { findPython } from "../fixtures/python.ts";

const { python, missing } = findPython("jsonschema");

const READER = `
import json, sys
from jsonschema import Draft202012Validator
for path, value in json.load(sys.stdin):
    schema = json.load(open(path))
    Draft202012Validator.check_schema(schema)
    print(json.dumps(Draft202012Validator(schema).is_valid(value)))
`;

const read = (path: string) =>
  parseJsonc(Deno.readTextFileSync(join(ROOT, path)));

type Case = readonly [schema: string, value: unknown];

/** Whether the committed schemas accept values. */
async function accepted(cases: readonly Case[]): Promise<boolean[]> {
  const child = new Deno.Command(python, {
    args: ["-c", READER],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const given = cases.map(([schema, value]) => [
    join(ROOT, `schemas/json/${schema}.json`),
    value,
  ]);
  await writer.write(new TextEncoder().encode(JSON.stringify(given)));
  await writer.close();
  const { stdout } = await child.output();
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  return lines.map((line) => JSON.parse(line));
}

Deno.test({
  name:
    `JSON Schemas accept every file of the project, and refuse wrong keys and values${
      missing ?? ""
    }`,
  ignore: missing !== undefined,
  fn: async () => {
    const filesIn = (folder: string) =>
      [...Deno.readDirSync(join(ROOT, folder))]
        .filter(({ name }) => /\.jsonc?$/.test(name))
        .map(({ name }) => `${folder}/${name}`);
    const right = [
      ...filesIn("experiments").map((path) => ["experiment", path]),
      ...filesIn("data").map((path) => ["data-set", path]),
      ...filesIn("data/models").map((path) => ["model", path]),
      ["manifest", "artifacts/manifest.json"],
    ];
    assertEquals(
      await accepted(right.map(([schema, path]) => [schema, read(path)])),
      right.map(() => true),
    );
    const tiny = Object(read("experiments/tiny.jsonc"));
    const { languages, ...shared } = tiny;
    const cases = [
      [{ $schema: "x", ...tiny, student: {} }, true],
      [{ ...shared, pairs: { "pt-en": { languages } } }, true],
      [{ ...tiny, studnets: {} }, false],
      [{ ...tiny, seed: -1 }, false],
      [{ ...tiny, students: { rkd: { alpha: 2 } } }, false],
      [shared, false],
    ] as const;
    assertEquals(
      await accepted(cases.map(([value]) => ["experiment", value])),
      cases.map(([, isRight]) => isRight),
    );
  },
});
