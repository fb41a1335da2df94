/** Pushes the manifest of an artifact folder and all that it names to a remote: what is missing there, the manifest last. */
import { canonical } from "../engine/files/hash.ts";
import { failure, isFailure } from "../engine/files/failure.ts";
import { LIMITS, readForeign } from "../engine/provenance/trust_policy.ts";
import { inputError } from "../base/input_error.ts";
import type { Manifest } from "../schemas/manifest.ts";
import {
  KEY_RECORD_SCHEMA,
  type KeyRecord,
  NAMED_MANIFESTS,
} from "../schemas/sharing.ts";
import { readKeyRecord, RECORD_BYTES } from "./remote_cache.ts";
import type { Ears, Moved } from "./transfer/download.ts";
import type { Contents } from "./transfer/contents.ts";
import { inParallel } from "./remotes/parallel.ts";
import { readSignatures } from "./pull.ts";
import {
  idOf,
  keyPath,
  type LocalFile,
  objectPath,
  type Remote,
  sharedManifestPath,
  sharedSignaturesPath,
  type Writer,
} from "./remotes/remote.ts";
import type { Patience } from "./remotes/request.ts";
import { mergeSignatures } from "./transfer/signatures.ts";
import { tally } from "./transfer/progress.ts";
import { readText } from "./remotes/text.ts";
import { isWholeThere } from "./remotes/read_back.ts";

export interface PushOptions {
  /** Whether what is there already is read back, and sent again where it is damaged. */
  readonly paranoid: boolean;
  /** Whether the manifest of an experiment that only has the same name is replaced. */
  readonly force?: boolean;
  readonly patience: Patience;
}

/** What goes up is read whole into memory piece by piece, so fewer at once than come down. */
const LANES = 8;

export async function push(
  contents: Contents,
  remote: Remote,
  options: PushOptions,
  ears: Ears,
): Promise<Moved> {
  const writer = writerOf(remote);
  const { text, hash, manifest } = contents;
  const { name } = manifest.experiment;
  // Before anything moves, and again before the name is given to another manifest.
  await checkHead(contents, remote, options);
  const missing = await missingThere(contents, remote, writer, options);
  const bytes = missing.reduce((sum, { bytes }) => sum + bytes, 0);
  const told = tally({ objects: missing.length, bytes }, ears.progress);
  await inParallel(missing, LANES, async (file) => {
    await writer.putFile(objectPath(file.sha256), file, (bytes) => {
      options.patience.signal?.throwIfAborted();
      told.add(bytes);
    });
    told.finish();
  });

  const { before, other } = await checkHead(contents, remote, options);
  await pushSignatures(contents, remote, writer, options);
  if (before === text && !options.paranoid) {
    return { objects: missing.length, bytes };
  }
  await writer.putText(objectPath(hash), text);
  const keys = new Set(Object.values(manifest.nodes).map(({ key }) => key));
  const named = { experiment: name, sha256: hash };
  await inParallel([...keys], LANES, async (key) => {
    await pushKey(key, named, remote, writer, options);
  });
  if (before !== undefined && other !== undefined) {
    await writer.putText(sharedManifestPath(other), before);
    ears.notice(
      `What was "${name}" in "${remote.name}" is of another experiment; it stays there as "${other}".`,
    );
  }
  await writer.putText(sharedManifestPath(idOf(manifest.experiment)), text);
  await writer.putText(sharedManifestPath(name), text);
  return { objects: missing.length, bytes };
}

/** The manifest that has the name there, and its id where it is of another experiment. */
interface Head {
  readonly before?: string;
  readonly other?: string;
}

/** A failure where the name is that of another experiment there, of which this one is no later form. */
async function checkHead(
  { manifest }: Contents,
  remote: Remote,
  { force, patience }: PushOptions,
): Promise<Head> {
  const { name } = manifest.experiment;
  const head = sharedManifestPath(name);
  const { manifestBytes } = LIMITS;
  const before = await readText(remote, head, manifestBytes, patience);
  const there = headOf(before ?? "");
  // What nobody could pull by this name is in nobody's way.
  if (there?.experiment.name !== name) return { before };
  const other = idOf(there.experiment);
  if (other === idOf(manifest.experiment)) return { before };
  const keys = new Set(Object.values(manifest.nodes).map(({ key }) => key));
  const isRelated = Object.values(there.nodes).some(({ key }) => keys.has(key));
  if (isRelated || force) return { before, other };
  throw failure(
    `Cannot push "${name}" to "${remote.name}": the experiment of that name there is another one, which has no node in ` +
      `common with this one; give the file of yours another name and run it, or take the name with --force, after which ` +
      `the other one is "${other}".`,
  );
}

function headOf(text: string): Manifest | undefined {
  try {
    return readForeign(text, "what is there");
  } catch (error) {
    if (!isFailure(error)) throw error;
    return undefined;
  }
}

/** An input error where a remote can only be read. */
export function writerOf({ name, writer }: Remote): Writer {
  if (writer !== undefined) return writer;
  throw inputError(
    `Cannot push to "${name}": a web server is only read from; push to the folder or the store that it serves.`,
  );
}

/** The listings come first, so that what a cut leaves there can be gone on with by anybody. */
async function missingThere(
  { listings, files }: Contents,
  remote: Remote,
  writer: Writer,
  { paranoid, patience }: PushOptions,
): Promise<LocalFile[]> {
  const all = [...listings, ...files];
  const missing = new Set<LocalFile>();
  await inParallel(all, 2 * LANES, async (file) => {
    const path = objectPath(file.sha256);
    const isThere = await writer.size(path) === file.bytes &&
      (!paranoid || await isWholeThere(remote, path, file, patience));
    if (!isThere) missing.add(file);
  });
  return all.filter((file) => missing.has(file));
}

async function pushSignatures(
  { hash, signatures }: Contents,
  remote: Remote,
  writer: Writer,
  { patience }: PushOptions,
): Promise<void> {
  if (signatures === undefined) return;
  const there = await readSignatures(remote, hash, patience);
  const merged = mergeSignatures(hash, signatures, there);
  if (merged !== there) {
    await writer.putText(sharedSignaturesPath(hash), merged);
  }
}

/** Names a manifest first in the record of a key, before those that named it earlier. */
async function pushKey(
  key: string,
  named: KeyRecord["manifests"][number],
  remote: Remote,
  writer: Writer,
  { patience }: PushOptions,
): Promise<void> {
  const path = keyPath(key);
  const text = await readText(remote, path, RECORD_BYTES, patience);
  const others = (readKeyRecord(text)?.manifests ?? [])
    .filter(({ sha256 }) => sha256 !== named.sha256);
  const record = canonical({
    schema: KEY_RECORD_SCHEMA,
    manifests: [named, ...others].slice(0, NAMED_MANIFESTS),
  }) + "\n";
  if (record !== text) await writer.putText(path, record);
}
