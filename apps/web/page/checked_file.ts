/** Fetches files of the build, checks their hashes and keeps them for offline use. */
import type { CheckedFile } from "./model/translation.ts";

/** The bytes of a file; an error of one sentence where it cannot be had or is another. */
export async function bytesOf(
  { url, sha256, kept }: CheckedFile,
): Promise<Uint8Array<ArrayBuffer>> {
  const name = decodeURIComponent(new URL(url).pathname);
  let bytes: ArrayBuffer;
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`the server says ${response.status}`);
    bytes = await response.arrayBuffer();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(
      `Cannot load ${name}: ${why}; reload the page to try again.`,
    );
  }
  const found = await hashOf(bytes);
  if (found !== sha256) {
    throw new Error(
      `Cannot use ${name}: it is not the file of this build, expected the SHA-256 ${
        sha256.slice(0, 12)
      }…, found ${
        found.slice(0, 12)
      }…; reload the page, or build and upload it again.`,
    );
  }
  // The service worker then need not fetch it. Where nothing can be kept, it says so.
  keep(kept, bytes).catch(() => {});
  return new Uint8Array(bytes);
}

async function keep(
  { cache, address }: CheckedFile["kept"],
  bytes: ArrayBuffer,
): Promise<void> {
  const files = await caches.open(cache);
  if (await files.match(address) === undefined) {
    await files.put(address, new Response(bytes));
  }
}

async function hashOf(bytes: ArrayBuffer): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return Array.from(
    new Uint8Array(digest),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
}
