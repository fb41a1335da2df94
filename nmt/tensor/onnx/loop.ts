/** A program repeated within one run by ONNX's operator Loop, on the CPU. */
import proto from "onnx-proto";
import type { onnx as types } from "onnx-proto";
import * as ort from "onnxruntime-node";
import type { Recording } from "./graph.ts";
import { ELEMENT, encodeModel } from "./model_bytes.ts";
import { sessionOptions, SPIN_MICROSECONDS_IN_LOOPS } from "./onnx_runtime.ts";
import { host, view } from "./onnx_tensors.ts";
import {
  bindSizes,
  type CompileOptions,
  type HostTensor,
  type HostTensors,
  type Program,
} from "../program.ts";
import { record } from "./trace.ts";

const { onnx } = proto;

/** A program that is repeated while its output `going` [1], of booleans, is true. */
export interface Loop extends Program {
  /** Inputs that a repetition gives to the next one, as outputs named "next" and the input. */
  readonly state: readonly string[];
  /** Outputs of which every repetition's is returned, side by side along a new first axis. */
  readonly returned: readonly string[];
}

export interface RepeatedExecutable {
  /** Runs with some state at first, `most` times at most. */
  run(inputs: HostTensors, most: number): Promise<HostTensors>;
  dispose(): Promise<void>;
}

/** Names in the model around the loop, and of the loop's own inputs and outputs. */
const MOST = "most", COUNT = "loop count", GO = "loop go", GOING = "loop going";

/** Compiles a loop for the CPU. */
export async function compileLoop(
  loop: Loop,
  { constants = {}, threads }: CompileOptions = {},
): Promise<RepeatedExecutable> {
  const recording = record(loop, constants, { readsTransposed: true });
  const in8Bits = recording.nodes.some(({ op }) =>
    op === "DynamicQuantizeMatMul"
  );
  const session = await ort.InferenceSession.create(
    loopModel(loop, recording),
    sessionOptions(
      "cpu",
      threads,
      in8Bits ? undefined : SPIN_MICROSECONDS_IN_LOOPS,
    ),
  );
  const fed = session.inputNames.filter((name) => name !== MOST);
  return {
    run: async (inputs, most) => {
      bindSizes(loop, { ...inputs, ...constants });
      const results = await session.run({
        ...Object.fromEntries(fed.map((name) => [name, view(inputs[name])])),
        [MOST]: new ort.Tensor("int64", BigInt64Array.of(BigInt(most)), []),
      });
      const returned: Record<string, HostTensor> = {};
      for (const name of loop.returned) {
        returned[name] = host(results[name], name);
      }
      return returned;
    },
    dispose: () => session.release(),
  };
}

/**
 * The model that repeats a recording. A name must not stand both in the model and in what it repeats, so that there all
 * get a prefix, but those of inputs that stay, which are the model's own.
 */
function loopModel(
  { name, state, returned }: Loop,
  recording: Recording,
): Uint8Array {
  const staying = new Set(
    recording.inputs.map(({ name }) => name)
      .filter((name) => !state.includes(name)),
  );
  const within = (name: string) =>
    name === "" || staying.has(name) ? name : `repeated ${name}`;
  const renamed = <Named extends { readonly name: string }>(
    all: readonly Named[],
  ) => all.map((each) => ({ ...each, name: within(each.name) }));
  const { graph, ...model } = onnx.ModelProto.decode(
    encodeModel({
      ...recording,
      nodes: recording.nodes.map((node) => ({
        ...node,
        inputs: node.inputs.map(within),
        outputs: node.outputs.map(within),
      })),
      initializers: renamed(recording.initializers),
      inputs: renamed(recording.inputs),
      outputs: renamed(recording.outputs),
    }, "repetition"),
  );
  const ports = new Map(
    [...recording.inputs, ...recording.outputs].map((port) =>
      [port.name, port] as const
    ),
  );
  /** A tensor of the recording, of any shape: what is carried may grow. */
  const port = (name: string, as = name): types.IValueInfoProto => {
    const dtype = ports.get(name)?.dtype;
    if (dtype !== undefined) return { name: as, type: typed(ELEMENT[dtype]) };
    throw new Error(`Cannot repeat ${name}: the program has no such tensor`);
  };
  const next = state.map((name) => `next ${name}`);
  const repetition: types.IGraphProto = {
    ...graph,
    node: [
      ...graph?.node ?? [],
      { opType: "Squeeze", input: [within("going")], output: [GOING] },
    ],
    input: [
      { name: COUNT, type: typed(ELEMENT.int64, []) },
      { name: GO, type: typed(ELEMENT.bool, []) },
      ...state.map((name) => port(name, within(name))),
    ],
    output: [
      { name: GOING, type: typed(ELEMENT.bool, []) },
      ...[...next, ...returned].map((name) => port(name, within(name))),
    ],
  };
  return onnx.ModelProto.encode({
    ...model,
    graph: {
      name,
      input: [
        ...[...staying, ...state].map((name) => port(name)),
        { name: MOST, type: typed(ELEMENT.int64, []) },
      ],
      output: returned.map((name) => port(name)),
      node: [{
        name: "loop",
        opType: "Loop",
        input: [MOST, "", ...state],
        output: [...state.map((name) => `last ${name}`), ...returned],
        attribute: [{
          name: "body",
          type: onnx.AttributeProto.AttributeType.GRAPH,
          g: repetition,
        }],
      }],
    },
  }).finish();
}

/** The type of a tensor of some elements, of any shape unless one is given. */
function typed(elemType: number, dim?: []): types.ITypeProto {
  const shape = dim === undefined ? undefined : { dim };
  return { tensorType: { elemType, shape } };
}
