/** Records of a remote, and the names under which an experiment can be shared. */
import { z } from "zod";
import { Sha256 } from "./sha256.ts";

/** Version of the record of what is held; a newer one is not read. */
export const HELD_SCHEMA = 1;

/** Version of the record of a key; a newer one is not read. */
export const KEY_RECORD_SCHEMA = 1;

/** How many manifests a key's record names at most, the newest first. */
export const NAMED_MANIFESTS = 8;

/** The name of an experiment as a file has it on any system and in any address. */
export const SharedName = z.string().regex(
  /^[\p{L}\p{N}_][\p{L}\p{N}_.@+ -]{0,127}$/u,
  "expected up to 128 letters, digits, spaces and . _ @ + -, a letter or digit first",
);

/** Where a key is named: manifests that lie in the same remote. Only signed manifests are trusted, and nothing here. */
export const KeyRecord = z.strictObject({
  schema: z.literal(KEY_RECORD_SCHEMA),
  manifests: z.array(z.strictObject({
    experiment: SharedName,
    sha256: Sha256,
  })).max(NAMED_MANIFESTS),
});
export type KeyRecord = z.infer<typeof KeyRecord>;

/** Contents of a manifest's artifacts: those that a bundle holds, or those that an artifact folder does not. */
export const Held = z.strictObject({
  schema: z.literal(HELD_SCHEMA),
  artifacts: z.array(
    z.string().regex(
      /^[0-9a-f]{64}\/?$/,
      "expected a SHA-256, with a slash behind that of a folder",
    ),
  ),
});
