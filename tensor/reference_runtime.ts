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
    compile: (program, { constants = {} } = {}) =>
      later(() => {
        checkConstants(program, constants);
        return {
          run: (inputs: HostTensors, into: HostTensors = {}) =>
            later(() => {
              const results = evaluate(program, { ...inputs, ...constants });
              for (const [name, result] of Object.entries(results)) {
                into[name]?.data.set(result.data);
              }
              return { ...results, ...pick(into, Object.keys(results)) };
            }),
          dispose: () => Promise.resolve(),
        };
      }),
  };
}

/** What an eager function gives or throws, as a promise: like a runtime that takes its time. */
const later = <T>(act: () => T): Promise<T> => Promise.resolve().then(act);

const pick = (tensors: HostTensors, names: readonly string[]): HostTensors =>
  Object.fromEntries(
    names.filter((name) => name in tensors).map((name) => [
      name,
      tensors[name],
    ]),
  );

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
  const own = tensor.dtype === "bool" ? "uint8" : tensor.dtype;
  switch (type ?? own) {
    case "float16":
      return Float16Array.from(data);
    case "uint8":
      return Uint8Array.from(data);
    case "int32":
      return Int32Array.from(data);
    default:
      return Float32Array.from(data);
  }
}
