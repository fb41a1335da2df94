/** Reads a file of a remote back to check it. */
import { createHash } from "node:crypto";
import type { Expected } from "../transfer/staged_file.ts";
import type { Remote } from "./remote.ts";
import { INTERRUPTED, retry, unreachable } from "./request.ts";

/** Whether a file of a remote exists there with the expected size and hash. */
export async function isIntact(
  remote: Pick<Remote, "name" | "network" | "read">,
  path: string,
  expected: Expected,
): Promise<boolean> {
  return await retry<boolean>(remote.network, async () => {
    const content = await remote.read(path, 0);
    if (content === undefined) return { value: false };
    const hash = createHash("sha256");
    let bytes = 0;
    try {
      for await (const chunk of content.bytes) {
        hash.update(chunk);
        bytes += chunk.length;
        if (bytes > expected.bytes) return { value: false };
        if (remote.network.signal?.aborted) return { reason: INTERRUPTED };
      }
    } catch (error) {
      return { reason: error instanceof Error ? error.message : `${error}` };
    } finally {
      await content.discard();
    }
    // A connection that is cut may end without an error.
    if (bytes < expected.bytes) {
      return { reason: "it ended before all had come" };
    }
    return { value: hash.digest("hex") === expected.sha256 };
  }, (reason) => unreachable(remote.name, reason));
}
