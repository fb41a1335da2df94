/** The worker that parses request bodies, one after another. */
/// <reference lib="deno.worker" />
import { loadSubwords } from "../../../nmt/text/subwords/subwords.ts";
import type { Answer, Opening } from "./readers.ts";
import { bodyReader } from "./reading.ts";
import { isRefusal } from "../http/refusal.ts";

let read: ReturnType<typeof bodyReader> | undefined;

self.onmessage = async (
  { data }: MessageEvent<Opening | Uint8Array<ArrayBuffer>>,
) => {
  self.postMessage(await answer(data));
};

async function answer(
  question: Opening | Uint8Array<ArrayBuffer>,
): Promise<Answer> {
  try {
    if (!(question instanceof Uint8Array)) {
      const { tokenizer, limits, beam } = question;
      read = bodyReader(await loadSubwords(tokenizer), limits, beam);
      return {};
    }
    if (read === undefined) throw new Error("no subwords were loaded");
    return await read(question);
  } catch (error) {
    if (isRefusal(error)) {
      return { refused: { status: error.status, message: error.message } };
    }
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
