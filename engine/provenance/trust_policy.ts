/** Trust policy: which keys are trusted, and the checks of manifests and listings from elsewhere. */
import { join } from "@std/path";
import { statIfThere } from "../../base/stat.ts";
import { inputError, isInputError, parse } from "../../base/input_error.ts";
import { extentRefusal } from "../../base/json_extent.ts";
import {
  isName,
  isPathName,
  isPrintable,
  NAME_LENGTH,
  PATH_LENGTH,
  printable,
} from "../../base/names.ts";
import {
  type Artifact,
  Listing,
  type Manifest,
  parseManifest,
} from "../../schemas/manifest.ts";
import { PublicKey, Signatures, Trust } from "../../schemas/signature.ts";
import { jsonIfValid, readIfThere } from "../files/atomic.ts";
import { incoherence } from "./coherence.ts";
import { failure } from "../files/failure.ts";
import { canonical, sha256 } from "../files/hash.ts";
import { keyOf } from "../keys/key.ts";
import { ROOT } from "../keys/project.ts";
import { isSigned } from "./signature.ts";

/** Limits on what is read from elsewhere, checked before anything is parsed or allocated. */
export const LIMITS = {
  manifestBytes: 64 << 20,
  signaturesBytes: 64 << 10,
  listingBytes: 64 << 20,
  /** Of one object. */
  objectBytes: 2 ** 44,
  nodes: 100_000,
  /** Files of a folder. */
  files: 1_000_000,
  nameLength: NAME_LENGTH,
  pathLength: PATH_LENGTH,
  /** Characters of a text that is printed, such as a metric's. */
  valueLength: 65_536,
} as const;

/** Which signatures are accepted. */
export interface Policy {
  /** Names by public key. */
  readonly keys: ReadonlyMap<PublicKey, string>;
  /** Whether unsigned manifests are accepted too; their hashes are checked all the same. */
  readonly unsigned: boolean;
}

export interface PolicyOptions {
  /** The folder of `deno.json`, whose field `trust` names keys; without, the project that the engine lies in. */
  readonly project?: string;
  /** The user's folder, whose `trust.json` names further keys; undefined where the user has none. */
  readonly config: string | undefined;
  /** Keys, files with keys, or names in the policy: if there are any, only these are trusted. */
  readonly signedBy?: readonly string[];
  readonly unsigned?: boolean;
}

export function readPolicy(
  { project = ROOT, config, signedBy = [], unsigned = false }: PolicyOptions,
): Policy {
  const own = join(project, "deno.json");
  const users = config && join(config, "trust.json");
  const known = [
    ...trusted(fieldOf(readJson(own), "trust"), `field "trust" of "${own}"`),
    ...users === undefined ? [] : trusted(readJson(users), `"${users}"`),
  ];
  const named = signedBy.flatMap((given) => keysNamed(given, known));
  return {
    keys: new Map(signedBy.length > 0 ? named : known),
    unsigned,
  };
}

type Named = readonly [key: PublicKey, name: string];

function trusted(value: unknown, what: string): Named[] {
  if (value === undefined) return [];
  return Object.entries(parse(Trust, value, what))
    .map(([name, key]) => [key, name]);
}

/** The keys that a user names: one as it is printed, one by its name in the policy, or those of a file, one a line. */
function keysNamed(given: string, known: readonly Named[]): Named[] {
  if (PublicKey.safeParse(given).success) {
    return [known.find(([key]) => key === given) ?? [given, given]];
  }
  const byName = known.filter(([, name]) => name === given);
  if (byName.length > 0) return byName;
  const refuse = (reason: string) =>
    inputError(
      `Cannot use the key "${given}": ${reason}; expected a public key as "deno task pipeline keygen" prints it, ` +
        "a file with some, or a name of the trust policy.",
    );
  if (statIfThere(given)?.isFile !== true) {
    throw refuse("it is neither a key nor a file nor a name of the policy");
  }
  const lines = (readIfThere(given) ?? "").split("\n").map((line) =>
    line.trim()
  ).filter((line) => line !== "");
  return lines.map((line) => {
    if (PublicKey.safeParse(line).success) return [line, given];
    throw refuse("the file has a line that is no public key");
  });
}

export interface Accepted {
  readonly manifest: Manifest;
  /** The names of the trusted keys that signed it; none where what nobody signed is taken. */
  readonly signedBy: readonly string[];
}

/**
 * Parses the manifest of the experiment `name` from elsewhere, with the text of its signatures.
 *
 * @throws a failure unless a trusted key signed it, it is of this experiment, and its records agree
 */
export function acceptManifest(
  text: string,
  signatures: string | undefined,
  name: string,
  policy: Policy,
): Accepted {
  const what = `the manifest of "${name}"`;
  const signedBy = policy.unsigned
    ? []
    : signersOf(text, signatures, policy, what);
  const manifest = checkManifest(text, what);
  const { name: found } = manifest.experiment;
  if (found !== name) {
    throw failure(
      `Cannot accept ${what}: it is that of the experiment "${found}" under another name; get it anew.`,
    );
  }
  return { manifest, signedBy };
}

