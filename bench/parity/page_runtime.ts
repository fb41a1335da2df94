/** Translates with an exported graph as the page does: in its runtime, WebAssembly on one thread, and in its batches. */
import * as ort from "onnxruntime-web/wasm";
import { batchOf, nextMost, WINDOW } from "../../apps/web/page/model/batch.ts";
import type { Hypothesis, Translator } from "../../nmt/decoding/beam_search.ts";
import { translateBatch } from "../../nmt/export/translator.ts";
import { fileOf } from "../../nmt/tensor/onnx/onnx_file.ts";

/** The translator of a file `translate.onnx`; the first sentence of each call is translated alone. */
export async function openInPageRuntime(path: string): Promise<Translator> {
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(Deno.readFileSync(path));
  const file = fileOf(session, ort.Tensor);
  return {
    translate: async (sentences, options) => {
      const found: Hypothesis[] = Array(sentences.length);
      let waiting = [...sentences.keys()];
      for (let most = 1; waiting.length > 0; most = nextMost(most)) {
        const batch = batchOf(
          waiting.slice(0, WINDOW),
          (i) => sentences[i].length,
          most,
        );
        const hypotheses = await translateBatch(
          file,
          batch.map((i) => sentences[i]),
          options,
        );
        batch.forEach((i, row) => found[i] = hypotheses[row]);
        waiting = waiting.filter((i) => !batch.includes(i));
        options.report?.(sentences.length - waiting.length);
      }
      return found;
    },
    dispose: () => file.dispose(),
  };
}
