/** Layer normalisation as one op with its own gradient: one pass over the features instead of eight. */
import { differentiable } from "./gradient.ts";
import type { Tensor } from "./program.ts";
import { tf } from "./tfjs.ts";

/** A kernel of this name is in the table of what is recorded; here is what it is on the eager backend. */
const KERNEL = "LayerNormalization";

interface Attributes {
  readonly epsilon: number;
}

tf.registerKernel({
  kernelName: KERNEL,
  backendName: "cpu",
  kernelFunc: ({ inputs, attrs, backend }) => {
    const { epsilon } = attrs as unknown as Attributes;
    const kernels = backend as tf.KernelBackend;
    const read = (info: tf.TensorInfo | undefined) =>
      info === undefined
        ? new Float32Array()
        : kernels.readSync(info.dataId) as Float32Array;
    const [x, gain, bias] = [inputs.x, inputs.gain, inputs.bias].map(read);
    const width = gain.length;
    const rows = x.length / width;
    const output = new Float32Array(x.length);
    const means = new Float32Array(rows);
    const scales = new Float32Array(rows);
    for (let row = 0; row < rows; row++) {
      const features = x.subarray(row * width, (row + 1) * width);
      const mean = features.reduce((sum, value) => sum + value, 0) / width;
      const variance = features.reduce((sum, value) =>
        sum + (value - mean) ** 2, 0) / width;
      means[row] = mean;
      scales[row] = 1 / Math.sqrt(variance + epsilon);
      features.forEach((value, i) =>
        output[row * width + i] = (value - mean) * scales[row] * gain[i] +
          bias[i]
      );
    }
    const give = (values: Float32Array, shape: number[]): tf.TensorInfo => ({
      dataId: kernels.write(values, shape, "float32"),
      shape,
      dtype: "float32",
    });
    const column = [rows, 1];
    return [
      give(output, [rows, width]),
      give(means, column),
      give(scales, column),
    ];
  },
});

/**
 * gain * (x - mean) / sqrt(variance + epsilon) + bias over the features (Ba et al. 2016), [rows, d] to [rows, d].
 */
export function layerNormalization(
  x: Tensor,
  gain: Tensor,
  bias: Tensor,
  epsilon: number,
): Tensor {
  return differentiable([x, gain, bias], ([x, gain, bias]) => {
    const outputs: unknown = tf.engine().runKernel(KERNEL, { x, gain, bias }, {
      epsilon,
    });
    const [value, mean, scale] = outputs as Tensor[]; // [rows, d], [rows, 1], [rows, 1]
    return {
      value,
      saved: [x, gain, mean, scale],
      gradient: (dy, [x, gain, mean, scale]) => {
        const centred = tf.sub(x, mean);
        const weighted = tf.mul(dy, centred);
        // A mean over the features of what a gain multiplies is a product with it.
        const column = tf.reshape(tf.mul(gain, 1 / gain.size), [-1, 1]);
        const featureMean = (y: Tensor) => product(y, column); // [rows, 1]
        const across = tf.mul(tf.mul(dy, gain), scale);
        const level = tf.mul(featureMean(dy), scale);
        const slope = tf.mul(featureMean(weighted), cube(scale));
        return [
          tf.sub(tf.sub(across, level), tf.mul(centred, slope)),
          tf.reshape(product(scale, weighted, true), gain.shape),
          tf.sum(dy, 0),
        ];
      },
    };
  });
}

const product = (a: Tensor, b: Tensor, transposeA = false): Tensor =>
  tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D, transposeA);

const cube = (x: Tensor) => tf.mul(tf.square(x), x);
