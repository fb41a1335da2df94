/** Writes a recorded graph as the bytes of an ONNX model. */
import proto from "onnx-proto";
import type { onnx as types } from "onnx-proto";
import type { Attribute, Dtype, Port, Recording } from "./graph.ts";
import { factor, type Symbol } from "./symbolic_sizes.ts";

const { onnx } = proto;

/** Opset in which `Shape` takes a range and reductions take their axes as an input. */
const OPSET = 18;
const IR_VERSION = 9;

export const ELEMENT: Readonly<Record<Dtype, number>> = {
  float32: onnx.TensorProto.DataType.FLOAT,
  float16: onnx.TensorProto.DataType.FLOAT16,
  int8: onnx.TensorProto.DataType.INT8,
  uint8: onnx.TensorProto.DataType.UINT8,
  int32: onnx.TensorProto.DataType.INT32,
  int64: onnx.TensorProto.DataType.INT64,
  bool: onnx.TensorProto.DataType.BOOL,
};

/** The first output of a model that runs in place: an empty sequence and not a tensor. */
export const NO_TENSOR = "no tensor";

const noTensor: types.INodeProto = {
  name: NO_TENSOR,
  opType: "SequenceEmpty",
  output: [NO_TENSOR],
};

const noTensorInfo: types.IValueInfoProto = {
  name: NO_TENSOR,
  type: {
    sequenceType: {
      elemType: { tensorType: { elemType: onnx.TensorProto.DataType.FLOAT } },
    },
  },
};

/** The model in protocol-buffer bytes; equal recordings give equal bytes. `inPlace` gives it the output `NO_TENSOR`. */
export function encodeModel(
  recording: Recording,
  name: string,
  inPlace = false,
): Uint8Array {
  const { nodes, initializers, inputs, outputs, symbols } = recording;
  return onnx.ModelProto.encode({
    irVersion: IR_VERSION,
    producerName: "ckd",
    opsetImport: [{ domain: "", version: OPSET }, {
      domain: "com.microsoft",
      version: 1,
    }],
    graph: {
      name,
      input: inputs.map((port) => valueInfo(port, symbols)),
      output: [
        ...inPlace ? [noTensorInfo] : [],
        ...outputs.map((port) => valueInfo(port, symbols)),
      ],
      initializer: initializers.map(({ name, shape, dtype, bytes }) => ({
        name,
        dims: [...shape],
        dataType: ELEMENT[dtype],
        rawData: bytes,
      })),
      node: [
        ...inPlace ? [noTensor] : [],
        ...nodes.map((node, index) => ({
          name: `${node.op}_${index}`,
          opType: node.op,
          domain: node.domain,
          input: [...node.inputs],
          output: [...node.outputs],
          attribute: Object.entries(node.attributes).map(([key, value]) =>
            attribute(key, value)
          ),
        })),
      ],
    },
  }).finish();
}

function attribute(name: string, value: Attribute): types.IAttributeProto {
  const type = onnx.AttributeProto.AttributeType;
  if (typeof value === "number") return { name, type: type.INT, i: value };
  if (typeof value === "string") {
    return { name, type: type.STRING, s: new TextEncoder().encode(value) };
  }
  if ("float" in value) return { name, type: type.FLOAT, f: value.float };
  return { name, type: type.INTS, ints: [...value] };
}

function valueInfo(
  { name, shape, dtype }: Port,
  symbols: readonly Symbol[],
): types.IValueInfoProto {
  const dim = shape.map((size) => {
    const { coefficient, symbols: found } = factor(size, symbols);
    if (found.length === 0) return { dimValue: size };
    const names = found.map((symbol) => symbol.name);
    return {
      dimParam: (coefficient === 1 ? names : [coefficient, ...names]).join("*"),
    };
  });
  return {
    name,
    type: { tensorType: { elemType: ELEMENT[dtype], shape: { dim } } },
  };
}
