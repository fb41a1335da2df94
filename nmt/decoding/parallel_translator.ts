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

export interface ParallelTranslator extends Translator {
  /** Makes ready what the translation of these sentences needs, which it does itself otherwise: for those who time it. */
  prepare(
    sentences: readonly Int32Array[],
    options: TranslateOptions,
  ): Promise<void>;
}

/**
 * A translator that divides several batches among workers of one thread, which start when they are first needed; a single
 * batch it searches itself, with all threads. Batches and translations are those of `createTranslator`. Only ONNX Runtime
 * on the CPU has workers, for models that are not too large.
 */
export function createParallelTranslator(
  runtime: Runtime,
  saved: SavedModel,
  options: TranslatorOptions = {},
): ParallelTranslator {
  const isShortlisted = options.shortlist !== undefined;
  const { name, provider } = runtime.identity;
  const most = name === "onnx" && provider === "cpu"
    ? searchWorkers(saved, options.threads)
    : 1;
  let own: Promise<Translator> | undefined;
  const workers: Worker[] = [];

  const ownTranslator = () => own ??= createTranslator(runtime, saved, options);

  /** Starts workers until there are `count`, each of which has compiled the model. */
  async function startWorkers(count: number): Promise<void> {
    const started = Array.from({ length: count - workers.length }, newWorker);
    // Before they are asked: where one fails, all of them are ended with the translator.
    workers.push(...started);
    const question: Question = { saved, options: { ...options, threads: 1 } };
    await Promise.all(started.map((worker) => ask(worker, question)));
  }

  async function searchHere(
    batches: readonly Batch[],
    search: Search,
  ): Promise<void> {
    const translator = await ownTranslator();
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

  const workersFor = (batches: readonly Batch[]) => {
    const count = Math.min(most, batches.length);
    return count < 2 ? 0 : count;
  };

  async function makeReady(batches: readonly Batch[]): Promise<void> {
    const count = workersFor(batches);
    await (count === 0 ? ownTranslator() : startWorkers(count));
  }

  return {
    prepare: async (sentences, { report: _, ...search }) => {
      await inBatches(sentences, search, isShortlisted, makeReady);
    },
    translate: (sentences, { report, ...search }) =>
      inBatches(
        sentences,
        { ...search, report },
        isShortlisted,
        async (batches) => {
          await makeReady(batches);
          const isHere = workersFor(batches) === 0;
          await (isHere ? searchHere : searchInWorkers)(batches, search);
        },
      ),
    dispose: async () => {
      for (const worker of workers) worker.terminate();
      await (await own)?.dispose();
    },
  };
}

function newWorker(): Worker {
  const url = new URL("./batch_worker.ts", import.meta.url).href;
  return new Worker(url, { type: "module" });
}
