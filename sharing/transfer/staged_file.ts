/** Downloads one file into staging: hashes it on the way, resumes where a connection broke. */
import { createHash, type Hash } from "node:crypto";
import { dirname } from "@std/path";
import { lstatIfThere } from "../../base/stat.ts";
import { removeIfThere } from "../../engine/files/atomic.ts";
import { chunksOf } from "../remotes/chunks.ts";
import type { Remote } from "../remotes/remote.ts";
import { INTERRUPTED, retry, unreachable } from "../remotes/request.ts";

export interface Expected {
  readonly sha256: string;
  readonly bytes: number;
}

/** A connection that transfers fewer bytes before it breaks has made no progress: otherwise a trickle would be retried for ever. */
const PROGRESS_BYTES = 4096;

/** The bit of a file's mode that lets its owner write. */
const WRITABLE = 0o200;

/** `absent`: the remote has no such file; `mismatch`: its bytes do not have the expected hash. */
export type Outcome = "complete" | "absent" | "mismatch";

/** A file that is written and hashed; what it holds already counts as the beginning. */
interface Sink {
  bytes(): number;
  write(chunk: Uint8Array): Promise<void>;
  /** Empties the file. */
  restart(): void;
  /** Syncs the file; returns the hash of all bytes. */
  finish(): Promise<string>;
  [Symbol.dispose](): void;
}

/**
 * Downloads the file `from` of a remote to a path and syncs it. If the connection breaks, the beginning stays there for the next attempt; on any
 * other outcome than "complete" the path is removed.
 *
 * @throws {Error} A failure if the remote cannot be reached.
 */
export async function receive(
  remote: Remote,
  from: string,
  path: string,
  expected: Expected,
  received: (bytes: number) => void,
): Promise<Outcome> {
  using sink = await openSink(path, expected);
  received(sink.bytes());
  const isResumed = sink.bytes() > 0;
  const { network, name } = remote;
  const download = () =>
    retry<Outcome>(network, async () => {
      const before = sink.bytes();
      const outcome = before === expected.bytes
        ? "complete"
        : await fill(sink, remote, from, expected, received);
      const progress = Math.min(network.minimumBytes, PROGRESS_BYTES);
      const advanced = sink.bytes() - before >= progress;
      return typeof outcome === "string"
        ? { value: outcome }
        : { ...outcome, advanced };
    }, (reason) => unreachable(name, reason));
  const isIntact = async () => await sink.finish() === expected.sha256;
  let outcome = await download();
  if (outcome === "complete" && await isIntact()) return "complete";
  // What was here may have been the beginning of something else.
  if (outcome !== "absent" && isResumed) {
    received(-sink.bytes());
    sink.restart();
    outcome = await download();
    if (outcome === "complete" && await isIntact()) return "complete";
  }
  removeIfThere(path);
  received(-sink.bytes());
  return outcome === "complete" ? "mismatch" : outcome;
}

/** Appends the rest of a file; returns the reason if the connection broke before its end. */
async function fill(
  sink: Sink,
  remote: Remote,
  from: string,
  expected: Expected,
  received: (bytes: number) => void,
): Promise<Outcome | { readonly reason: string }> {
  const before = sink.bytes();
  const content = await remote.read(from, before);
  if (content === undefined) return "absent";
  try {
    if (content.start === 0 && sink.bytes() > 0) {
      received(-sink.bytes());
      sink.restart();
    }
    const chunks = content.bytes[Symbol.asyncIterator]();
    for (;;) {
      let next: IteratorResult<Uint8Array>;
      try {
        next = await chunks.next();
      } catch (error) {
        return { reason: error instanceof Error ? error.message : `${error}` };
      }
      if (next.done === true) break;
      if (remote.network.signal?.aborted) return { reason: INTERRUPTED };
      if (sink.bytes() + next.value.length > expected.bytes) return "mismatch";
      await sink.write(next.value);
      received(next.value.length);
    }
  } finally {
    await content.discard();
  }
  if (sink.bytes() === expected.bytes) return "complete";
  // Asked once more, it ends at the same place: the file is shorter than it should be.
  return before > 0 && sink.bytes() === before
    ? "mismatch"
    : { reason: "it ended before all had come" };
}

async function openSink(
  path: string,
  { bytes: most }: Expected,
): Promise<Sink> {
  // Asynchronous: while a disk syncs earlier files, opening a new one blocks, and would block all downloads.
  await Deno.mkdir(dirname(path), { recursive: true });
  removeSealed(path);
  const file = await Deno.open(path, { read: true, write: true, create: true });
  const { size } = file.statSync();
  let [hash, bytes]: [Hash, number] = [createHash("sha256"), 0];
  const restart = () => {
    file.truncateSync(0);
    file.seekSync(0, Deno.SeekMode.Start);
    [hash, bytes] = [createHash("sha256"), 0];
  };
  if (size > most) restart();
  else if (size > 0) {
    for await (const chunk of chunksOf(file)) {
      hash.update(chunk);
      bytes += chunk.length;
    }
  }
  return {
    bytes: () => bytes,
    write: async (chunk) => {
      // Another thread writes while this one hashes.
      const written = writeAll(file, chunk);
      hash.update(chunk);
      bytes += chunk.length;
      await written;
    },
    restart,
    finish: async () => {
      await file.sync();
      return hash.copy().digest("hex");
    },
    [Symbol.dispose]: () => file.close(),
  };
}

/** Removes a file that is read-only already, as a command leaves it that was killed while it committed it. */
export function removeSealed(path: string): void {
  const mode = lstatIfThere(path)?.mode ?? WRITABLE;
  if ((mode & WRITABLE) === 0) removeIfThere(path);
}

async function writeAll(
  file: Deno.FsFile,
  bytes: Uint8Array,
): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await file.write(bytes.subarray(at));
  }
}
