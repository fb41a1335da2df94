/** Biases and gains joined to one vector: to the optimiser, hundreds of tiny tensors are one. */
import type { Tensor, Tensors } from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";
import type { Shapes, Weights } from "./parameters.ts";

/** Name of the joined vector. */
const VECTORS = "vectors";

export interface Packing {
  /** The matrices by name, and the joined vector. */
  readonly shapes: Shapes;
  /** The parameters of a model from their packed form. */
  unpack(packed: Tensors): Tensors;
  /** The packed form of what is given for each parameter, such as its gradient. */
  pack(parameters: Tensors): Tensors;
  /** `pack` on numbers: a copy. */
  packNumbers(weights: Weights): Weights;
  /** `unpack` on numbers: views of the packed form. */
  unpackNumbers(packed: Weights): Weights;
}

/** How the parameters of these shapes are packed. */
export function packing(shapes: Shapes): Packing {
  const names = Object.keys(shapes);
  const vectors = names.filter((name) => shapes[name].length === 1);
  const matrices = names.filter((name) => shapes[name].length !== 1);
  const lengths = vectors.map((name) => shapes[name][0]);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const only = <T>(of: Readonly<Record<string, T>>) =>
    Object.fromEntries(matrices.map((name) => [name, of[name]]));
  return {
    shapes: { ...only(shapes), [VECTORS]: [total] },
    unpack: (packed) => {
      const parts = tf.split(packed[VECTORS], lengths, 0);
      return {
        ...only(packed),
        ...Object.fromEntries(vectors.map((name, i) => [name, parts[i]])),
      };
    },
    pack: (parameters) => {
      const parts: Tensor[] = vectors.map((name) => parameters[name]);
      return { ...only(parameters), [VECTORS]: tf.concat(parts, 0) };
    },
    packNumbers: (weights) => {
      const joined = new Float32Array(total);
      let offset = 0;
      for (const name of vectors) {
        joined.set(weights[name], offset);
        offset += weights[name].length;
      }
      const copies = matrices.map((name) => [name, weights[name].slice()]);
      return { ...Object.fromEntries(copies), [VECTORS]: joined };
    },
    unpackNumbers: (packed) => {
      let offset = 0;
      const views = vectors.map((name, i) => {
        const view = packed[VECTORS].subarray(offset, offset + lengths[i]);
        offset += lengths[i];
        return [name, view];
      });
      return { ...only(packed), ...Object.fromEntries(views) };
    },
  };
}
