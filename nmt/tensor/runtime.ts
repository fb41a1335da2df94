/** The runtimes by name and provider, each loaded only when it is asked for. */
import {
  Runtime as Config,
  type RuntimeChoice,
} from "../../schemas/experiment/runtime.ts";
import { parse } from "../../base/input_error.ts";
import type { Runtime } from "./program.ts";

/**
 * The runtime that is chosen, by default ONNX Runtime on the CPU. An input error says what is missing and how to get
 * it where this machine lacks it; another one is never taken in its place.
 */
export async function loadRuntime(
  choice: RuntimeChoice = {},
): Promise<Runtime> {
  const { name, provider, library } = parse(
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
    case "reference": {
      const { referenceRuntime } = await import("./eager/reference_runtime.ts");
      return referenceRuntime();
    }
  }
}
