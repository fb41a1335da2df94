/** The tests of every runtime, on those that need a device or a library: WebGPU, CUDA, TensorFlow, OpenVINO. */
import { tested } from "./tested.ts";

tested.others = true;
const { RUNTIMES } = await import("./runtimes.ts");
if (RUNTIMES.length > 0) {
  await import("./contract_test.ts");
  await import("./gradient_test.ts");
  await import("./onnx/kernels_test.ts");
  await import("../distillation/attention_loss_test.ts");
  await import("../distillation/output_loss_test.ts");
  await import("../distillation/layer_loss_test.ts");
  await import("../training/gradients_test.ts");
  await import("../training/optimizer_test.ts");
  await import("../training/runtimes_test.ts");
}
