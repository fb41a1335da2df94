/** Short files of a remote as text: no longer than they may be, tried again where they were cut. */
import { failure } from "../engine/failure.ts";
import type { Remote } from "./remote.ts";
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
  const bytes = await persist(patience, async () => {
    const content = await remote.read(path, 0);
    if (content === undefined) return { value: undefined };
    const chunks: Uint8Array[] = [];
    let size = 0;
    try {
      for await (const chunk of content.bytes) {
        size += chunk.length;
        if (size > most) break;
        chunks.push(chunk.slice());
      }
    } catch (error) {
      return { reason: error instanceof Error ? error.message : `${error}` };
    } finally {
      await content.discard();
    }
    if (size > most) throw refuse(`it has more than ${most} bytes`);
    return { value: chunks };
  }, (reason) => unreachable(remote.name, reason));
  if (bytes === undefined) return undefined;
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  try {
    return bytes.map((chunk) => decoder.decode(chunk, { stream: true }))
      .join("") + decoder.decode();
  } catch {
    throw refuse("it is no text in UTF-8");
  }
}
