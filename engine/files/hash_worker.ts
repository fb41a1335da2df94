/** A worker that hashes the files whose paths it receives. */
/// <reference lib="deno.worker" />
import { hashFile } from "./hash.ts";
import type { Answer } from "./parallel_hash.ts";

self.onmessage = async ({ data: path }: MessageEvent<string>) => {
  self.postMessage(await answer(path));
};

async function answer(path: string): Promise<Answer> {
  try {
    return await hashFile(path);
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
