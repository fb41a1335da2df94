/** The manifest that is shared, and the results that are cached by key. */
import { z } from "zod";
import { inputError, parse } from "../base/input_error.ts";
import { extentRefusal } from "../base/json_extent.ts";
import { Sha256 } from "./sha256.ts";
import { isPathInside, printable } from "../base/names.ts";

/** Version of the two formats below that is written; a newer one is refused, not guessed at. */
export const MANIFEST_SCHEMA = 2;

/** The versions that are read: before 2, code had the version of its printer and cached results no checksum. */
const KNOWN_SCHEMAS = [1, MANIFEST_SCHEMA] as const;

/** A value that JSON can carry; what comes out of JSON.parse needs no further check. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };
export const Json: z.ZodType<Json> = z.custom<Json>(() => true);

/** One output: for a folder, the hash and the bytes are those of its listing and of all its files. */
export const Artifact = z.strictObject({
  sha256: Sha256,
  bytes: z.int().min(0),
  mediaType: z.string(),
  folder: z.literal(true).optional(),
});
export type Artifact = z.infer<typeof Artifact>;

/**
 * What stands for the content of a file or folder in a preimage: its SHA-256, behind that of a folder a slash, as a
 * folder has the hash of its listing, and a file may hold that text. Schema 1 has no slashes.
 */
const Content = z.string().regex(
  /^[0-9a-f]{64}\/?$/,
  "expected a SHA-256 in hexadecimal digits, with a slash behind that of a folder",
);

export function contentOf(
  { sha256, folder = false }: { sha256: string; folder?: boolean },
): string {
  return folder ? `${sha256}/` : sha256;
}

/** The SHA-256 of what a preimage has, whether file or folder. */
export function hashOf(content: string): string {
  return content.replace(/\/$/, "");
}

/** The same of several, by name. */
export function hashesOf(
  contents: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(contents).map(([name, content]) => [name, hashOf(content)]),
  );
}

/** The files of a folder object, sorted by path; its canonical JSON is what the folder's hash is of. */
export const Listing = z.array(z.strictObject({
  path: z.string().refine(isPathInside, {
    error: ({ input }) =>
      `"${printable(String(input).slice(0, 80))}" is no path inside a folder`,
  }),
  sha256: Sha256,
  bytes: z.int().min(0),
}));
export type Listing = z.infer<typeof Listing>;

export const Metrics = z.record(
  z.string(),
  z.union([z.number(), z.string()], {
    error: "expected a finite number or a text",
  }),
);
export type Metrics = z.infer<typeof Metrics>;

/** What a stage executes: each local module by meaning, each package by version and integrity. */
export const Code = z.strictObject({
  modules: z.record(z.string(), Sha256),
  packages: z.record(z.string(), z.string()),
  /** What each specifier resolves to whose text alone does not say it, such as a name of the import map. */
  resolutions: z.record(z.string(), z.string()).optional(),
  /** In schema 1, instead of the resolutions: the package that printed the modules for their hashes. */
  printer: z.string().optional(),
}).refine(
  ({ resolutions, printer }) =>
    (resolutions === undefined) !== (printer === undefined),
  'expected one of "resolutions" and "printer"',
);
export type Code = z.infer<typeof Code>;

/** All that decides a node's result; the SHA-256 of its canonical JSON is the node's key. */
export const Preimage = z.strictObject({
  stage: z.string(),
  /** Sha256 of an entry of the manifest's `code`. */
  code: Sha256,
  config: Json,
  inputs: z.record(z.string(), z.record(z.string(), Content)),
  files: z.record(z.string(), Content),
  seed: z.number(),
  environment: Json,
});
export type Preimage = z.infer<typeof Preimage>;

export const NodeRecord = z.strictObject({
  key: Sha256,
  preimage: Preimage,
  /** The node behind each input. */
  inputs: z.record(z.string(), z.string()),
  outputs: z.record(z.string(), Artifact),
  metrics: Metrics,
});
export type NodeRecord = z.infer<typeof NodeRecord>;

