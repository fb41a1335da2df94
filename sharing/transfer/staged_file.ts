/** One file that arrives: hashed as it comes, gone on with where it was cut, and nothing but what was expected. */
import { createHash, type Hash } from "node:crypto";
import { dirname } from "@std/path";
import { removeIfThere } from "../../engine/files/atomic.ts";
import { chunksOf } from "../remotes/chunks.ts";
import type { Content } from "../remotes/remote.ts";
import { INTERRUPTED, type Patience, persist } from "../remotes/request.ts";

export interface Expected {
  readonly sha256: string;
  readonly bytes: number;
}

/** A connection that brings fewer before it breaks has made no progress: a byte now and then has no end. */
const PROGRESS_BYTES = 4096;

/** `absent` is not there, `other` has other bytes than its name says. */
export type Arrival = "whole" | "absent" | "other";

/** Where bytes are written and hashed; what lies there already is taken for their beginning. */
interface Sink {
  bytes(): number;
  write(chunk: Uint8Array): Promise<void>;
  /** Begins anew. */
  restart(): void;
  /** Syncs; the hash of all bytes. */
  finish(): Promise<string>;
  [Symbol.dispose](): void;
}

/**
 * Leaves a file of a remote at a path, its bytes on the disk; unless it is whole, nothing is left there but a beginning
 * where the connection gave way.
 */
export async function receive(
  read: (from: number) => Promise<Content | undefined>,
  path: string,
  expected: Expected,
  patience: Patience,
  giveUp: (reason: string) => Error,
  received: (bytes: number) => void,
): Promise<Arrival> {
  using sink = await openSink(path, expected);
  received(sink.bytes());
  const isResumed = sink.bytes() > 0;
  const arrive = () =>
    persist<Arrival>(patience, async () => {
      const before = sink.bytes();
      const outcome = before === expected.bytes
        ? "whole"
        : await fill(sink, read, expected, received, patience);
      const progress = Math.min(patience.least, PROGRESS_BYTES);
      const advanced = sink.bytes() - before >= progress;
      return typeof outcome === "string"
        ? { value: outcome }
        : { ...outcome, advanced };
    }, giveUp);
  const isRight = async () => await sink.finish() === expected.sha256;
  let arrival = await arrive();
  if (arrival === "whole" && await isRight()) return "whole";
  // What lay here may have been the beginning of something else.
  if (arrival !== "absent" && isResumed) {
    received(-sink.bytes());
    sink.restart();
    arrival = await arrive();
    if (arrival === "whole" && await isRight()) return "whole";
  }
  removeIfThere(path);
  received(-sink.bytes());
  return arrival === "whole" ? "other" : arrival;
}

/** Reads on from where a file ends; gives why it stopped where the connection ended first. */
async function fill(
  sink: Sink,
  read: (from: number) => Promise<Content | undefined>,
  expected: Expected,
  received: (bytes: number) => void,
  { signal }: Patience,
): Promise<Arrival | { readonly reason: string }> {
  const content = await read(sink.bytes());
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
      if (signal?.aborted) return { reason: INTERRUPTED };
      if (sink.bytes() + next.value.length > expected.bytes) return "other";
      await sink.write(next.value);
      received(next.value.length);
    }
  } finally {
    await content.discard();
  }
  return sink.bytes() === expected.bytes
    ? "whole"
    : { reason: "it ended before all had come" };
}

async function openSink(
  path: string,
  { bytes: most }: Expected,
): Promise<Sink> {
  // Not in this thread: a disk that syncs what came before lets a new file wait, and all that arrives would wait with it.
  await Deno.mkdir(dirname(path), { recursive: true });
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
      const written = writeWhole(file, chunk);
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

async function writeWhole(
  file: Deno.FsFile,
  bytes: Uint8Array,
): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await file.write(bytes.subarray(at));
  }
}
