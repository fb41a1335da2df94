/** Translates with an exported graph in the runtime of the page: WebAssembly, on one thread. */
import * as ort from "onnxruntime-web/wasm";
import type { Translator } from "../../nmt/decoding/beam_search.ts";
import { translatorOf } from "../../nmt/export/translator.ts";

/** The translator of a file `translate.onnx`. */
export async function openInPageRuntime(path: string): Promise<Translator> {
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(Deno.readFileSync(path));
  return translatorOf({
    run: async (inputs) => {
      const feeds = Object.entries(inputs).map(([name, { shape, data }]) => [
        name,
        data instanceof Float32Array
          ? new ort.Tensor("float32", data, shape)
          : new ort.Tensor("int64", data, shape),
      ]);
      const results = await session.run(Object.fromEntries(feeds));
      return Object.fromEntries(
        Object.entries(results).map(([name, { dims, data }]) => {
          if (data instanceof Float32Array || data instanceof BigInt64Array) {
            return [name, { shape: dims, data }];
          }
          throw new Error(`Cannot read the output ${name}`);
        }),
      );
    },
    dispose: () => session.release(),
  });
}
