/** Reads short text files of a remote, with a size limit and retries. */
import { failure } from "../../engine/files/failure.ts";
import type { Content, Remote } from "./remote.ts";
import { retry, unreachable } from "./request.ts";

/**
 * The text of a file, or undefined if there is none.
 *
 * @throws {Error} A failure if it has more than `most` bytes, is not UTF-8 or cannot be read.
 */
export async function readText(
  remote: Remote,
  path: string,
  most: number,
): Promise<string | undefined> {
  const refuse = (reason: string) =>
    failure(`Cannot read "${path}" of "${remote.name}": ${reason}.`);
  return await retry(remote.network, async () => {
    const content = await remote.read(path, 0);
    if (content === undefined) return { value: undefined };
    // Freed below at once: left to garbage collection, the memory of a few refused files would add up.
    const memory = new ArrayBuffer(0, { maxByteLength: most });
    try {
      const { reason, isMore } = await fill(memory, content);
      if (isMore) throw refuse(`it has more than ${most} bytes`);
      if (reason !== undefined) return { reason };
      const text = textOf(memory);
      if (text === undefined) throw refuse("it is no text in UTF-8");
      return { value: text };
    } finally {
      memory.resize(0);
      await content.discard();
    }
  }, (reason) => unreachable(remote.name, reason));
}

/** Reads into memory; returns the reason if the connection broke, and whether there was more than fits. */
async function fill(
  memory: ArrayBuffer,
  { bytes }: Content,
): Promise<{ readonly reason?: string; readonly isMore: boolean }> {
  try {
    for await (const chunk of bytes) {
      const size = memory.byteLength;
      if (size + chunk.length > memory.maxByteLength) return { isMore: true };
      memory.resize(size + chunk.length);
      new Uint8Array(memory).set(chunk, size);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : `${error}`;
    return { reason, isMore: false };
  }
  return { isMore: false };
}

function textOf(memory: ArrayBuffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(memory);
  } catch {
    return undefined;
  }
}
