/** Writes the JSON Schemas with which editors complete and check files: `deno task schemas`. */
import { fromFileUrl } from "@std/path";
import { z } from "zod";
import { Descriptor } from "../schemas/descriptor.ts";
import { Given } from "../schemas/experiment/experiment.ts";
import { Slurm } from "../schemas/experiment/slurm.ts";
import { Manifest } from "../schemas/manifest.ts";
import { ModelDescriptor } from "../schemas/model_descriptor.ts";

const FOLDER = fromFileUrl(new URL("../schemas/json/", import.meta.url));

/** The texts of the files in `schemas/json/`, by their names. How values go together is checked by the pipeline alone. */
export function jsonSchemas(): ReadonlyMap<string, string> {
  const schemas = {
    experiment: experimentSchema(),
    "data-set": jsonSchema(Descriptor, "The descriptor of a data set"),
    model: jsonSchema(ModelDescriptor, "The descriptor of a public model"),
    manifest: jsonSchema(Manifest, "The manifest of a run"),
  };
  return new Map(
    Object.entries(schemas).map(([name, schema]) => [
      `${name}.json`,
      JSON.stringify(schema, null, 2) + "\n",
    ]),
  );
}

/** An experiment as a file has it: of one language pair, or shared values and those of each of several pairs. */
function experimentSchema(): object {
  const given = jsonSchema(Given.partial(), "An experiment");
  const { $schema: _, ...slurm } = jsonSchema(Slurm, "Options of sbatch");
  const values = Object.keys(Given.shape)
    .map((key) => [key, { $ref: `#/properties/${key}` }]);
  const pair = { ...OBJECT, properties: Object.fromEntries(values) };
  return {
    ...given,
    properties: {
      $schema: { type: "string" },
      ...given.properties,
      slurm,
      pairs: { type: "object", additionalProperties: pair },
    },
    anyOf: [{ required: ["languages", "data"] }, { required: ["pairs"] }],
  };
}

const OBJECT = { type: "object", additionalProperties: false };

/** Without references: a changed key changes its own lines alone. */
function jsonSchema(
  schema: z.ZodType,
  title: string,
): z.core.JSONSchema.BaseSchema {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
  });
  return { $schema, title, ...rest };
}

if (import.meta.main) {
  for (const [name, text] of jsonSchemas()) {
    Deno.writeTextFileSync(FOLDER + name, text);
  }
}
