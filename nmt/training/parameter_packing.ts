/** Parameter packing: the vectors of a layer joined to one, so that the optimizer updates few tensors. */
import type { Tensor, Tensors } from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";
import type { Shapes, Weights } from "../transformer/parameters.ts";

/**
 * Name of the joined vectors of a parameter's layer, such as "encoder.0 vectors". One vector for the whole model would
 * keep the gradients of all layers until those of the first layer are computed.
 */
const joinedName = (parameter: string) =>
  `${/^(?:[a-z]+\.\d+|[a-z]+)/.exec(parameter)?.[0]} vectors`;

export interface ParameterPacking {
  /** The matrices by name, and the joined vectors. */
  readonly shapes: Shapes;
  /** The parameters of a model from their packed form. */
  unpack(packed: Tensors): Tensors;
  /** The packed form of a tensor a parameter, such as its gradient. */
  pack(parameters: Tensors): Tensors;
  /** `pack` on numbers: a copy. */
  packNumbers(weights: Weights): Weights;
  /** `unpack` on numbers: views of the packed form. */
  unpackNumbers(packed: Weights): Weights;
}

/** The packing of parameters of these shapes. */
export function parameterPacking(shapes: Shapes): ParameterPacking {
  const groups: Record<string, string[]> = {};
  for (const [name, { length: rank }] of Object.entries(shapes)) {
    (groups[rank === 1 ? joinedName(name) : name] ??= []).push(name);
  }
  const lengthOf = (name: string) => shapes[name][0];
  const isJoined = (group: string) => !(group in shapes);
  const entries = Object.entries(groups);
  const each = <T>(
    joined: (group: string, names: readonly string[]) => [string, T][],
    single: (name: string) => T,
  ) =>
    Object.fromEntries(
      entries.flatMap(([group, names]) =>
        isJoined(group) ? joined(group, names) : [[group, single(group)]]
      ),
    );
  return {
    shapes: each<readonly number[]>(
      (group, names) => [[group, [
        names.reduce((sum, name) => sum + lengthOf(name), 0),
      ]]],
      (name) => shapes[name],
    ),
    unpack: (packed) =>
      each<Tensor>(
        (group, names) => {
          const parts = tf.split(packed[group], names.map(lengthOf), 0);
          return names.map((name, i) => [name, parts[i]]);
        },
        (name) => packed[name],
      ),
    pack: (parameters) =>
      each<Tensor>(
        (group, names) => [[
          group,
          tf.concat(names.map((name) => parameters[name]), 0),
        ]],
        (name) => parameters[name],
      ),
    packNumbers: (weights) =>
      each<Float32Array<ArrayBuffer>>(
        (group, names) => {
          const joined = new Float32Array(
            names.reduce((sum, name) => sum + lengthOf(name), 0),
          );
          let offset = 0;
          for (const name of names) {
            joined.set(weights[name], offset);
            offset += lengthOf(name);
          }
          return [[group, joined]];
        },
        (name) => weights[name].slice(),
      ),
    unpackNumbers: (packed) =>
      each<Float32Array<ArrayBuffer>>(
        (group, names) => {
          let offset = 0;
          return names.map((name) => {
            const start = offset;
            offset += lengthOf(name);
            return [name, packed[group].subarray(start, offset)];
          });
        },
        (name) => packed[name],
      ),
  };
}
