/** The numerical oracle of the tests: programs run eagerly on tfjs's plain CPU kernels, slowly. */
import { eagerRuntime } from "./eager.ts";
import { identityOf } from "../identities.ts";
import type { Runtime } from "../program.ts";
import { tf } from "../tfjs.ts";

/** tfjs on its `cpu` backend. */
export async function referenceRuntime(): Promise<Runtime> {
  await tf.setBackend("cpu");
  return eagerRuntime(
    identityOf({ name: "reference", provider: "cpu" }),
    "cpu",
  );
}
