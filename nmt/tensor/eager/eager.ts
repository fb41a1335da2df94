/** Runs programs eagerly, op by op, on a backend of tfjs. */
import {
  bindSizes,
  checkConstants,
  type DeviceTensor,
  elements,
  type ElementType,
  type Executable,
  type HostArray,
  type HostTensor,
  type HostTensors,
  isOnHost,
  type PlacedTensor,
  type PlacedTensors,
  type Program,
  type Runtime,
  type RuntimeIdentity,
  type Tensor,
  type Tensors,
} from "../program.ts";
import { tf } from "../tfjs.ts";

/**
 * A runtime that builds a program anew in each run, on a backend that is registered under this name. It computes on
 * the threads that the backend has: `threads` of the options has no effect.
 */
export function eagerRuntime(
  identity: RuntimeIdentity,
  backend: string,
): Runtime {
  return {
    identity,
    compile: (program, { constants = {} } = {}) =>
      later(() => on(backend, () => compile(program, constants, backend))),
    place: (tensor) => later(() => on(backend, () => place(tensor))),
    read: (tensor) => later(() => on(backend, () => read(tensor))),
  };
}

/** What an eager function gives or throws, as a promise: like a runtime that takes its time. */
const later = <T>(act: () => T): Promise<T> => Promise.resolve().then(act);

/** Acts while a backend is the current one: other runtimes of the process have theirs. */
function on<T>(backend: string, act: () => T): T {
  const previous = tf.getBackend();
  tf.setBackend(backend);
  try {
    return act();
  } finally {
    if (previous) tf.setBackend(previous);
  }
}

function compile(
  program: Program,
  constants: HostTensors,
  backend: string,
): Executable {
  checkConstants(program, constants);
  const held = mapped(constants, (constant) => tf.keep(toTensor(constant)));
  return {
    run: (inputs, into = {}) =>
      later(() => {
        const sizes = bindSizes(program, { ...inputs, ...constants });
        return on(backend, () =>
          tidied(() => {
            const tensors = mapped(
              program.inputs,
              (_, name) => held[name] ?? toTensor(inputs[name]),
            );
            const outputs = evaluate(program, tensors, sizes);
            const results = leave(program, outputs, into);
            // Also those that the program keeps, as it does what is to outlive the tape of its gradients.
            const given = new Set(Object.values(tensors));
            tf.dispose(Object.values(outputs).filter((y) => !given.has(y)));
            return results;
          }));
      }),
    dispose: () => later(() => tf.dispose(held)),
  };
}

function evaluate(
  program: Program,
  inputs: Tensors,
  sizes: Readonly<Record<string, number>>,
): Tensors {
  const successors = (program.successors ?? []).map((name) =>
    [`${name}+1`, sizes[name] + 1] as const
  );
  return program.build(inputs, { ...sizes, ...Object.fromEntries(successors) });
}

/** Hands outputs over: to the given tensors, or else to new ones of the host. */
function leave(
  program: Program,
  outputs: Tensors,
  into: PlacedTensors,
): HostTensors {
  const results: Record<string, HostTensor> = {};
  const replaced: Tensor[] = [];
  for (const [name, tensor] of Object.entries(outputs)) {
    const given = into[name];
    if (given !== undefined && !isOnHost(given)) {
      replaced.push(
        replace(given, tensor, `output ${name} of ${program.name}`),
      );
      continue;
    }
    const data = fromTensor(tensor, program.outputTypes?.[name]);
    given?.data.set(data);
    results[name] = given ?? { shape: tensor.shape, data };
  }
  // Not before: an output may be an input.
  tf.dispose(replaced);
  return results;
}

/** The backend's tensors behind those that the host only names. */
const placed = new WeakMap<DeviceTensor, Tensor>();
const forgotten = new FinalizationRegistry((tensor: Tensor) =>
  tensor.dispose()
);

function hold(place: DeviceTensor, tensor: Tensor): void {
  placed.set(place, tf.keep(tensor));
  forgotten.register(place, tensor, place);
}

/** Half floats and bytes stay on the host: tfjs has neither. */
function place(tensor: HostTensor): PlacedTensor {
  const { shape, data } = tensor;
  const dtype = data instanceof Float32Array
    ? "float32"
    : data instanceof Int32Array
    ? "int32"
    : undefined;
  if (dtype === undefined) return tensor;
  const place: DeviceTensor = { shape, dtype };
  hold(place, toTensor(tensor));
  return place;
}

function read(tensor: PlacedTensor): HostTensor {
  if (isOnHost(tensor)) return tensor;
  const { shape, dtype } = tensor;
  return { shape, data: fromTensor(behind(tensor), dtype) };
}

/** The place has the new tensor's numbers from here on; gives the tensor that it had. */
function replace(place: DeviceTensor, tensor: Tensor, what: string): Tensor {
  const old = behind(place);
  if (
    tensor.dtype !== place.dtype || tensor.shape.join() !== old.shape.join()
  ) {
    throw new Error(
      `Cannot keep ${what}: expected ${place.dtype} of shape [${
        place.shape.join(", ")
      }], found ${tensor.dtype} of shape [${tensor.shape.join(", ")}]`,
    );
  }
  forgotten.unregister(place);
  // A name of its own for what may be an input too.
  hold(place, tf.clone(tensor));
  return old;
}

function behind(place: DeviceTensor): Tensor {
  const tensor = placed.get(place);
  if (tensor !== undefined) return tensor;
  throw new Error("Cannot use a tensor that another runtime placed");
}

/** As the program sees it: half floats and bytes are float32. */
function toTensor(tensor: PlacedTensor): Tensor {
  if (!isOnHost(tensor)) return behind(tensor);
  const { data } = tensor;
  const shape = [...tensor.shape];
  // Copies, as a backend may take an array for its tensor's memory and the host may write it later.
  const [values, dtype] = data instanceof Int32Array
    ? [data.slice(), "int32"] as const
    : [new Float32Array(data), "float32"] as const;
  return elements(shape) === 0
    ? tf.zeros(shape, dtype)
    : tf.tensor(values, shape, dtype);
}

/** A copy, as a backend may give the memory of the tensor itself. */
function fromTensor(tensor: Tensor, type: ElementType | undefined): HostArray {
  const data = tensor.dataSync();
  const own = tensor.dtype === "bool" ? "uint8" : tensor.dtype;
  switch (type ?? own) {
    case "float16":
      return new Float16Array(data);
    case "int8":
      return new Int8Array(data);
    case "uint8":
      return new Uint8Array(data);
    case "int32":
      return new Int32Array(data);
    default:
      return new Float32Array(data);
  }
}

/** Frees every tensor that was made in the meantime and is not kept. */
function tidied<T>(act: () => T): T {
  tf.engine().startScope();
  try {
    return act();
  } finally {
    tf.engine().endScope();
  }
}

function mapped<From, To>(
  record: Readonly<Record<string, From>>,
  map: (value: From, name: string) => To,
): Record<string, To> {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, map(value, name)]),
  );
}
