/** Pushes an experiment: uploads the objects that a remote lacks, and the manifest last. */
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
import type { Listener, Transferred } from "./transfer/download.ts";
import type { Contents } from "./transfer/contents.ts";
import { inParallel } from "./remotes/parallel.ts";
import { readSignatures } from "./pull.ts";
import {
  idOf,
  keyPath,
  type LocalFile,
  objectPath,
  partialPath,
  type Remote,
  sharedManifestPath,
  sharedSignaturesPath,
  type Writer,
} from "./remotes/remote.ts";
import { mergeSignatures } from "./transfer/signatures.ts";
import { transferProgress } from "./transfer/progress.ts";
import { readText } from "./remotes/text.ts";
import { isNodeHeld } from "./transfer/held.ts";
import { isIntact } from "./remotes/read_back.ts";

export interface PushOptions {
  /** Reads back what the remote has, and uploads it again if it is damaged. */
  readonly paranoid: boolean;
  /** Takes the name from another experiment. */
  readonly force?: boolean;
}

/** Fewer than downloads, as uploads are held in memory. */
const CONCURRENT_UPLOADS = 8;

export async function push(
  contents: Contents,
  remote: Remote,
  options: PushOptions,
  listener: Listener,
): Promise<Transferred> {
  const writer = writerOf(remote);
  const { text, hash, manifest } = contents;
  const { name } = manifest.experiment;
  // Checked before the transfer, and again before the name is given to another manifest.
  await checkHead(contents, remote, options);
  const { files, listings } = contents;
  const isMissing = await missingThere(
    [...files, ...listings],
    remote,
    writer,
    options,
  );
  const missing = [...isMissing];
  const bytes = missing.reduce((sum, { bytes }) => sum + bytes, 0);
  const progress = transferProgress(
    { objects: missing.length, bytes },
    listener.progress,
  );
  // Listings come last: where one is, its folder is whole.
  for (const all of [files, listings]) {
    const some = all.filter((file) => isMissing.has(file));
    await inParallel(some, CONCURRENT_UPLOADS, async (file) => {
      await writer.putFile(objectPath(file.sha256), file, (bytes) => {
        remote.network.signal?.throwIfAborted();
        progress.add(bytes);
      });
      progress.finish();
    });
  }

  const { before, other } = await checkHead(contents, remote, options);
  await pushSignatures(contents, remote, writer);
  const isPartial = await markPartial(contents, writer);
  // In a partial one, this push may hold more, or complete one that was cut.
  if (before === text && !isPartial && !options.paranoid) {
    return { objects: missing.length, bytes };
  }
  await writer.putText(objectPath(hash), text);
  const keys = new Set(
    Object.values(manifest.nodes)
      .filter((record) => isNodeHeld(contents.held, record))
      .map(({ key }) => key),
  );
  const named = { experiment: name, sha256: hash };
  await inParallel([...keys], CONCURRENT_UPLOADS, async (key) => {
    await pushKey(key, named, remote, writer);
  });
  if (before !== undefined && other !== undefined) {
    await writer.putText(sharedManifestPath(other), before);
    listener.notice(
      `What was "${name}" in "${remote.name}" is of another experiment; it stays there as "${other}".`,
    );
  }
  await writer.putText(sharedManifestPath(idOf(manifest.experiment)), text);
  await writer.putText(sharedManifestPath(name), text);
  return { objects: missing.length, bytes };
}

/** The manifest with this name in the remote, and its id if it is of another experiment. */
interface Head {
  readonly before?: string;
  readonly other?: string;
}

/**
 * Reads the manifest with this name in the remote.
 *
 * @throws {Error} A failure if it is of another experiment that shares no node with this one.
 */
async function checkHead(
  { manifest }: Contents,
  remote: Remote,
  { force }: PushOptions,
): Promise<Head> {
  const { name } = manifest.experiment;
  const head = sharedManifestPath(name);
  const { manifestBytes } = LIMITS;
  const before = await readText(remote, head, manifestBytes);
  const current = parseManifest(before ?? "");
  // A manifest that nobody could pull by this name is no obstacle.
  if (current?.experiment.name !== name) return { before };
  const other = idOf(current.experiment);
  if (other === idOf(manifest.experiment)) return { before };
  const keys = new Set(Object.values(manifest.nodes).map(({ key }) => key));
  const isRelated = Object.values(current.nodes).some(({ key }) =>
    keys.has(key)
  );
  if (isRelated || force) return { before, other };
  throw failure(
    `Cannot push "${name}" to "${remote.name}": the experiment of that name there is another one, which has no node in ` +
      `common with this one; give the file of yours another name and run it, or take the name with --force, after which ` +
      `the other one is "${other}".`,
  );
}

function parseManifest(text: string): Manifest | undefined {
  try {
    return readForeign(text, "what is there");
  } catch (error) {
    if (!isFailure(error)) throw error;
    return undefined;
  }
}

/** @throws {Error} An input error if the remote is read-only. */
export function writerOf({ name, writer }: Remote): Writer {
  if (writer !== undefined) return writer;
  throw inputError(
    `Cannot push to "${name}": a web server is only read from; push to the folder or the store that it serves.`,
  );
}

/** The files that the remote lacks. */
async function missingThere(
  all: readonly LocalFile[],
  remote: Remote,
  writer: Writer,
  { paranoid }: PushOptions,
): Promise<ReadonlySet<LocalFile>> {
  const missing = new Set<LocalFile>();
  await inParallel(all, 2 * CONCURRENT_UPLOADS, async (file) => {
    const path = objectPath(file.sha256);
    const isPresent = await writer.size(path) === file.bytes &&
      (!paranoid || await isIntact(remote, path, file));
    if (!isPresent) missing.add(file);
  });
  return missing;
}

async function pushSignatures(
  { hash, signatures }: Contents,
  remote: Remote,
  writer: Writer,
): Promise<void> {
  if (signatures === undefined) return;
  const there = await readSignatures(remote, hash);
  const merged = mergeSignatures(hash, signatures, there);
  if (merged !== there) {
    await writer.putText(sharedSignaturesPath(hash), merged);
  }
}

/**
 * Marks the manifest as partly there before it is there, if not all of it is sent; returns whether it is marked. The mark
 * says nothing else and stays, so pushes at the same time cannot undo each other's.
 */
async function markPartial(
  { hash, held }: Contents,
  writer: Writer,
): Promise<boolean> {
  const path = partialPath(hash);
  if (await writer.size(path) !== undefined) return true;
  const isWhole = held === undefined ||
    await writer.size(objectPath(hash)) !== undefined;
  if (isWhole) return false;
  await writer.putText(path, "Not all that the manifest names was sent.\n");
  return true;
}

/** Puts a manifest first in the record of a key, before those that contained it earlier. */
async function pushKey(
  key: string,
  named: KeyRecord["manifests"][number],
  remote: Remote,
  writer: Writer,
): Promise<void> {
  const path = keyPath(key);
  const text = await readText(remote, path, RECORD_BYTES);
  const others = (readKeyRecord(text)?.manifests ?? [])
    .filter(({ sha256 }) => sha256 !== named.sha256);
  const record = canonical({
    schema: KEY_RECORD_SCHEMA,
    manifests: [named, ...others].slice(0, NAMED_MANIFESTS),
  }) + "\n";
  if (record !== text) await writer.putText(path, record);
}