/** @throws an input error if no key is trusted, so that nothing could be accepted */
export function requireKeys({ keys, unsigned }: Policy, what: string): void {
  if (unsigned || keys.size > 0) return;
  throw inputError(
    `Cannot accept ${what}: no key is trusted yet; name the signer's public key in the field "trust" of deno.json ` +
      "or with --signed-by, or take what nobody has signed with --unsigned.",
  );
}

/** The names of the trusted keys that signed a manifest. @throws a failure if there is none, or one of theirs is invalid */
export function signersOf(
  text: string,
  signatures: string | undefined,
  policy: Policy,
  what: string,
): string[] {
  requireKeys({ ...policy, unsigned: false }, what);
  const { keys } = policy;
  const refuse = (reason: string) =>
    failure(`Cannot accept ${what}: ${reason}.`);
  if (signatures === undefined) {
    throw refuse("nobody has signed it; its maker can, with the command sign");
  }
  const tooLarge = sizeRefusal(text, LIMITS.manifestBytes) ??
    sizeRefusal(signatures, LIMITS.signaturesBytes);
  if (tooLarge !== undefined) throw refuse(tooLarge);
  const found = Signatures.safeParse(jsonIfValid(signatures)).data;
  if (found === undefined) {
    throw refuse("its signatures are not written as such; get them anew");
  }
  const entries = Object.entries(found.signatures);
  const trusted = entries.filter(([key]) => keys.has(key));
  if (trusted.length === 0) {
    throw refuse(
      `it is signed by ${
        entries.map(([key]) => key).join(", ") || "nobody"
      }, and believed would be only ${
        [...keys.values()].join(", ")
      }; name the key with --signed-by if you know whose it is`,
    );
  }
  const hash = sha256(text);
  if (found.manifest !== hash) {
    throw refuse(
      "it was signed as another text: it was changed since, or it is not what these signatures came with; its maker " +
        "can sign it again",
    );
  }
  const broken = trusted.find(([key, signature]) =>
    !isSigned(hash, key, signature)
  );
  if (broken !== undefined) {
    throw refuse(
      `the signature of ${
        keys.get(broken[0])
      } does not hold, which was changed or is of another key; get both anew`,
    );
  }
  return trusted.map(([key]) => keys.get(key) ?? key);
}

/**
 * Parses a manifest that anybody may have written.
 *
 * @throws a failure if it is too large, not canonical, or its records contradict each other
 */
export function checkManifest(text: string, what: string): Manifest {
  const manifest = readForeign(text, what);
  const found = incoherence(manifest);
  if (found !== undefined) throw failure(incoherent("accept", what, found));
  return manifest;
}

/** Parses a manifest that is only displayed, so that its records need not agree. */
export function readForeign(text: string, what: string): Manifest {
  const refuse = (reason: string) =>
    failure(`Cannot accept ${what}: ${reason}; get it anew.`);
  const tooLarge = sizeRefusal(text, LIMITS.manifestBytes);
  if (tooLarge !== undefined) throw refuse(tooLarge);
  const manifest = parsed(() => parseManifest(text, "it"), refuse);
  // So there is one reading of it: no key twice, nothing that this version does not know.
  if (canonicalOf(manifest) !== text) {
    throw refuse("it is not written as manifests are, in canonical JSON");
  }
  const wrong = nameRefusal(manifest) ?? contradiction(manifest);
  if (wrong !== undefined) throw refuse(wrong);
  return manifest;
}

/** The sentence about a manifest whose records contradict each other. */
export function incoherent(
  verb: string,
  what: string,
  contradiction: string,
): string {
  return `Cannot ${verb} ${what}: ${contradiction}; "deno task pipeline" with its experiment, where it was made, brings all of it up to date.`;
}

/** A key or a code hash that is wrong. */
function contradiction({ nodes, code }: Manifest): string | undefined {
  for (const [hash, described] of Object.entries(code)) {
    if (sha256(canonical(described)) !== hash) {
      return `the code ${hash} has another hash`;
    }
  }
  for (const [name, { key, preimage }] of Object.entries(nodes)) {
    if (keyOf(preimage) !== key) {
      return `the key of node "${name}" is not that of what it was made of`;
    }
    if (!Object.hasOwn(code, preimage.code)) {
      return `the code of node "${name}" is missing`;
    }
  }
  return undefined;
}

/** Parses a listing; undefined if the text is not one, or a path leads out of its folder. */
export function listingIn(text: string): Listing | undefined {
  return Listing.safeParse(jsonIfValid(text)).data;
}

