/** The runtimes under test: those that this machine has; a test is ignored for each other one, which says what is missing. */
import { isInputError } from "../../../base/input_error.ts";
import { identityOf } from "../../../nmt/tensor/identities.ts";
import { Runtime as Config } from "../../../schemas/experiment/runtime.ts";
import type { Runtime, RuntimeIdentity } from "../../../nmt/tensor/program.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";

export interface TestedRuntime {
  /** As titles of tests have it. */
  readonly name: string;
  readonly identity: RuntimeIdentity;
  load(): Promise<Runtime>;
}

const WANTED: readonly Config[] = [
  { name: "onnx", provider: "cpu" },
  { name: "onnx", provider: "webgpu" },
  { name: "onnx", provider: "cuda" },
  { name: "tensorflow", provider: "cpu" },
  { name: "reference", provider: "cpu" },
];

/** The reference is the last. */
export const RUNTIMES: readonly TestedRuntime[] = await available();

async function available(): Promise<TestedRuntime[]> {
  const found: TestedRuntime[] = [];
  for (const choice of WANTED) {
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
