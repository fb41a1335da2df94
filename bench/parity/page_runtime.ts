/** Translates with an exported graph in the runtime of the page: WebAssembly, on one thread. */
import * as ort from "onnxruntime-web/wasm";
import type { Translator } from "../../nmt/decoding/beam_search.ts";
import { translatorOf } from "../../nmt/export/translator.ts";
import { fileOf } from "../../nmt/tensor/onnx/onnx_file.ts";

/** The translator of a file `translate.onnx`. */
export async function openInPageRuntime(path: string): Promise<Translator> {
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(Deno.readFileSync(path));
  return translatorOf(fileOf(session, ort.Tensor));
}
