/** What is recorded of finished work: the manifest that is shared, and the results that are cached by key. */
import { z } from "zod";
import { inputError, parse } from "./errors.ts";

/** Version of the two formats below; a newer one is refused, not guessed at. */
export const MANIFEST_SCHEMA = 1;

/** A value that JSON can carry; what comes out of JSON.parse needs no further check. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };
const Json: z.ZodType<Json> = z.custom<Json>(() => true);

const Hash = z.string().regex(
  /^[0-9a-f]{64}$/,
  "expected a SHA-256 in hexadecimal digits",
);

/** One output: for a folder, the hash and the bytes are those of its listing and of all its files. */
export const Artifact = z.strictObject({
  sha256: Hash,
  bytes: z.int().min(0),
  mediaType: z.string(),
  folder: z.literal(true).optional(),
});
export type Artifact = z.infer<typeof Artifact>;

/** The files of a folder object, sorted by path; its canonical JSON is what the folder's hash is of. */
export const Listing = z.array(z.strictObject({
  path: z.string().min(1),
  sha256: Hash,
  bytes: z.int().min(0),
}));
export type Listing = z.infer<typeof Listing>;

export const Metrics = z.record(
  z.string(),
  z.union([z.number(), z.string()]),
);
export type Metrics = z.infer<typeof Metrics>;

/** What a stage executes: each local module by meaning, each package by version and integrity. */
export const Code = z.strictObject({
  modules: z.record(z.string(), Hash),
  packages: z.record(z.string(), z.string()),
  printer: z.string(),
});
export type Code = z.infer<typeof Code>;

/** All that decides a node's result; the SHA-256 of its canonical JSON is the node's key. */
export const Preimage = z.strictObject({
  stage: z.string(),
  /** Hash of an entry of the manifest's `code`. */
  code: Hash,
  config: Json,
  inputs: z.record(z.string(), z.record(z.string(), Hash)),
  files: z.record(z.string(), Hash),
  seed: z.number(),
  environment: Json,
});
export type Preimage = z.infer<typeof Preimage>;

export const NodeRecord = z.strictObject({
  key: Hash,
  preimage: Preimage,
  /** The node behind each input. */
  inputs: z.record(z.string(), z.string()),
  outputs: z.record(z.string(), Artifact),
  metrics: Metrics,
});
export type NodeRecord = z.infer<typeof NodeRecord>;

export const Manifest = z.strictObject({
  schema: z.literal(MANIFEST_SCHEMA),
  /** The experiment as it was given, before defaults. */
  experiment: z.strictObject({ name: z.string(), value: Json }),
  /** What the preimages' code hashes stand for. */
  code: z.record(Hash, Code),
  nodes: z.record(z.string(), NodeRecord),
});
export type Manifest = z.infer<typeof Manifest>;

/** The result of a key, whichever experiment asked for it; this one may hold times. */
export const CachedResult = z.strictObject({
  schema: z.literal(MANIFEST_SCHEMA),
  key: Hash,
  outputs: z.record(z.string(), Artifact),
  metrics: Metrics,
  measurements: Metrics,
  /** What it took, and the run that made it: not of what was pulled, as it was measured elsewhere. */
  seconds: z.number().optional(),
  run: z.string().optional(),
  /** When it was made or came. */
  time: z.string(),
});
export type CachedResult = z.infer<typeof CachedResult>;

/** Parses a manifest's text; `path` is named in the sentence that says what is wrong with it. */
export function parseManifest(text: string, path: string): Manifest {
  const remedy =
    "delete it and run again, which costs nothing where results are cached";
  if (/^(<{7}|>{7}) /m.test(text)) {
    throw inputError(
      `Cannot read manifest "${path}": it holds the marks of a merge conflict; ` +
        'take either side ("git checkout --ours" or "--theirs" with its path) and run again.',
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw inputError(
      `Cannot read manifest "${path}": it is no JSON; ${remedy}.`,
    );
  }
  const { schema } = typeof value === "object" && value !== null
    ? value as { schema?: unknown }
    : {};
  if (typeof schema === "number" && schema > MANIFEST_SCHEMA) {
    throw inputError(
      `Cannot read manifest "${path}": it has schema ${schema}, written by a newer version, ` +
        `and this one knows up to ${MANIFEST_SCHEMA}; update the project, or move the file away and run again.`,
    );
  }
  return parse(Manifest, value, `manifest "${path}"`);
}
