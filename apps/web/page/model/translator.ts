/** Runs a model in a worker, so that the page stays responsive. */
/// <reference lib="dom" />
import {
  fileOf,
  RUNTIME,
  RUNTIME_SCRIPT,
  type Site,
  type SiteModel,
} from "../site.ts";
import type {
  Alternative,
  Answer,
  CheckedFile,
  Opening,
  Outcome,
  Question,
  Translation,
} from "./translation.ts";

export interface Translator {
  /** Settled once the model is loaded. */
  readonly ready: Promise<void>;
  /**
   * Translates the first of the sentences that wait, with those that are nearest to it in length, `most` in all; gives what
   * became of these.
   */
  translate(
    waiting: readonly string[],
    most: number,
    beam: number,
  ): Promise<Map<string, Outcome<Translation>>>;
  /** As many of the best translations as the beam is wide, best first. */
  alternatives(text: string, beam: number): Promise<Alternative[]>;
  /** What is under way is never answered. */
  close(): void;
}

type Asked = Question extends infer Each
  ? Each extends { readonly id: number } ? Omit<Each, "id"> : never
  : never;

/** Parameters from which a model's matrices are large enough to be shared between threads: below, one is faster. */
const LARGE = 20e6;
const THREADS = 4;

/** Opens a model of the build that lies at an address. */
export function openTranslator(
  site: Site,
  model: SiteModel,
  base: string,
): Translator {
  const worker = new Worker(new URL("worker.js", import.meta.url), {
    type: "module",
  });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const fail = (sentence: string) => {
    for (const { reject } of waiting.values()) reject(new Error(sentence));
    waiting.clear();
  };
  worker.onmessage = ({ data }: MessageEvent<Answer>) => {
    const asked = waiting.get(data.id);
    waiting.delete(data.id);
    if ("error" in data) asked?.reject(new Error(data.error));
    else asked?.resolve(data.result);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    fail(
      `Cannot run the translator: ${
        event.message || "its script did not load"
      }; reload the page to try again.`,
    );
  };

  let last = 0;
  const ask = <Result>(asked: Asked): Promise<Result> => {
    const id = ++last;
    const settled = Promise.withResolvers<unknown>();
    waiting.set(id, settled);
    const question: Question = { id, ...asked };
    worker.postMessage(question);
    return settled.promise as Promise<Result>;
  };
  const folder = new URL(".", base);
  const file = (path: string): CheckedFile => {
    const { sha256 } = fileOf(site, path);
    // As in service_worker.ts, which imports nothing.
    const kept = "serviceWorker" in navigator
      ? {
        cache: `ckd-web ${folder.href}`,
        address: new URL(`.kept/${sha256}`, folder).href,
      }
      : undefined;
    return { url: new URL(path, base).href, sha256, kept };
  };
  const { languages, maximumLength, end, padding, unknown } = model;
  const { vocabulary, beam, lengthPenalty } = model;
  const open: Opening = {
    graph: file(model.graph),
    tokenizer: file(model.tokenizer),
    runtime: file(RUNTIME),
    script: new URL(RUNTIME_SCRIPT, base).href,
    threads: threadsFor(model),
    ...{ languages, maximumLength, end, padding, unknown },
    ...{ vocabulary, beam, lengthPenalty },
  };
  const ready = ask<void>({ open });
  return {
    ready,
    translate: (translate, most, beam) =>
      ready.then(() =>
        ask<Map<string, Outcome<Translation>>>({ translate, most, beam })
      ),
    alternatives: (alternatives, beam) =>
      ready.then(() => ask<Alternative[]>({ alternatives, beam })),
    close: () => worker.terminate(),
  };
}

/** Memory is shared between threads only where the page is isolated from other origins. */
function threadsFor({ parameters }: SiteModel): number {
  return globalThis.crossOriginIsolated && parameters >= LARGE
    ? Math.min(THREADS, navigator.hardwareConcurrency)
    : 1;
}
