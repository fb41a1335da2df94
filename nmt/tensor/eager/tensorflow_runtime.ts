/** Runs programs eagerly with TensorFlow, through the native addon of @tensorflow/tfjs-node. */
import { eagerRuntime } from "./eager.ts";
import { identityOf } from "../identities.ts";
import type { Runtime, RuntimeIdentity } from "../program.ts";
import { loadAddon, type Provider } from "./tensorflow_addon.ts";
import { registerKernels } from "./tensorflow_kernels.ts";
import { tf } from "../tfjs.ts";

/** The name under which the addon's kernels register themselves. */
const BACKEND = "tensorflow";

/** What the process has loaded: it can hold one library, which is for one provider. */
let loaded: RuntimeIdentity | undefined;

/**
 * TensorFlow on the CPU or on a GPU of NVIDIA, with all the threads that the process may use. An input error says what
 * is missing and how to get it. `library` is TensorFlow's own version where it is not the usual one. Fails when the
 * process has loaded another one.
 */
export function tensorflowRuntime(
  provider: Provider,
  library?: string,
): Promise<Runtime> {
  return Promise.resolve().then(() => {
    const identity = identityOf({ name: "tensorflow", provider, library });
    loaded ??= load(identity, provider);
    const { provider: other, version } = loaded;
    if (provider !== other || identity.version !== version) {
      throw new Error(
        `Cannot use TensorFlow ${identity.version} on ${provider}: this process uses ${version} on ${other}; start another one`,
      );
    }
    return eagerRuntime(identity, BACKEND);
  });
}

function load(identity: RuntimeIdentity, provider: Provider): RuntimeIdentity {
  const [version, library] = identity.version.split("+");
  const backend = loadAddon({ provider, version, library });
  registerKernels(BACKEND);
  tf.registerBackend(BACKEND, () => backend);
  return identity;
}