export const Manifest = z.strictObject({
  schema: z.literal(KNOWN_SCHEMAS),
  /** The experiment as it was given, before defaults. */
  experiment: z.strictObject({ name: z.string(), value: Json }),
  /** What the preimages' code hashes stand for. */
  code: z.record(Sha256, Code),
  nodes: z.record(z.string(), NodeRecord),
});
export type Manifest = z.infer<typeof Manifest>;

/** The result of a key, whichever experiment asked for it; this one may hold times. */
export const CachedResult = z.strictObject({
  schema: z.literal(KNOWN_SCHEMAS),
  key: Sha256,
  outputs: z.record(z.string(), Artifact),
  metrics: Metrics,
  measurements: Metrics,
  /** What it took, and the run that made it: not of what was pulled, as it was measured elsewhere. */
  seconds: z.number().optional(),
  run: z.string().optional(),
  /** When it was made or came. */
  time: z.string(),
  /** SHA-256 of the canonical JSON of all the above; schema 1 has none. */
  checksum: Sha256.optional(),
}).refine(
  ({ schema, checksum }) => schema === 1 || checksum !== undefined,
  "expected a checksum",
);
export type CachedResult = z.infer<typeof CachedResult>;

/** Parses a manifest's text; `path` is named in the sentence that says what is wrong with it. */
export function parseManifest(text: string, path: string): Manifest {
  if (/^(<{7}|>{7}) /m.test(text)) {
    throw inputError(
      `Cannot read manifest "${path}": it holds the marks of a merge conflict; ` +
        'take either side ("git checkout --ours" or "--theirs" with its path) and run again.',
    );
  }
  const extent = extentRefusal(text);
  if (extent !== undefined) throw unreadable(path, extent);
  const value = valueOf(text);
  if (value === undefined) throw unreadable(path, "it is no JSON");
  refuseNewer(value, path);
  return parse(Manifest, value, `manifest "${path}"`);
}

function unreadable(path: string, reason: string): Error {
  return inputError(
    `Cannot read manifest "${path}": ${reason}; name a file that "deno task pipeline" wrote, such as ` +
      "artifacts/manifest.json.",
  );
}

/**
 * What can be read of a manifest that may be damaged: a node whose record cannot be read is left out, as one that never
 * ran; undefined where nothing can be read. A newer version is an input error: nobody here knows what it holds.
 */
export function salvageManifest(
  text: string,
  path: string,
): Manifest | undefined {
  if (extentRefusal(text) !== undefined) return undefined;
  const value = valueOf(text);
  refuseNewer(value, path);
  const complete = Manifest.safeParse(value).data;
  if (complete !== undefined) return complete;
  const head = Manifest.omit({ code: true, nodes: true }).loose()
    .safeParse(value).data;
  if (head === undefined) return undefined;
  const { schema, experiment } = head;
  const code = entriesOf(Sha256, Code, head.code);
  const nodes = entriesOf(z.string(), NodeRecord, head.nodes)
    .filter(([, { preimage }]) =>
      code.some(([hash]) => hash === preimage.code)
    );
  return {
    schema,
    experiment,
    code: Object.fromEntries(code),
    nodes: Object.fromEntries(nodes),
  };
}

/** The entries of a record that have the schemas of key and value. */
function entriesOf<T>(
  key: z.ZodType<string>,
  value: z.ZodType<T>,
  record: unknown,
): [string, T][] {
  if (typeof record !== "object" || record === null) return [];
  return Object.entries(record).flatMap(([name, content]) => {
    const entry = value.safeParse(content);
    return entry.success && key.safeParse(name).success
      ? [[name, entry.data] as [string, T]]
      : [];
  });
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refuseNewer(value: unknown, path: string): void {
  const newer = z.object({ schema: z.number().gt(MANIFEST_SCHEMA) })
    .safeParse(value).data;
  if (newer === undefined) return;
  throw inputError(
    `Cannot read manifest "${path}": it has schema ${newer.schema}, written by a newer version, ` +
      `and this one knows up to ${MANIFEST_SCHEMA}; update the project, or move the file away and run again.`,
  );
}
