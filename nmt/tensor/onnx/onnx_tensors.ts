/** Host tensors and buffers of a GPU as ONNX Runtime's tensors, and the ways between them. */
import * as ort from "onnxruntime-node";
import {
  type DeviceTensor,
  elements,
  type ElementType,
  type HostArray,
  type HostTensor,
  isOnHost,
  onHost,
  type PlacedTensor,
  type Program,
  type Runtime,
} from "../program.ts";

/** Tensors that were fed before: most of a step's inputs are the same objects each time. */
const views = new WeakMap<PlacedTensor, ort.Tensor>();

/** ONNX Runtime's tensor over the same memory. */
export function view(tensor: PlacedTensor): ort.Tensor {
  const known = views.get(tensor);
  if (known !== undefined) return known;
  const made = makeView(onHost(tensor));
  views.set(tensor, made);
  return made;
}

function makeView({ data, shape }: HostTensor): ort.Tensor {
  if (data instanceof Float32Array) {
    return new ort.Tensor("float32", data, shape);
  }
  if (data instanceof Int32Array) return new ort.Tensor("int32", data, shape);
  if (data instanceof Int8Array) return new ort.Tensor("int8", data, shape);
  if (data instanceof Uint8Array) return new ort.Tensor("uint8", data, shape);
  // Node-API knows no Float16Array, which is what the constructor keeps: give the binding the same bits as integers.
  const bits = new Uint16Array(data.buffer, data.byteOffset, data.length);
  return Object.assign(new ort.Tensor("float16", bits, shape), {
    cpuData: bits,
  });
}

/** What ONNX Runtime left in the host's memory; `name` is for the error. */
export function host(tensor: ort.Tensor, name: string): HostTensor {
  const { dims: shape, data } = tensor;
  const typed: HostArray | undefined =
    data instanceof Float32Array || data instanceof Int32Array ||
      data instanceof Int8Array || data instanceof Uint8Array
      ? data as HostArray
      : data instanceof Uint16Array || data instanceof Float16Array
      ? new Float16Array(
        data.buffer as ArrayBuffer,
        data.byteOffset,
        data.length,
      )
      : undefined;
  if (typed === undefined || elements(shape) !== typed.length) {
    throw new Error(
      `Cannot read output ${name}: unexpected type ${tensor.type}`,
    );
  }
  return { shape, data: typed };
}

/** Makes a session of a program, whose outputs stay on the GPU where asked. */
export type Open = (
  program: Program,
  outputs: "cpu" | "gpu-buffer",
) => Promise<ort.InferenceSession>;

/**
 * The memory of WebGPU's device. ONNX Runtime for Node copies to and from it in sessions only: of a program that gives
 * what it is given.
 */
export function webgpuMemory(open: Open): Pick<Runtime, "place" | "read"> {
  const sessions = new Map<string, Promise<ort.InferenceSession>>();
  const copy = async (
    x: ort.Tensor,
    dtype: ElementType,
    to: "cpu" | "gpu-buffer",
  ): Promise<ort.Tensor> => {
    const key = `${dtype} to ${to}`;
    const session = sessions.get(key) ?? open({
      name: "copy",
      inputs: { x: { shape: ["n"], dtype } },
      outputTypes: { y: dtype },
      build: ({ x }) => ({ y: x }),
    }, to);
    sessions.set(key, session);
    return (await (await session).run({ x })).y;
  };
  return {
    place: async (tensor) => {
      const { data, shape } = tensor;
      const dtype = typeOf(data);
      // WebGPU has no bytes: ONNX Runtime uploads them in each run.
      if (dtype === "int8" || dtype === "uint8") return tensor;
      const { gpuBuffer } = await copy(
        makeView({ data, shape: [data.length] }),
        dtype,
        "gpu-buffer",
      );
      const placed = { shape, dtype };
      views.set(placed, onGpu(gpuBuffer, placed));
      return placed;
    },
    read: async (tensor) => {
      if (isOnHost(tensor)) return tensor;
      const { shape, dtype } = tensor;
      const flat = onGpu(view(tensor).gpuBuffer, {
        shape: [elements(shape)],
        dtype,
      });
      const { data } = host(await copy(flat, dtype, "cpu"), "of a copy");
      return { shape, data };
    },
  };
}

function onGpu(
  buffer: ort.Tensor.GpuBufferType,
  { shape, dtype }: DeviceTensor,
): ort.Tensor {
  if (dtype === "int8" || dtype === "uint8") {
    throw new Error("Cannot have bytes on a GPU");
  }
  return ort.Tensor.fromGpuBuffer(buffer, { dataType: dtype, dims: shape });
}

function typeOf(data: HostArray): ElementType {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Int32Array) return "int32";
  if (data instanceof Int8Array) return "int8";
  return data instanceof Uint8Array ? "uint8" : "float16";
}
