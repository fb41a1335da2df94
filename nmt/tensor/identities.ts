/** The identity of each runtime in the keys of stages, known without loading the runtime. */
import type { Runtime } from "../../schemas/experiment/runtime.ts";
import type { RuntimeIdentity } from "./program.ts";

/** Of the package that computes: onnxruntime-node, @tensorflow/tfjs-node, OpenVINO's library, @tensorflow/tfjs. */
const VERSIONS = {
  onnx: "1.30.0",
  tensorflow: "4.22.0",
  openvino: "2026.4.1",
  reference: "4.22.0",
} as const satisfies Record<Runtime["name"], string>;

/** TensorFlow's own version, that of the wheel which tools/tensorflow/build takes it from. */
const LIBRARY = "2.21.0";

export function identityOf(
  { name, provider, library = LIBRARY, precision = "float32" }: Runtime,
): RuntimeIdentity {
  const version = name === "tensorflow"
    ? `${VERSIONS[name]}+${library}`
    : VERSIONS[name];
  return { name, version, provider, precision };
}
