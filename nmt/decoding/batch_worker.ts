/** The worker that searches batches with one thread. */
/// <reference lib="deno.worker" />
import type { Refusal } from "../../base/ask_worker.ts";
import { loadRuntime } from "../tensor/runtime.ts";
import { createTranslator, type Translator } from "./beam_search.ts";
import type { Hypothesis } from "./hypotheses.ts";
import type { Question } from "./parallel_translator.ts";

let translator: Translator | undefined;

self.onmessage = async ({ data }: MessageEvent<Question>) => {
  self.postMessage(await answer(data));
};

async function answer(question: Question): Promise<Hypothesis[] | Refusal> {
  try {
    if ("saved" in question) {
      const { saved, options } = question;
      translator = await createTranslator(await loadRuntime(), saved, options);
      return [];
    }
    if (translator === undefined) throw new Error("no model was compiled");
    return await translator.translate(question.sources, question.search);
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
