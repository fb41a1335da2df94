/** Short files of a remote as text: no longer than they may be, tried again where they were cut. */
import { failure } from "../../engine/files/failure.ts";
import type { Content, Remote } from "./remote.ts";
import { type Patience, persist, unreachable } from "./request.ts";

/** The text of a file of at most so many bytes, or undefined where there is none. */
export async function readText(
  remote: Remote,
  path: string,
  most: number,
  patience: Patience,
): Promise<string | undefined> {
  const refuse = (reason: string) =>
    failure(`Cannot read "${path}" of "${remote.name}": ${reason}.`);
  return await persist(patience, async () => {
    const content = await remote.read(path, 0);
    if (content === undefined) return { value: undefined };
    // Grows up to what is allowed, and is given back at once: as garbage, that of a few refusals would add up.
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

/** Gives why it stopped where the connection ended first, and whether more came than there is room for. */
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
