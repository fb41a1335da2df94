/** Loads a runtime by name and provider, only when it is used. */
import {
  Runtime as Config,
  type RuntimeChoice,
} from "../../schemas/experiment/runtime.ts";
import { parse } from "../../base/input_error.ts";
import type { Runtime } from "./program.ts";

/**
 * The runtime that is chosen, by default ONNX Runtime on the CPU. An input error says what is missing and how to get
 * it where this machine lacks it; another one is never taken in its place.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { loadRuntime } from "./runtime.ts";
 * import { tf } from "./tfjs.ts";
 *
 * const runtime = await loadRuntime({ name: "reference" });
 * const executable = await runtime.compile({
 *   name: "square",
 *   inputs: { x: { shape: ["n"], dtype: "float32" } },
 *   build: ({ x }) => ({ y: tf.square(x) }),
 * });
 * const { y } = await executable.run({ x: { shape: [2], data: Float32Array.of(2, 3) } });
 * assertEquals([...y.data], [4, 9]);
 * ```
 */
export async function loadRuntime(
  choice: RuntimeChoice = {},
): Promise<Runtime> {
  const { name, provider, library, precision } = parse(
    Config,
    choice,
    "runtime",
  );
  switch (name) {
    case "onnx": {
      const { onnxRuntime } = await import("./onnx/onnx_runtime.ts");
      return onnxRuntime(provider);
    }
    case "tensorflow": {
      const { tensorflowRuntime } = await import(
        "./eager/tensorflow_runtime.ts"
      );
      return tensorflowRuntime(
        provider === "cuda" ? "cuda" : "cpu",
        library,
      );
    }
    case "openvino": {
      const { openvinoRuntime } = await import(
        "./openvino/openvino_runtime.ts"
      );
      return openvinoRuntime(precision);
    }
    case "reference": {
      const { referenceRuntime } = await import("./eager/reference_runtime.ts");
      return referenceRuntime();
    }
  }
}
