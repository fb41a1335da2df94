/** Configuration of the tensor runtime. */
import { z } from "zod";

/** Where each runtime can compute. */
export const PROVIDERS = {
  onnx: ["cpu", "webgpu", "cuda"],
  tensorflow: ["cpu", "cuda"],
  openvino: ["cpu"],
  reference: ["cpu"],
} as const;

/** What executes the models, and on what; part of every key that depends on it. */
export const Runtime = z.strictObject({
  name: z.enum(["onnx", "tensorflow", "openvino", "reference"]).default("onnx"),
  provider: z.enum(["cpu", "webgpu", "cuda"]).default("cpu"),
  /** TensorFlow's own version, where it is not that of tools/tensorflow/build. */
  library: z.string().optional(),
  /** Of matrix products and what lies between two of them, by OpenVINO; weights, moments and losses are 32-bit floats. */
  precision: z.enum(["float32", "bfloat16"]).optional(),
}).check(({ value: { name, provider, library, precision }, issues }) => {
  if (precision === "bfloat16" && name !== "openvino") {
    issues.push({
      code: "custom",
      input: precision,
      path: ["precision"],
      message: `expected float32 for runtime ${name}, found "${precision}"`,
    });
  }
  if (library !== undefined && name !== "tensorflow") {
    issues.push({
      code: "custom",
      input: library,
      path: ["library"],
      message: `expected none for runtime ${name}, found "${library}"`,
    });
  }
  const providers: readonly string[] = PROVIDERS[name];
  if (providers.includes(provider)) return;
  issues.push({
    code: "custom",
    input: provider,
    path: ["provider"],
    message: `expected ${
      providers.join(" or ")
    } for runtime ${name}, found "${provider}"`,
  });
});
export type Runtime = z.infer<typeof Runtime>;
/** The same as it is written, where defaults may be left out. */
export type RuntimeChoice = z.input<typeof Runtime>;
