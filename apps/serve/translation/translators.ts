/** Workers that translate with an exported graph, as ONNX Runtime blocks the thread that calls it. */
import { ask, type Refusal } from "../../../base/ask_worker.ts";

/** What a worker is asked: first to open a graph, then to translate. */
export type Question = { readonly path: string } | {
  readonly source: Int32Array;
  readonly beam: number;
  /** How many of the best translations are wanted. */
  readonly count: number;
};

/** A translation of ids with its log p. */
export interface Found {
  readonly ids: Int32Array;
  readonly score: number;
}

/** What a worker answers: translations, the best first, or why there are none. */
export type Answer = readonly Found[] | Refusal;

export interface Translators extends Disposable {
  /** Translates with a worker that is idle; as many may be asked at once as there are. */
  translate(
    question: Extract<Question, { source: Int32Array }>,
  ): Promise<readonly Found[]>;
}

/** Opens `translate.onnx` at a path in each of some workers. */
export async function openTranslators(
  path: string,
  count: number,
): Promise<Translators> {
  const url = new URL("./translating_worker.ts", import.meta.url).href;
  const workers = Array.from(
    { length: count },
    () => new Worker(url, { type: "module" }),
  );
  // All have to be heard: a process that ends while ONNX Runtime opens a graph ends by its exception.
  const opened = await Promise.allSettled(
    workers.map((worker) => ask(worker, { path })),
  );
  const failed = opened.find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") {
    workers.forEach((worker) => worker.terminate());
    throw failed.reason;
  }
  const idle = [...workers];
  return {
    translate: async (question) => {
      const worker = idle.pop();
      if (worker === undefined) {
        throw new Error(`Cannot translate: all ${count} workers are busy`);
      }
      try {
        return await ask<readonly Found[]>(worker, question);
      } finally {
        idle.push(worker);
      }
    },
    [Symbol.dispose]: () => workers.forEach((worker) => worker.terminate()),
  };
}
