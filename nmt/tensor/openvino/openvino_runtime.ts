/** Runs programs with OpenVINO on the CPU: the graph that ONNX Runtime runs too, in the operators of the standard. */
import type { Runtime as Config } from "../../../schemas/experiment/runtime.ts";
import { inputError } from "../../../base/input_error.ts";
import { identityOf } from "../identities.ts";
import { encodeModel } from "../onnx/model_bytes.ts";
import type { Port, Recording } from "../onnx/graph.ts";
import { inStandardOperators } from "../onnx/standard_operators.ts";
import { factor } from "../onnx/symbolic_sizes.ts";
import { record } from "../onnx/trace.ts";
import {
  bindSizes,
  type CompileOptions,
  elements,
  type Executable,
  type HostTensor,
  inHostMemory,
  onHost,
  type PlacedTensors,
  type Program,
  type Runtime,
} from "../program.ts";
import { tf } from "../tfjs.ts";
import {
  capabilities,
  check,
  cString,
  type Functions,
  made,
  type Opened,
  openLibrary,
} from "./openvino_library.ts";
import { typeOf, Views } from "./openvino_tensors.ts";

/**
 * How precise matrix products are, and what lies between two of them. What comes after the last product on the way to an
 * output, such as losses and Adam, is in 32-bit floats, as inputs and outputs are.
 */
type Precision = NonNullable<Config["precision"]>;

/** What OpenVINO calls them. */
const HINTS: Readonly<Record<Precision, string>> = {
  float32: "f32",
  bfloat16: "bf16",
};

/** OpenVINO on the CPU. An input error says what is missing and how to get it. */
export async function openvinoRuntime(
  precision: Precision = "float32",
): Promise<Runtime> {
  const identity = identityOf({ name: "openvino", provider: "cpu", precision });
  const { functions, core } = openLibrary(identity.version);
  await tf.setBackend("cpu");
  checkPrecision(precision, capabilities(functions, core));
  return {
    identity,
    compile: (program, options) =>
      Promise.resolve().then(() =>
        compile({ functions, core, precision }, program, options)
      ),
    ...inHostMemory,
  };
}

/** Fails with an input error where OpenVINO would compute in 32-bit floats whatever it is told. */
export function checkPrecision(
  precision: Precision,
  capabilities: readonly string[],
): void {
  if (precision === "float32" || capabilities.includes("BF16")) return;
  throw inputError(
    `Cannot use runtime openvino on cpu: expected a CPU that multiplies in bfloat16, found one of ${
      capabilities.join(", ")
    }; leave out "precision" of the runtime.`,
  );
}

interface Chosen extends Opened {
  readonly precision: Precision;
}

/** The recording, compiled; the caller frees it. */
function compiledModel(
  { functions, core, precision }: Chosen,
  name: string,
  recording: Recording,
  threads = navigator.hardwareConcurrency,
): bigint {
  const bytes = encodeModel(recording, name);
  const model = made(
    functions,
    `read ${name}`,
    (place) =>
      functions.ov_core_read_model_from_memory_buffer(
        core,
        bytes as Uint8Array<ArrayBuffer>,
        BigInt(bytes.length),
        0n,
        place,
      ),
  );
  try {
    const cpu = cString("CPU");
    const properties = {
      INFERENCE_PRECISION_HINT: HINTS[precision],
      INFERENCE_NUM_THREADS: `${threads}`,
      NUM_STREAMS: "1",
      // Threads that stay on their cores wait for what else runs there.
      ENABLE_CPU_PINNING: "NO",
      CPU_DENORMALS_OPTIMIZATION: "YES",
    };
    for (const [key, value] of Object.entries(properties)) {
      const status = functions.ov_core_set_property(
        core,
        cpu,
        cString(key),
        cString(value),
      );
      check(functions, `set ${key}`, status);
    }
    return made(
      functions,
      `compile ${name}`,
      (place) => functions.ov_core_compile_model(core, model, cpu, 0n, place),
    );
  } finally {
    functions.ov_model_free(model);
  }
}

