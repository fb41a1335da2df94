/** Parses request bodies in a worker, so that a slow one does not block the server. */
import { ask, type Refusal } from "../../../base/ask_worker.ts";
import type { ServeLimits } from "../../../schemas/http_api.ts";
import type { ReadRequest } from "./reading.ts";
import { refusal } from "../http/refusal.ts";

/** The first message to a worker. */
export interface Opening {
  readonly tokenizer: string;
  readonly limits: ServeLimits;
  /** That the model was measured with. */
  readonly beam: number;
}

/** What it answers: nothing to its opening, what a body says, or why it does not. */
export type Answer = Record<never, never> | ReadRequest | Refused | Refusal;

interface Refused {
  readonly refused: { readonly status: number; readonly message: string };
}

export interface Reader extends Disposable {
  /** Bodies are read one after another; one whose signal is aborted is not waited for. */
  read(
    body: Uint8Array<ArrayBuffer>,
    signal: AbortSignal,
  ): Promise<ReadRequest>;
}

export async function openReader(opening: Opening): Promise<Reader> {
  const url = new URL("./reading_worker.ts", import.meta.url).href;
  const worker = new Worker(url, { type: "module" });
  await ask(worker, opening);
  let turn: Promise<unknown> = Promise.resolve();
  return {
    read: async (body, signal) => {
      const answer = turn.then(() => {
        signal.throwIfAborted();
        return ask<ReadRequest | Refused>(worker, body, [body.buffer]);
      });
      turn = answer.catch(() => {});
      const found = await unlessAborted(answer, signal);
      if (!("refused" in found)) return found;
      throw refusal(found.refused.status, found.refused.message);
    },
    [Symbol.dispose]: () => worker.terminate(),
  };
}

async function unlessAborted<T>(
  value: Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    signal.throwIfAborted();
    return await Promise.race([value, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
