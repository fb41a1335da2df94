/** What a remote keeps beside objects and manifests, and under which names an experiment can be shared. */
import { z } from "zod";
import { Artifact } from "./manifest.ts";

/** Version of the record of a key; a newer one is not read. */
export const KEY_RECORD_SCHEMA = 1;

/** How many manifests a key's record names at most, the newest first. */
export const NAMED_MANIFESTS = 8;

/** The name of an experiment as a file has it on any system and in any address. */
export const SharedName = z.string().regex(
  /^[\p{L}\p{N}_][\p{L}\p{N}_.@+ -]{0,127}$/u,
  "expected up to 128 letters, digits, spaces and . _ @ + -, a letter or digit first",
);

const Hash = Artifact.shape.sha256;

/** Where a key is named: manifests that lie in the same remote. What they say of it is believed, and nothing here. */
export const KeyRecord = z.strictObject({
  schema: z.literal(KEY_RECORD_SCHEMA),
  manifests: z.array(z.strictObject({
    experiment: SharedName,
    sha256: Hash,
  })).max(NAMED_MANIFESTS),
});
export type KeyRecord = z.infer<typeof KeyRecord>;
