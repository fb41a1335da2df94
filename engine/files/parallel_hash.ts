/** Hashes many files on all cores, in the order of the requests. */
import { ask, type Refusal } from "../../base/ask_worker.ts";
import { hashFile } from "./hash.ts";

export interface Hashers extends Disposable {
  hash(path: string): Promise<Hashed>;
}

export interface Hashed {
  readonly sha256: string;
  readonly bytes: number;
}

/** The answer of a worker. */
export type Answer = Hashed | Refusal;

/** Starts a worker for each core; with one core, files are hashed on this thread. */
export function openHashers(cores: number): Hashers {
  if (cores < 2) return { hash: hashFile, [Symbol.dispose]: () => {} };
  const url = new URL("./hash_worker.ts", import.meta.url).href;
  const workers = Array.from(
    { length: cores },
    () => new Worker(url, { type: "module" }),
  );
  const idle = [...workers];
  const waiting: ((worker: Worker) => void)[] = [];
  const take = () => {
    const worker = idle.pop();
    return worker === undefined
      ? new Promise<Worker>((resolve) => waiting.push(resolve))
      : Promise.resolve(worker);
  };
  const give = (worker: Worker) => {
    const next = waiting.shift();
    if (next === undefined) idle.push(worker);
    else next(worker);
  };
  return {
    hash: async (path) => {
      const worker = await take();
      try {
        return await ask<Hashed>(worker, path);
      } finally {
        give(worker);
      }
    },
    [Symbol.dispose]: () => workers.forEach((worker) => worker.terminate()),
  };
}
