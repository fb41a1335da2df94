/** The default runtime: programs are recorded as ONNX graphs and run by ONNX Runtime. */
import * as ort from "onnxruntime-node";
import type { Port } from "./graph.ts";
import { identities } from "./identities.ts";
import { encodeModel } from "./onnx.ts";
import {
  bindSizes,
  type CompileOptions,
  elements,
  type Executable,
  type HostArray,
  type HostTensor,
  type Program,
  type Runtime,
} from "./program.ts";
import { record } from "./trace.ts";
import { tf } from "./tfjs.ts";

/** ONNX Runtime on the CPU. Fails when the installed package is of another version than the key says. */
export async function onnxRuntime(): Promise<Runtime> {
  const found = ort.env.versions.node ?? ort.env.versions.common;
  if (found !== identities.onnx.version) {
    throw new Error(
      `Cannot use onnxruntime-node: expected version ${identities.onnx.version}, found ${found}; run deno install`,
    );
  }
  await tf.setBackend("cpu");
  return { identity: identities.onnx, compile };
}

async function compile(
  program: Program,
  options: CompileOptions = {},
): Promise<Executable> {
  const recording = record(program, options.constants);
  const session = await ort.InferenceSession.create(
    encodeModel(recording, program.name),
    {
      executionProviders: ["cpu"],
      intraOpNumThreads: options.threads ?? navigator.hardwareConcurrency,
      interOpNumThreads: 1,
      executionMode: "sequential",
      graphOptimizationLevel: "all",
      // Batches vary in shape, so a plan made for one shape only holds memory for it.
      enableMemPattern: false,
      extra: { session: { set_denormal_as_zero: "1" } },
    },
  );
  const fed = recording.inputs.map((port) => port.name);
  const outputs = recording.outputs.map((port) => port.name);
  const ports = new Map(recording.outputs.map((port) => [port.name, port]));
  return {
    run: async (inputs, into = {}) => {
      bindSizes(program, { ...inputs, ...options.constants });
      const feeds = Object.fromEntries(
        fed.map((name) => [name, view(inputs[name])]),
      );
      const fetches = Object.fromEntries(
        outputs.map((name) => [name, name in into ? view(into[name]) : null]),
      );
      const results = await session.run(feeds, fetches);
      return Object.fromEntries(
        outputs.map((
          name,
        ) => [name, into[name] ?? host(results[name], ports.get(name))]),
      );
    },
    dispose: () => session.release(),
  };
}

/** Tensors that were fed before: most of a step's inputs are the same objects each time. */
const views = new WeakMap<HostTensor, ort.Tensor>();

/** ONNX Runtime's tensor over the same memory. */
function view(tensor: HostTensor): ort.Tensor {
  const known = views.get(tensor);
  if (known !== undefined) return known;
  const made = makeView(tensor);
  views.set(tensor, made);
  return made;
}

function makeView({ data, shape }: HostTensor): ort.Tensor {
  if (data instanceof Float32Array) {
    return new ort.Tensor("float32", data, shape);
  }
  if (data instanceof Int32Array) return new ort.Tensor("int32", data, shape);
  if (data instanceof Uint8Array) return new ort.Tensor("uint8", data, shape);
  // Node-API knows no Float16Array, which is what the constructor keeps: give the binding the same bits as integers.
  const bits = new Uint16Array(data.buffer, data.byteOffset, data.length);
  return Object.assign(new ort.Tensor("float16", bits, shape), {
    cpuData: bits,
  });
}

function host(tensor: ort.Tensor, port: Port | undefined): HostTensor {
  const { dims: shape, data } = tensor;
  const typed: HostArray | undefined =
    data instanceof Float32Array || data instanceof Int32Array ||
      data instanceof Uint8Array
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
      `Cannot read output ${port?.name}: unexpected type ${tensor.type}`,
    );
  }
  return { shape, data: typed };
}
