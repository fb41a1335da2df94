/** Fetches files of the build, checks their hashes and keeps them for offline use. */
import type { CheckedFile } from "./model/translation.ts";

interface Checked {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Fulfilled once the bytes are kept, or cannot be: then the service worker says so. */
  readonly kept: Promise<void>;
}

/** A file's bytes, which are being kept; an error of one sentence where it cannot be had or is another. */
export async function checked(
  { url, sha256, kept }: CheckedFile,
): Promise<Checked> {
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
  return {
    bytes: new Uint8Array(bytes),
    kept: keep(kept, bytes).catch(() => {}),
  };
}

async function keep(
  place: CheckedFile["kept"],
  bytes: ArrayBuffer,
): Promise<void> {
  if (place === undefined) return;
  // Copied before anyone else has the bytes.
  const response = new Response(bytes);
  const files = await caches.open(place.cache);
  if (await files.match(place.address) === undefined) {
    await files.put(place.address, response);
  }
}

async function hashOf(bytes: ArrayBuffer): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return Array.from(
    new Uint8Array(digest),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
}