function compile(
  chosen: Chosen,
  program: Program,
  { constants, threads }: CompileOptions = {},
): Executable {
  const { functions } = chosen;
  const recording = inStandardOperators(record(program, constants));
  let compiled = compiledModel(chosen, program.name, recording, threads);
  let request = made(
    functions,
    `prepare ${program.name}`,
    (place) =>
      functions.ov_compiled_model_create_infer_request(compiled, place),
  );
  const views = new Views(functions);
  const named = (ports: readonly Port[]) =>
    ports.map((port) => ({ ...port, text: cString(port.name) }));
  type Named = ReturnType<typeof named>[number];
  const set = ({ name, text, dtype }: Named, tensor: HostTensor) =>
    check(
      functions,
      `take ${name} of ${program.name}`,
      functions.ov_infer_request_set_tensor(
        request,
        text,
        views.of(tensor, dtype),
      ),
    );
  // What nothing depends on is no input of the compiled model.
  const used = named(recording.inputs).filter(({ text }) =>
    hasInput(functions, compiled, text)
  );
  const outputs = named(recording.outputs);
  const scratch = new Map<string, HostTensor>();
  // Runs share one request: each begins after the one before, and nothing is freed while one is under way.
  let last: Promise<unknown> = Promise.resolve();
  return {
    run: (inputs, into = {}) => {
      const result = last.then(() => run(inputs, into));
      last = result.catch(() => undefined);
      return result;
    },
    dispose: async () => {
      await last;
      functions.ov_infer_request_free(request);
      functions.ov_compiled_model_free(compiled);
      request = compiled = 0n;
    },
  };

  async function run(inputs: PlacedTensors, into: PlacedTensors) {
    if (request === 0n) {
      throw new Error(`Cannot run ${program.name}: it is disposed of`);
    }
    bindSizes(program, { ...inputs, ...constants });
    const fed = used.map(({ name }) => onHost(inputs[name]));
    used.forEach((port, i) => set(port, fed[i]));
    const read = new Set(fed.map(({ data }) => data.buffer));
    // A run has a place for each output, as the request would go on to write where the last one wrote.
    const written = outputs.map((port) => {
      const shape = port.shape.map((size) =>
        realSize(size, recording.symbols, inputs)
      );
      const to = port.name in into
        ? fitting(program, port, shape, onHost(into[port.name]))
        : empty(port, shape);
      // OpenVINO may use the memory of an output for what comes before it: not where an input is.
      const from = read.has(to.data.buffer) ? spare(scratch, port, to) : to;
      set(port, from);
      return { name: port.name, from, to };
    });
    check(
      functions,
      `run ${program.name}`,
      await functions.ov_infer_request_infer(request),
    );
    // Inputs live until here, whatever the caller keeps: OpenVINO has their addresses only.
    fed.length = 0;
    for (const { from, to } of written) {
      if (from !== to) to.data.set(from.data as typeof to.data & number[]);
    }
    return Object.fromEntries(written.map(({ name, to }) => [name, to]));
  }
}

function hasInput(
  functions: Functions,
  compiled: bigint,
  name: ReturnType<typeof cString>,
): boolean {
  const port = new BigUint64Array(1);
  const status = functions.ov_compiled_model_input_by_name(
    compiled,
    name,
    port,
  );
  if (status !== 0) return false;
  functions.ov_output_const_port_free(port[0]);
  return true;
}

/** The size in a run of what has this one in the recording. */
function realSize(
  size: number,
  symbols: Recording["symbols"],
  inputs: PlacedTensors,
): number {
  const { coefficient, symbols: found } = factor(size, symbols);
  return found.reduce(
    (product, { input, axis, offset }) =>
      product * (inputs[input].shape[axis] + offset),
    coefficient,
  );
}

const empty = ({ dtype }: Port, shape: readonly number[]): HostTensor => ({
  shape,
  data: new (typeOf(dtype).array)(elements(shape)),
});

/** The given tensor, which must be like the output that it takes. */
function fitting(
  program: Program,
  { name, dtype }: Port,
  shape: readonly number[],
  given: HostTensor,
): HostTensor {
  const { array } = typeOf(dtype);
  if (given.data instanceof array && given.shape.join() === shape.join()) {
    return given;
  }
  throw new Error(
    `Cannot keep output ${name} of ${program.name}: expected ${array.name} of shape [${shape}], found ${given.data.constructor.name} of shape [${given.shape}]`,
  );
}

/** Memory of an output's size that is used again in the next run. */
function spare(
  scratch: Map<string, HostTensor>,
  port: Port,
  { shape }: HostTensor,
): HostTensor {
  const known = scratch.get(port.name);
  if (known?.shape.join() === shape.join()) return known;
  const fresh = empty(port, shape);
  scratch.set(port.name, fresh);
  return fresh;
}
