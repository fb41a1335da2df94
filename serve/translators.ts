/** Workers that translate with an exported graph: ONNX Runtime holds the thread that calls it. */

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
export type Answer = readonly Found[] | { readonly error: string };

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
  await Promise.all(workers.map((worker) => ask(worker, { path })));
  const idle = [...workers];
  return {
    translate: async (question) => {
      const worker = idle.pop();
      if (worker === undefined) {
        throw new Error(`Cannot translate: all ${count} workers are busy`);
      }
      try {
        return await ask(worker, question);
      } finally {
        idle.push(worker);
      }
    },
    [Symbol.dispose]: () => workers.forEach((worker) => worker.terminate()),
  };
}

async function ask(
  worker: Worker,
  question: Question,
): Promise<readonly Found[]> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  worker.onmessage = ({ data }: MessageEvent<Answer>) => resolve(data);
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Error(event.message));
  };
  worker.postMessage(question);
  const answer = await promise;
  if ("error" in answer) throw new Error(answer.error);
  return answer;
}