/** Parses the listing of a folder object from elsewhere. @throws a failure if it is not that of the artifact */
export function acceptListing(text: string, artifact: Artifact): Listing {
  const refuse = (reason: string) =>
    failure(
      `Cannot accept the listing of object ${artifact.sha256}: ${reason}; get it anew.`,
    );
  const tooLarge = sizeRefusal(text, LIMITS.listingBytes) ??
    extentRefusal(text);
  if (tooLarge !== undefined) throw refuse(tooLarge);
  if (sha256(text) !== artifact.sha256) throw refuse("it has another hash");
  const listing = parsed(
    () => parse(Listing, jsonIfValid(text), "it"),
    refuse,
  );
  if (listing.length > LIMITS.files) {
    throw refuse(`it names ${listing.length} files, more than ${LIMITS.files}`);
  }
  const paths = new Set(listing.map(({ path }) => path));
  const folders = new Set(listing.flatMap(({ path }) => parentsOf(path)));
  if (
    paths.size < listing.length || !paths.isDisjointFrom(folders)
  ) throw refuse("it names a path twice");
  const bytes = listing.reduce((sum, { bytes }) => sum + bytes, 0);
  if (bytes !== artifact.bytes) {
    throw refuse(`expected files of ${artifact.bytes} bytes, found ${bytes}`);
  }
  return listing;
}

function parentsOf(path: string): string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join("/"));
}

function nameRefusal(
  { experiment, nodes, code }: Manifest,
): string | undefined {
  const records = Object.entries(nodes);
  if (records.length > LIMITS.nodes) {
    return `it has ${records.length} nodes, more than ${LIMITS.nodes}`;
  }
  const large = records.flatMap(([, { outputs }]) => Object.values(outputs))
    .find(({ bytes }) => bytes > LIMITS.objectBytes);
  if (large !== undefined) {
    return `an object of ${large.bytes} bytes is larger than ${LIMITS.objectBytes}`;
  }
  /** What becomes part of a path somewhere: of a folder, a crate, a remote. */
  const pathNames = [
    experiment.name,
    ...records.flatMap(([name, { preimage, outputs }]) => [
      ...name.split(/[:/]/),
      preimage.stage,
      ...Object.keys(outputs),
    ]),
  ];
  const names = records.flatMap(([name, { preimage, ...record }]) => [
    name,
    ...Object.entries(record.inputs).flat(),
    ...Object.values(record.outputs).map(({ mediaType }) => mediaType),
    ...Object.keys(record.metrics),
    ...Object.entries(preimage.inputs).flatMap(([input, outputs]) => [
      input,
      ...Object.keys(outputs),
    ]),
  ]);
  const codes = Object.values(code);
  const paths = [
    ...records.flatMap(([, { preimage }]) => Object.keys(preimage.files)),
    ...codes.flatMap(({ modules, packages, resolutions = {} }) => [
      ...Object.keys(modules),
      ...Object.keys(packages),
      ...Object.entries(resolutions).flat(),
    ]),
  ];
  const wrong = pathNames.find((name) => !isPathName(name)) ??
    names.find((name) => !isName(name)) ??
    paths.find((path) => !isName(path, LIMITS.pathLength));
  if (wrong !== undefined) return `"${shown(wrong)}" is no name`;
  const texts = [
    ...records.flatMap(([, { metrics }]) => Object.values(metrics)),
    ...codes.flatMap(({ packages, printer = "" }) => [
      ...Object.values(packages),
      printer,
    ]),
  ].map(String);
  const unreadable = texts.find((text) =>
    text.length > LIMITS.valueLength || !isPrintable(text)
  );
  return unreadable === undefined
    ? undefined
    : `"${shown(unreadable)}" is no text that can be printed`;
}

function sizeRefusal(text: string, most: number): string | undefined {
  return text.length > most
    ? `expected at most ${most} bytes, found ${text.length}`
    : undefined;
}

/** Quotes text from elsewhere in a message: printable, and long words shortened. */
function shown(text: string): string {
  return printable(text.slice(0, 10_000)).replace(/(\S{80})\S+/gu, "$1…").slice(
    0,
    400,
  );
}

/** Turns an input error into a refusal, as the user did not write the text. */
function parsed<T>(read: () => T, refuse: (reason: string) => Error): T {
  try {
    return read();
  } catch (error) {
    if (!isInputError(error)) throw error;
    throw refuse(
      shown(
        error.message.replace(/^Cannot (read|use) [^:]*: /, "")
          .replace(/;.*/s, "").replace(/\.$/, ""),
      ),
    );
  }
}

/** The canonical text of a manifest, or undefined if a text in it is not valid Unicode. */
function canonicalOf(manifest: Manifest): string | undefined {
  try {
    return canonical(manifest) + "\n";
  } catch {
    return undefined;
  }
}

function readJson(path: string): unknown {
  const text = readIfThere(path);
  if (text === undefined) return undefined;
  const value = jsonIfValid(text);
  if (value !== undefined) return value;
  throw inputError(`Cannot read "${path}": it is no JSON.`);
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === "object" && value !== null
    ? Object.entries(value).find(([key]) => key === field)?.[1]
    : undefined;
}
