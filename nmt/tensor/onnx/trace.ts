/** Records a program: runs it once on a tfjs backend whose kernels append ONNX nodes in place of computing. */
import {
  type Abilities,
  type Graph,
  graph,
  type Recording,
  type Value,
} from "./graph.ts";
import { type Attributes, kernels } from "./kernels.ts";
import { ELEMENT } from "./model_bytes.ts";
import {
  checkConstants,
  type HostTensors,
  type Program,
  type Tensor,
} from "../program.ts";
import { chooseSymbols } from "./symbolic_sizes.ts";
import { tf } from "../tfjs.ts";

const BACKEND = "trace";

type DataId = tf.TensorInfo["dataId"];
type Data = tf.backend_util.BackendValues;

/** The interface of tfjs asks for a class; its state is the recording in progress. */
class Recorder extends tf.KernelBackend {
  values = new Map<DataId, Value>();
  graph: Graph | undefined;

  current(): Graph {
    if (this.graph === undefined) {
      throw new Error("Cannot record an op outside of a program");
    }
    return this.graph;
  }

  put(value: Value): tf.TensorInfo {
    const dataId = {};
    this.values.set(dataId, value);
    return { dataId, shape: [...value.shape], dtype: tfjsType(value) };
  }

  get(tensor: tf.TensorInfo): Value {
    const value = this.values.get(tensor.dataId);
    if (value === undefined) {
      throw new Error(
        "Cannot record an op on a tensor of another program or backend",
      );
    }
    return value;
  }

  tensor(value: Value): Tensor {
    return tf.engine().makeTensorFromTensorInfo(this.put(value), this);
  }

  override write(data: Data, shape: number[], dtype: tf.DataType): DataId {
    const recording = this.current();
    if (dtype !== "float32" && dtype !== "int32" && dtype !== "bool") {
      throw new Error(`Cannot record a constant of type ${dtype}`);
    }
    const numbers = Array.from(data as ArrayLike<number>, Number);
    if (
      numbers.length > 0 && numbers.every((number) => number === numbers[0])
    ) {
      return this.put(recording.fill(numbers[0], shape, dtype)).dataId;
    }
    if (shape.some(recording.isSymbolic)) {
      throw new Error(
        `Cannot record a constant of shape [${shape}]: its size changes between runs`,
      );
    }
    const typed = dtype === "float32"
      ? Float32Array.from(numbers)
      : dtype === "int32"
      ? Int32Array.from(numbers)
      : Uint8Array.from(numbers);
    return this.put(
      recording.value(recording.constant(typed, shape, dtype), shape, dtype),
    ).dataId;
  }

  override move(
    dataId: DataId,
    data: Data,
    shape: number[],
    dtype: tf.DataType,
  ): void {
    this.values.set(
      dataId,
      this.get({ dataId: this.write(data, shape, dtype), shape, dtype }),
    );
  }

  override numDataIds(): number {
    return this.values.size;
  }

  override disposeData(): boolean {
    return true;
  }

  override incRef(): void {}

  decRef(): void {}

  override refCount(): number {
    return 1;
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override readSync(): never {
    throw new Error(
      "Cannot read a tensor while a program is recorded: it has a shape but no numbers",
    );
  }

  override read(): never {
    return this.readSync();
  }
}

function tfjsType({ dtype }: Value): "float32" | "int32" | "bool" {
  if (dtype === "float32" || dtype === "int32" || dtype === "bool") {
    return dtype;
  }
  throw new Error(`Cannot show a value of type ${dtype} to tfjs`);
}

const recorder = new Recorder();
tf.registerBackend(BACKEND, () => recorder);
for (const [kernelName, kernel] of Object.entries(kernels)) {
  tf.registerKernel({
    kernelName,
    backendName: BACKEND,
    kernelFunc: ({ inputs, attrs }) => {
      const values = Object.fromEntries(
        Object.entries(inputs).flatMap(([name, tensor]) =>
          tensor === undefined ? [] : [[name, recorder.get(tensor)]]
        ),
      );
      const result = kernel(
        recorder.current(),
        values,
        attrs as unknown as Attributes,
      );
      return Array.isArray(result)
        ? result.map((value) => recorder.put(value))
        : recorder.put(result);
    },
  });
}

/**
 * Records a program for a runtime of some abilities. Inputs named in `constants` become initializers, whose values it may
 * lay out once. Fails, with the kernel's name, on a kernel that has no entry in the table.
 */
export function record(
  program: Program,
  constants: HostTensors = {},
  abilities: Abilities = {},
): Recording {
  checkConstants(program, constants);
  const symbols = chooseSymbols(program);
  const recording = graph(symbols, abilities);
  const sizes = Object.fromEntries(
    symbols.map((symbol) => [symbol.name, symbol.sentinel]),
  );
  const previous = tf.getBackend() || "cpu";
  recorder.graph = recording;
  recorder.values.clear();
  tf.setBackend(BACKEND);
  try {
    tf.tidy(() => {
      const inputs = Object.entries(program.inputs).map(([name, spec]) => {
        const shape = spec.shape.map((dim) =>
          typeof dim === "number" ? dim : sizes[dim]
        );
        const constant = constants[name];
        const stored = constant === undefined
          ? recording.input(name, shape, spec.dtype)
          : recording.value(
            recording.constant(
              asNumbers(constant.data),
              shape,
              spec.dtype,
              name,
            ),
            shape,
            spec.dtype,
          );
        const visible = spec.dtype !== "float32" && spec.dtype !== "int32"
          ? {
            ...stored,
            name: recording.emit("Cast", [stored.name], {
              to: ELEMENT.float32,
            }),
            dtype: "float32" as const,
          }
          : stored;
        return [name, recorder.tensor(visible)] as const;
      });
      for (
        const [name, tensor] of Object.entries(
          program.build(Object.fromEntries(inputs), sizes),
        )
      ) {
        if (name in program.inputs) {
          throw new Error(
            `Cannot record output ${name}: an input has its name`,
          );
        }
        const value = recorder.get(tensor);
        const type = program.outputTypes?.[name];
        const typed = type === undefined || type === value.dtype ? value : {
          ...value,
          name: recording.emit("Cast", [value.name], { to: ELEMENT[type] }),
          dtype: type,
        };
        recording.output(name, typed);
      }
    });
  } finally {
    recorder.graph = undefined;
    recorder.values.clear();
    tf.setBackend(previous);
  }
  return recording.finish();
}

function asNumbers(
  data: HostTensors[string]["data"],
): Float32Array | Int32Array | Uint8Array {
  return data instanceof Float16Array || data instanceof Int8Array
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : data;
}
