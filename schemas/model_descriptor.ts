/** Descriptors of `data/models/`: the files of a public model, where they are, their hashes and licences. */
import { z } from "zod";
import { DataFile } from "./descriptor.ts";
import { Languages } from "./experiment/data.ts";

export const ModelDescriptor = z.strictObject({
  /** For editors: the JSON Schema of these descriptors. */
  $schema: z.string().optional(),
  name: z.string().regex(
    /^[a-z0-9][a-z0-9-]*$/,
    "expected a name of lower-case letters, digits and dashes",
  ),
  description: z.string().min(1),
  languages: Languages,
  /** The files of one model, as an import reads them from a folder; each is pinned. */
  files: z.array(DataFile).min(1),
}).superRefine(({ files }, context) => {
  files.forEach(({ sha256, made }, i) => {
    if (sha256 !== undefined && made === undefined) return;
    context.addIssue({
      code: "custom",
      path: ["files", i],
      message: 'expected "sha256" and "bytes" of a file as it is published',
    });
  });
});
export type ModelDescriptor = z.infer<typeof ModelDescriptor>;
