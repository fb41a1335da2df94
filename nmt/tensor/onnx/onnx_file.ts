/** Runs an ONNX file with ONNX Runtime on the CPU, with inputs and outputs by name. */
import * as ort from "onnxruntime-node";
import { sessionOptions } from "./onnx_runtime.ts";

/** Values as the borders of such files have them. */
export interface FileTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

export type FileTensors = Readonly<Record<string, FileTensor>>;

export interface OnnxFile {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Fails, by ONNX Runtime's own words, on values that the file's operators cannot take. */
  run(inputs: FileTensors): Promise<FileTensors>;
  dispose(): Promise<void>;
}

export async function openOnnxFile(
  path: string,
  { threads }: { readonly threads?: number } = {},
): Promise<OnnxFile> {
  return fileOf(
    await ort.InferenceSession.create(path, sessionOptions("cpu", threads)),
    ort.Tensor,
  );
}

/** A file that is open in a session of any build of ONNX Runtime, with that build's tensors. */
export function fileOf(
  session: ort.InferenceSession,
  Tensor: typeof ort.Tensor,
): OnnxFile {
  return {
    inputs: session.inputNames,
    outputs: session.outputNames,
    run: async (inputs) => {
      const feeds = Object.entries(inputs).map((
        [name, tensor],
      ) => [name, ortTensor(tensor, Tensor)]);
      const results = await session.run(Object.fromEntries(feeds));
      return Object.fromEntries(
        Object.entries(results).map(([name, tensor]) => [
          name,
          fileTensor(name, tensor),
        ]),
      );
    },
    dispose: () => session.release(),
  };
}

function ortTensor(
  { shape, data }: FileTensor,
  Tensor: typeof ort.Tensor,
): ort.Tensor {
  return data instanceof Float32Array
    ? new Tensor("float32", data, shape)
    : new Tensor("int64", data, shape);
}

function fileTensor(name: string, { dims, data }: ort.Tensor): FileTensor {
  if (data instanceof Float32Array || data instanceof BigInt64Array) {
    return { shape: dims, data };
  }
  throw new Error(
    `Cannot read output ${name}: unexpected ${data.constructor.name}`,
  );
}
