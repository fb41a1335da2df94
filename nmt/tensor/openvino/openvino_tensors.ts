/** Tensors in the host's memory as OpenVINO's, over the same bytes. */
import type { Dtype } from "../onnx/graph.ts";
import type { HostArray, HostTensor } from "../program.ts";
import { type Functions, made } from "./openvino_library.ts";

/** What OpenVINO calls an element type, and the host's array of it; a flag is a byte. */
const TYPES = {
  bool: { code: 1, array: Uint8Array },
  float16: { code: 3, array: Float16Array },
  float32: { code: 4, array: Float32Array },
  int8: { code: 7, array: Int8Array },
  int32: { code: 9, array: Int32Array },
  uint8: { code: 16, array: Uint8Array },
} as const satisfies Partial<Record<Dtype, unknown>>;

/** Fails on the type that only sizes have, inside of a program. */
export function typeOf(dtype: Dtype): typeof TYPES[keyof typeof TYPES] {
  if (dtype === "int64") throw new Error("Cannot pass int64 to OpenVINO");
  return TYPES[dtype];
}

/** The address of no bytes is none, which OpenVINO takes for a mistake. */
const NOTHING = new Uint8Array(8);

/** Tensors over arrays that are fed again and again: most inputs of a training step are the same in each. */
export class Views {
  readonly #functions: Functions;
  readonly #made = new WeakMap<
    HostArray,
    { readonly as: string; readonly tensor: bigint }
  >();
  readonly #unused = new FinalizationRegistry<bigint>((tensor) =>
    this.#functions.ov_tensor_free(tensor)
  );

  constructor(functions: Functions) {
    this.#functions = functions;
  }

  /** OpenVINO's tensor over the memory of the host's, valid as long as the host's array is. */
  of({ shape, data }: HostTensor, dtype: Dtype): bigint {
    const as = `${dtype} ${shape}`;
    const known = this.#made.get(data);
    if (known?.as === as) return known.tensor;
    const tensor = this.#make(shape, data, typeOf(dtype).code);
    if (known !== undefined) this.#functions.ov_tensor_free(known.tensor);
    this.#unused.unregister(data);
    this.#unused.register(data, tensor, data);
    this.#made.set(data, { as, tensor });
    return tensor;
  }

  #make(shape: readonly number[], data: HostArray, type: number) {
    const sizes = BigInt64Array.from([...shape, 0], BigInt);
    const bytes = data.length === 0
      ? NOTHING
      : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return made(
      this.#functions,
      "take a tensor",
      (place) =>
        this.#functions.ov_tensor_create_from_host_ptr(
          type,
          BigInt(shape.length),
          sizes,
          bytes,
          place,
        ),
    );
  }
}
