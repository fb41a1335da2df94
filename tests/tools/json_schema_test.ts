/** The committed JSON Schemas are those of the schemas in code, and files may name them. */
import { assert, assertEquals } from "@std/assert";
import { join, resolve } from "@std/path";
import { parse as parseJsonc } from "@std/jsonc";
import { z } from "zod";
import { readExperiment } from "../../engine/graph/experiment.ts";
import { Descriptor } from "../../schemas/descriptor.ts";
import { ModelDescriptor } from "../../schemas/model_descriptor.ts";
import { jsonSchemas } from "../../tools/json_schema.ts";
import { ROOT } from "../fixtures/command.ts";
import { temporary } from "../fixtures/made_run.ts";

const read = (path: string) => Deno.readTextFileSync(join(ROOT, path));

Deno.test('the committed files are what "deno task schemas" writes', () => {
  for (const [name, text] of jsonSchemas()) {
    assertEquals(read(`schemas/json/${name}`), text, name);
  }
});

Deno.test('"$schema" names the file for editors, and is no part of an experiment', () => {
  using folder = temporary();
  const path = join(folder.path, "mine.jsonc");
  const tiny = Object(parseJsonc(read("experiments/tiny.jsonc")));
  const $schema = join(ROOT, "schemas/json/experiment.json");
  Deno.writeTextFileSync(path, JSON.stringify({ $schema, ...tiny }));
  const { value } = readExperiment(join(ROOT, "experiments"), path, []);
  assertEquals(value, tiny);
  for (
    const [schema, file] of [
      [Descriptor, "data/multi30k.json"],
      [ModelDescriptor, "data/models/tiny11-pt-en.json"],
    ] as const
  ) {
    const written = Object(JSON.parse(read(file)));
    assert(schema.safeParse({ $schema, ...written }).success, file);
  }
});

Deno.test("what the reader splits off an experiment is in its schema", () => {
  using folder = temporary();
  const path = join(folder.path, "mine.jsonc");
  const slurm = { "student:*": { gpus: 1 } };
  const given = { $schema: "experiment.json", slurm, seed: 2 };
  Deno.writeTextFileSync(path, JSON.stringify(given));
  const { value } = readExperiment(join(ROOT, "experiments"), path, []);
  assertEquals(value, { seed: 2 });
  const { properties } = z.object({
    properties: z.record(z.string(), z.unknown()),
  }).parse(JSON.parse(read("schemas/json/experiment.json")));
  for (const key of Object.keys(given)) assert(key in properties, key);
});

Deno.test("the editor's settings name files that are there", () => {
  const settings = z.object({
    "json.schemas": z.array(z.object({ url: z.string() })),
  }).parse(JSON.parse(read(".vscode/settings.json")));
  for (const { url } of settings["json.schemas"]) {
    assert(Deno.statSync(resolve(ROOT, url)).isFile, url);
  }
});
