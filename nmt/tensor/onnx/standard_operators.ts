/** Rewrites a recorded graph in the operators of the ONNX standard, for OpenVINO. */
import type { Initializer, Node, Recording } from "./graph.ts";

/**
 * The same computation in other operators: products that transpose their operands ("FusedMatMul" of ONNX Runtime) are
 * transposes and a product; a step is a product and a clip, as OpenVINO's HardSigmoid adds 0.5 whatever its beta is. Fails on
 * any other operator that is not of the standard.
 */
export function inStandardOperators(recording: Recording): Recording {
  const added = new Map<string, Initializer>();
  const nodes = recording.nodes.flatMap((node) => {
    if (node.op === "FusedMatMul") return product(node, added);
    if (node.op === "HardSigmoid") return clipped(node, added);
    if (node.domain === "") return node;
    throw new Error(`Cannot write ${node.op} in operators of the standard`);
  });
  return {
    ...recording,
    nodes,
    initializers: [...recording.initializers, ...added.values()],
  };
}

/** Operands have four axes, as all that this project multiplies transposed have. */
function product(
  { inputs: [a, b], outputs: [result], attributes }: Node,
  added: Map<string, Initializer>,
): Node[] {
  const { transA, transB, transBatchA, transBatchB, alpha } = attributes;
  const operands = [
    operand(a, `${result} a`, transA === 1, transBatchA === 1),
    operand(b, `${result} b`, transB === 1, transBatchB === 1),
  ];
  const before = operands.flatMap(({ nodes }) => nodes);
  const inputs = operands.map(({ name }) => name);
  const scale = float(alpha, 1);
  if (scale === 1) return [...before, node("MatMul", inputs, result)];
  const unscaled = `${result} unscaled`;
  return [
    ...before,
    node("MatMul", inputs, unscaled),
    node("Mul", [unscaled, scalar(scale, added)], result),
  ];
}

/** An operand [batch, heads, rows, columns], or [rows, batch, heads, columns] where its `batch` is transposed. */
function operand(
  name: string,
  moved: string,
  isTransposed: boolean,
  isBatchTransposed: boolean,
): { readonly name: string; readonly nodes: readonly Node[] } {
  const [first, second, rows, columns] = isBatchTransposed
    ? [1, 2, 0, 3]
    : [0, 1, 2, 3];
  const perm = isTransposed
    ? [first, second, columns, rows]
    : [first, second, rows, columns];
  return perm.every((axis, i) => axis === i)
    ? { name, nodes: [] }
    : { name: moved, nodes: [node("Transpose", [name], moved, { perm })] };
}

/** max(0, min(1, alpha x + beta)). */
function clipped(
  { inputs: [x], outputs: [result], attributes: { alpha, beta } }: Node,
  added: Map<string, Initializer>,
): Node[] {
  const [scaled, moved] = [`${result} scaled`, `${result} moved`];
  const bounds = [scalar(0, added), scalar(1, added)];
  return [
    node("Mul", [x, scalar(float(alpha, 0.2), added)], scaled),
    node("Add", [scaled, scalar(float(beta, 0.5), added)], moved),
    node("Clip", [moved, ...bounds], result),
  ];
}

const float = (
  attribute: Node["attributes"][string] | undefined,
  standard: number,
): number =>
  typeof attribute === "object" && "float" in attribute
    ? attribute.float
    : standard;

/** The name of a number among the added constants. */
function scalar(value: number, added: Map<string, Initializer>): string {
  const name = `number ${value}`;
  added.set(name, {
    name,
    shape: [],
    dtype: "float32",
    bytes: new Uint8Array(Float32Array.of(value).buffer),
  });
  return name;
}

const node = (
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: Node["attributes"] = {},
): Node => ({ op, domain: "", inputs, outputs: [output], attributes });
