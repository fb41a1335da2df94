/** The runtimes by name, each loaded only when it is asked for. */
import type { RuntimeName } from "./identities.ts";
import type { Runtime } from "./program.ts";

export async function loadRuntime(name: RuntimeName): Promise<Runtime> {
  if (name === "onnx") return (await import("./onnx_runtime.ts")).onnxRuntime();
  return (await import("./reference_runtime.ts")).referenceRuntime();
}
