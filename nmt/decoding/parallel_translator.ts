/** Translation by a worker a core: several searches of one thread are faster than one of several threads. */
import { ask } from "../../base/ask_worker.ts";
import type { Runtime } from "../tensor/program.ts";
import type { SavedModel } from "../transformer/checkpoint.ts";
import {
  type Batch,
  createTranslator,
  type Hypothesis,
  inBatches,
  type TranslateOptions,
  type Translator,
  type TranslatorOptions,
} from "./beam_search.ts";
import { searchWorkers } from "./search_workers.ts";

/** What a worker is asked: first to compile a model, then to search a batch. */
export type Question = {
  readonly saved: SavedModel;
  readonly options: TranslatorOptions;
} | {
  readonly sources: readonly Int32Array[];
  readonly search: Search;
};

type Search = Omit<TranslateOptions, "report">;

/**
 * A translator that divides several batches among workers of one thread, which start when they are first needed; a single
 * batch it searches itself, with all threads. Batches and translations are those of `createTranslator`. Only ONNX Runtime
 * on the CPU has workers, for models that are not too large.
 */
export function createParallelTranslator(
  runtime: Runtime,
  saved: SavedModel,
  options: TranslatorOptions = {},
): Translator {
  const { name, provider } = runtime.identity;
  const most = name === "onnx" && provider === "cpu"
    ? searchWorkers(saved, options.threads)
    : 1;
  let own: Promise<Translator> | undefined;
  const workers: Worker[] = [];

  async function searchHere(
    batches: readonly Batch[],
    search: Search,
  ): Promise<void> {
    own ??= createTranslator(runtime, saved, options);
    const translator = await own;
    for (const { sources, done } of batches) {
      done(await translator.translate(sources, search));
    }
  }

  async function searchInWorkers(
    batches: readonly Batch[],
    search: Search,
  ): Promise<void> {
    const waiting = [...batches];
    await Promise.all(workers.map(async (worker) => {
      for (let b = waiting.shift(); b !== undefined; b = waiting.shift()) {
        const question: Question = { sources: b.sources, search };
        b.done(await ask<Hypothesis[]>(worker, question));
      }
    }));
  }

  return {
    translate: (sentences, { report, ...search }) =>
      inBatches(
        sentences,
        { ...search, report },
        options.shortlist !== undefined,
        async (batches) => {
          const count = Math.min(most, batches.length);
          if (count < 2) return await searchHere(batches, search);
          const started = Array.from(
            { length: count - workers.length },
            () => startWorker(saved, { ...options, threads: 1 }),
          );
          workers.push(...await Promise.all(started));
          await searchInWorkers(batches, search);
        },
      ),
    dispose: async () => {
      for (const worker of workers) worker.terminate();
      await (await own)?.dispose();
    },
  };
}

/** A worker that has compiled a model. */
async function startWorker(
  saved: SavedModel,
  options: TranslatorOptions,
): Promise<Worker> {
  const url = new URL("./batch_worker.ts", import.meta.url).href;
  const worker = new Worker(url, { type: "module" });
  const question: Question = { saved, options };
  await ask(worker, question);
  return worker;
}
