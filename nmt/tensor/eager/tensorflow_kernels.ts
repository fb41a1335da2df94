/** The project's own ops on TensorFlow's backend, as chains of its ops. */
import type { Tensor } from "../program.ts";
import { tf } from "../tfjs.ts";

type Kernel = (
  inputs: (name: string) => Tensor,
  attribute: (name: string) => number,
) => Tensor[];

const KERNELS: Readonly<Record<string, Kernel>> = {
  LayerNormalization: (input, attribute) => {
    const x = input("x"); // [rows, d]
    const mean = tf.mean(x, 1, true); // [rows, 1]
    const centred = tf.sub(x, mean);
    const variance = tf.mean(tf.square(centred), 1, true);
    const scale = tf.rsqrt(tf.add(variance, attribute("epsilon")));
    const normal = tf.mul(centred, scale);
    return [tf.add(tf.mul(normal, input("gain")), input("bias")), mean, scale];
  },
};

/** Registers them for the backend of this name. */
export function registerKernels(backendName: string): void {
  for (const [kernelName, kernel] of Object.entries(KERNELS)) {
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs }) =>
        tf.tidy(() =>
          kernel((name) => {
            const input = inputs[name];
            if (input instanceof tf.Tensor) return input;
            throw new Error(`${kernelName} lacks its input ${name}`);
          }, (name) => Number(attrs?.[name]))
        ),
    });
  }
}
