/** The runtimes under test: those that need nothing but npm packages, or in slow tests the others. */
import { isInputError } from "../../../base/input_error.ts";
import { identityOf } from "../../../nmt/tensor/identities.ts";
import { Runtime as Config } from "../../../schemas/experiment/runtime.ts";
import type { Runtime, RuntimeIdentity } from "../../../nmt/tensor/program.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { tested } from "./tested.ts";

export interface TestedRuntime {
  /** As titles of tests have it. */
  readonly name: string;
  readonly identity: RuntimeIdentity;
  load(): Promise<Runtime>;
}

const FAST: readonly Config[] = [
  { name: "onnx", provider: "cpu" },
  { name: "reference", provider: "cpu" },
];

/** Each needs a device or a library; where it is missing, an ignored test says how to get it. */
const OTHERS: readonly Config[] = [
  { name: "onnx", provider: "webgpu" },
  { name: "onnx", provider: "cuda" },
  { name: "tensorflow", provider: "cpu" },
  { name: "openvino", provider: "cpu" },
];

/** Of the fast ones, the reference is the last. */
export const RUNTIMES: readonly TestedRuntime[] = await available();

async function available(): Promise<TestedRuntime[]> {
  const found: TestedRuntime[] = [];
  for (const choice of tested.others ? OTHERS : FAST) {
    const name = choice.provider === "cpu"
      ? choice.name
      : `${choice.name} on ${choice.provider}`;
    try {
      const runtime = await loadRuntime(choice);
      const load = () => Promise.resolve(runtime);
      found.push({ name, identity: identityOf(choice), load });
    } catch (error) {
      if (!isInputError(error)) throw error;
      const { message } = error;
      Deno.test({ name: `${name}: ${message}`, ignore: true, fn() {} });
    }
  }
  return found;
}
