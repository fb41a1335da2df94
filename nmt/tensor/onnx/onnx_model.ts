/** Portable ONNX models: standard operators only, each stored tensor once, and a repeated part. */
import proto from "onnx-proto";
import type { onnx as types } from "onnx-proto";
import type { Graph, Node, Recording } from "./graph.ts";
import { encodeModel } from "./model_bytes.ts";
import { elements } from "../program.ts";

const { onnx } = proto;

/** ONNX's number of each type that a model for others has at its borders or stores. */
export const TYPES = {
  float32: onnx.TensorProto.DataType.FLOAT,
  float64: onnx.TensorProto.DataType.DOUBLE,
  int8: onnx.TensorProto.DataType.INT8,
  int32: onnx.TensorProto.DataType.INT32,
  int64: onnx.TensorProto.DataType.INT64,
  bool: onnx.TensorProto.DataType.BOOL,
} as const;

/** A tensor of a model's file, row-major; `Uint8Array` has the two's complement of int8. */
export interface Stored {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Uint8Array;
}

/** An input or output; a size that each run may choose has a name. Without a shape it may have any. */
export interface Border {
  readonly name: string;
  readonly type: keyof typeof TYPES;
  readonly shape?: readonly (number | string)[];
}

/** A part that the node of operator Loop repeats: its inputs and outputs are those that ONNX defines for a Loop's body. */
export interface Repetition {
  readonly recording: Recording;
  readonly inputs: readonly Border[];
  readonly outputs: readonly Border[];
}

export interface ModelParts {
  readonly name: string;
  readonly recording: Recording;
  readonly inputs: readonly Border[];
  readonly outputs: readonly Border[];
  /** What the nodes may read; only what they do read is stored. */
  readonly stored: Readonly<Record<string, Stored>>;
  readonly repetition?: Repetition;
}

/**
 * The bytes of a model; equal parts give equal bytes. The repetition reads outputs of the recording by their names, and
 * shares its stored tensors. Fails on an operator that is not ONNX's own, and on a name that stands for nothing.
 */
export function modelFile(
  { name, recording, inputs, outputs, stored, repetition }: ModelParts,
): Uint8Array<ArrayBuffer> {
  const { graph, ...model } = decoded(name, recording);
  const within = repetition && decoded("repetition", repetition.recording);
  const inner = within && repetition && bodyOf(repetition, within.graph);
  const all = [recording, ...repetition ? [repetition.recording] : []];
  const read = new Set(all.flatMap(({ nodes }) => nodes).flatMap(namesRead));
  const constants = new Map(
    [graph, within?.graph].flatMap((graph) => graph?.initializer ?? [])
      .map((tensor) => [tensor.name ?? "", tensor]),
  );
  const kept = Object.entries(stored).filter(([name]) => read.has(name));
  checkNames(read, [
    ...[...inputs, ...repetition?.inputs ?? []].map(({ name }) => name),
    ...all.flatMap(({ nodes }) => nodes.flatMap(({ outputs }) => outputs)),
    ...constants.keys(),
    ...kept.map(([name]) => name),
  ]);
  return onnx.ModelProto.encode({
    ...model,
    opsetImport: model.opsetImport?.filter(({ domain }) => domain === ""),
    graph: {
      name,
      input: inputs.map(valueInfo),
      output: outputs.map(valueInfo),
      initializer: [
        ...constants.values(),
        ...kept.map(([name, tensor]) => tensorOf(name, tensor)),
      ],
      node: graph?.node?.map((node) =>
        node.opType === "Loop" && inner
          ? { ...node, attribute: [graphAttribute("body", inner)] }
          : node
      ),
    },
  }).finish().slice();
}

/** A recording in ONNX's own records. */
function decoded(name: string, recording: Recording): types.IModelProto {
  const foreign = recording.nodes.find(({ domain }) => domain !== "");
  if (foreign !== undefined) {
    throw new Error(
      `Cannot make model ${name}: ${foreign.domain}.${foreign.op} is no operator of ONNX`,
    );
  }
  const bare = { ...recording, inputs: [], outputs: [] };
  return onnx.ModelProto.decode(encodeModel(bare, name));
}

