/** Hashes many files on all cores: a file a worker at a time, in the order in which they were asked for. */
import { ask, type Refusal } from "./ask_worker.ts";
import { hashFile } from "./hash.ts";

export interface Hashers extends Disposable {
  hash(path: string): Promise<Hashed>;
}

export interface Hashed {
  readonly sha256: string;
  readonly bytes: number;
}

/** What a worker answers: that of the file, or why it could not be read. */
export type Answer = Hashed | Refusal;

/** As many workers as there are cores to use; this thread alone where it is one. */
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
