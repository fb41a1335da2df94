/** Tests with OpenVINO; where its library is missing, the title says how to get it. */
import { isInputError } from "../../../../base/input_error.ts";
import { loadRuntime } from "../../../../nmt/tensor/runtime.ts";

export const missing = await loadRuntime({ name: "openvino" }).then(
  () => undefined,
  (error) => {
    if (isInputError(error)) return error.message;
    throw error;
  },
);

export function test(title: string, act: () => Promise<void>): void {
  Deno.test({
    name: missing === undefined ? title : `${title}: ${missing}`,
    ignore: missing !== undefined,
    fn: act,
  });
}
