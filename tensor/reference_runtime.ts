/** The numerical oracle of the tests: programs run eagerly on tfjs's own plain CPU kernels; never fast. */
import { identities } from "./identities.ts";
import {
  bindSizes,
  checkConstants,
  elements,
  type ElementType,
  type HostArray,
  type HostTensor,
  type HostTensors,
  type Program,
  type Runtime,
  type Spec,
  type Tensor,
} from "./program.ts";
import { tf } from "./tfjs.ts";

/** tfjs on its `cpu` backend. */
export async function referenceRuntime(): Promise<Runtime> {
  await tf.setBackend("cpu");
  return {
    identity: identities.reference,
    compile: async (program, { constants = {} } = {}) => {
      checkConstants(program, constants);
      return await Promise.resolve({
        run: (inputs: HostTensors, into: HostTensors = {}) => {
          const results = evaluate(program, { ...inputs, ...constants });
          for (const [name, tensor] of Object.entries(into)) {
            if (name in results) tensor.data.set(results[name].data);
          }
          return Promise.resolve(
            Object.fromEntries(
              Object.entries(results).map((
                [name, result],
              ) => [name, into[name] ?? result]),
            ),
          );
        },
        dispose: () => Promise.resolve(),
      });
    },
  };
}

function evaluate(
  program: Program,
  inputs: HostTensors,
): Record<string, HostTensor> {
  const bound = bindSizes(program, inputs);
  const successors = (program.successors ?? []).map((
    name,
  ) => [`${name}+1`, bound[name] + 1]);
  const sizes = { ...bound, ...Object.fromEntries(successors) };
  const results: Record<string, HostTensor> = {};
  tf.engine().startScope();
  try {
    const tensors = Object.entries(program.inputs).map((
      [name, spec],
    ) => [name, toTensor(inputs[name], spec)]);
    for (
      const [name, tensor] of Object.entries(
        program.build(Object.fromEntries(tensors), sizes),
      )
    ) {
      results[name] = {
        shape: tensor.shape,
        data: fromTensor(tensor, program.outputTypes?.[name]),
      };
    }
  } finally {
    tf.engine().endScope();
  }
  return results;
}

function toTensor({ data, shape }: HostTensor, spec: Spec): Tensor {
  const dtype = spec.dtype === "int32" ? "int32" : "float32";
  const typed = dtype === "int32"
    ? Int32Array.from(data)
    : Float32Array.from(data);
  return elements(shape) === 0
    ? tf.zeros([...shape], dtype)
    : tf.tensor(typed, [...shape], dtype);
}

function fromTensor(tensor: Tensor, type: ElementType | undefined): HostArray {
  const data = tensor.dataSync();
  if (type === "float16") return Float16Array.from(data);
  if (type === "uint8" || tensor.dtype === "bool") return Uint8Array.from(data);
  return tensor.dtype === "int32"
    ? Int32Array.from(data)
    : Float32Array.from(data);
}
