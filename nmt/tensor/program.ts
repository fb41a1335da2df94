/** A program: named inputs of symbolic shape and a function of tensors; what every runtime compiles and runs. */
import type { Tensor } from "@tensorflow/tfjs";

export type { Tensor };

/** A size known when the program is written, or the name of one that each run may choose anew. */
export type Dim = number | string;

export type ElementType = "float32" | "float16" | "int32" | "int8" | "uint8";

export interface Spec {
  readonly shape: readonly Dim[];
  readonly dtype: ElementType;
}

/** Values of the symbolic sizes while the program is built; stand-ins on a runtime that records. */
export type Sizes = Readonly<Record<string, number>>;

export type Tensors = Readonly<Record<string, Tensor>>;

export interface Program {
  readonly name: string;
  /** Each symbolic size must be the whole of at least one axis. */
  readonly inputs: Readonly<Record<string, Spec>>;
  /** Symbolic sizes that the program also uses plus one, as a cache does that grows by a position. */
  readonly successors?: readonly string[];
  /** Outputs that leave in another type than they are computed in. */
  readonly outputTypes?: Readonly<Record<string, ElementType>>;
  /**
   * float16, int8 and uint8 inputs arrive as float32 tensors. Sizes are symbolic: never average over one. No output has
   * the name of an input.
   */
  build(inputs: Tensors, sizes: Sizes): Tensors;
}

/** A tensor in the host's memory, dense and row-major. */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly data: HostArray;
}

export type HostArray =
  | Float32Array<ArrayBuffer>
  | Float16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>;

export type HostTensors = Readonly<Record<string, HostTensor>>;

/** A tensor in the memory of a device, which only the runtime that made it can read; freed with the object. */
export interface DeviceTensor {
  readonly shape: readonly number[];
  readonly dtype: ElementType;
}

export type PlacedTensor = HostTensor | DeviceTensor;

export type PlacedTensors = Readonly<Record<string, PlacedTensor>>;

/** A program made ready to run. */
export interface Executable {
  /**
   * Runs once. `into` gives tensors to be overwritten with outputs of these names, in place of new ones; such a tensor
   * may be an input of the same run only where the program says that it reads each element before it writes it.
   * Outputs that a device's memory takes are not among the results.
   * Fails when an input is missing or has another size than an input that shares its symbol.
   */
  run(inputs: PlacedTensors, into?: PlacedTensors): Promise<HostTensors>;
  dispose(): Promise<void>;
}

export interface CompileOptions {
  /** Inputs that never change: their values become part of the program, so that a runtime can lay them out once. */
  readonly constants?: HostTensors;
  readonly threads?: number;
}

export interface Runtime {
  /** What decides the result up to rounding; part of the key of every stage that uses the runtime. */
  readonly identity: RuntimeIdentity;
  compile(program: Program, options?: CompileOptions): Promise<Executable>;
  /** A copy in the memory that programs compute in; the tensor itself where that is the host's. */
  place(tensor: HostTensor): Promise<PlacedTensor>;
  /** The values of a placed tensor as they are; the tensor itself where it is the host's. */
  read(tensor: PlacedTensor): Promise<HostTensor>;
}

/** How a runtime places and reads whose programs compute in the host's memory. */
export const inHostMemory: Pick<Runtime, "place" | "read"> = {
  place: (tensor) => Promise.resolve(tensor),
  read: (tensor) => Promise.resolve(onHost(tensor)),
};

/** Whether the host can read a tensor. */
export function isOnHost(tensor: PlacedTensor): tensor is HostTensor {
  return "data" in tensor;
}

/** The tensor, of which only the host's memory is known here. */
export function onHost(tensor: PlacedTensor): HostTensor {
  if (isOnHost(tensor)) return tensor;
  throw new Error("Cannot use a tensor that another runtime placed");
}

export type RuntimeIdentity = {
  readonly name: string;
  readonly version: string;
  readonly provider: string;
  readonly precision: string;
};

const ARRAYS = {
  float32: Float32Array,
  float16: Float16Array,
  int32: Int32Array,
  int8: Int8Array,
  uint8: Uint8Array,
} as const satisfies Record<ElementType, unknown>;

/** Number of elements of a shape. */
export function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/**
 * The value of each symbol, read off the inputs' real shapes. Fails on a missing input, another element type, another
 * rank, another static size, or two values for one symbol.
 */
export function bindSizes(
  program: Program,
  inputs: PlacedTensors,
): Record<string, number> {
  const sizes: Record<string, number> = {};
  for (const [name, spec] of Object.entries(program.inputs)) {
    const tensor = inputs[name];
    const fail = (found: string) => {
      throw new Error(
        `Cannot run ${program.name}: input ${name}: expected shape [${
          spec.shape.join(", ")
        }], found ${found}`,
      );
    };
    if (tensor === undefined) return fail("none");
    const { type, length } = isOnHost(tensor)
      ? { type: tensor.data.constructor.name, length: tensor.data.length }
      : { type: ARRAYS[tensor.dtype].name, length: elements(tensor.shape) };
    if (type !== ARRAYS[spec.dtype].name) {
      fail(`${type} in place of ${spec.dtype}`);
    }
    if (
      tensor.shape.length !== spec.shape.length ||
      elements(tensor.shape) !== length
    ) {
      fail(`[${tensor.shape.join(", ")}] of ${length} elements`);
    }
    spec.shape.forEach((dim, axis) => {
      const real = tensor.shape[axis];
      const expected = typeof dim === "number" ? dim : sizes[dim] ??= real;
      if (expected === real) return;
      const where = typeof dim === "string"
        ? ` where ${dim} is ${expected}`
        : "";
      fail(`[${tensor.shape.join(", ")}]${where}`);
    });
  }
  return sizes;
}

/** @throws Where a constant is not an input of the program, or has another type or shape than it. */
export function checkConstants(program: Program, constants: HostTensors): void {
  for (const [name, { shape, data }] of Object.entries(constants)) {
    const spec = program.inputs[name];
    const fits = spec !== undefined && data instanceof ARRAYS[spec.dtype] &&
      shape.join() === spec.shape.join() && elements(shape) === data.length;
    if (!fits) {
      const expected = spec === undefined
        ? "the name of an input"
        : `${spec.dtype} of shape [${spec.shape.join(", ")}]`;
      throw new Error(
        `Cannot compile ${program.name}: constant ${name}: expected ${expected}, found ${data.constructor.name} of shape [${
          shape.join(", ")
        }]`,
      );
    }
  }
}