/** Names that a repetition makes get a prefix, as one must not stand both in it and around it. */
function bodyOf(
  { recording, inputs, outputs }: Repetition,
  graph: types.IGraphProto | null | undefined,
): types.IGraphProto {
  const own = new Set([
    ...inputs.map(({ name }) => name),
    ...recording.nodes.flatMap(({ outputs }) => outputs),
  ]);
  const within = (name: string) => own.has(name) ? `repeated ${name}` : name;
  const border = (border: Border) =>
    valueInfo({ ...border, name: within(border.name) });
  return {
    name: "repetition",
    input: inputs.map(border),
    output: outputs.map(border),
    node: graph?.node?.map((node) => ({
      ...node,
      name: within(node.name ?? ""),
      input: node.input?.map(within),
      output: node.output?.map(within),
    })),
  };
}

const namesRead = ({ inputs }: Node) => inputs.filter((name) => name !== "");

function checkNames(read: ReadonlySet<string>, known: readonly string[]): void {
  const names = new Set(known);
  const unknown = [...read].find((name) => !names.has(name));
  if (unknown !== undefined) {
    throw new Error(`Cannot make a model: nothing gives "${unknown}"`);
  }
}

function graphAttribute(
  name: string,
  g: types.IGraphProto,
): types.IAttributeProto {
  return { name, type: onnx.AttributeProto.AttributeType.GRAPH, g };
}

function tensorOf(name: string, { shape, data }: Stored): types.ITensorProto {
  if (elements(shape) !== data.length) {
    throw new Error(
      `Cannot store ${name}: [${shape}] is not ${data.length} elements`,
    );
  }
  const type = data instanceof Uint8Array
    ? "int8"
    : data instanceof Float64Array
    ? "float64"
    : "float32";
  return {
    name,
    dims: [...shape],
    dataType: TYPES[type],
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  };
}

function valueInfo({ name, type, shape }: Border): types.IValueInfoProto {
  const dim = shape?.map((size) =>
    typeof size === "number" ? { dimValue: size } : { dimParam: size }
  );
  return {
    name,
    type: {
      tensorType: { elemType: TYPES[type], shape: dim && { dim } },
    },
  };
}

/** Emits another form of a node, of which it returns the outputs, or nothing where the node stays as it is. */
export type Rewriting = (
  graph: Graph,
  node: Node,
) => readonly string[] | undefined;

/** Constants up to this are named by what they are, so that equal ones are one, also of a repetition. */
const MOST_ELEMENTS = 64;

/**
 * Puts the nodes of a recording into a graph: `values` are what is given for its inputs, and those without stay by their
 * names. Returns what its outputs are in the graph.
 */
export function insert(
  graph: Graph,
  { nodes, initializers, outputs }: Recording,
  values: Readonly<Record<string, string>>,
  rewrite: Rewriting = () => undefined,
): Record<string, string> {
  const names = new Map(Object.entries(values));
  for (const { name, shape, dtype, bytes } of initializers) {
    if (elements(shape) > MOST_ELEMENTS) {
      throw new Error(
        `Cannot insert a constant of shape [${shape}]: give it as an input, to be stored`,
      );
    }
    names.set(name, graph.constant(numbersOf(dtype, bytes), shape, dtype));
  }
  const read = new Set([
    ...nodes.flatMap(namesRead),
    ...outputs.map(({ name }) => name),
  ]);
  for (const node of nodes) {
    const inputs = node.inputs.map((name) => names.get(name) ?? name);
    const made = rewrite(graph, { ...node, inputs }) ??
      graph.emitAll(
        node.op,
        inputs,
        node.attributes,
        // Optional outputs at the end that nothing reads cost time.
        node.outputs.findLastIndex((name) => read.has(name)) + 1,
        node.domain,
      );
    made.forEach((name, i) => names.set(node.outputs[i], name));
  }
  return Object.fromEntries(
    outputs.map(({ name }) => [name, names.get(name) ?? name]),
  );
}

function numbersOf(dtype: string, bytes: Uint8Array) {
  const { buffer } = bytes.slice();
  if (dtype === "float32") return new Float32Array(buffer);
  if (dtype === "int32") return new Int32Array(buffer);
  return dtype === "int64" ? new BigInt64Array(buffer) : new Uint8Array(buffer);
}
