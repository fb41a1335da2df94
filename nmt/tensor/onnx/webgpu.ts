/** Rewrites a recorded graph for ONNX Runtime's WebGPU kernels, which cannot run all of it. */
import type { Initializer, Node, Recording } from "./graph.ts";

/** Buffers that every WebGPU device lets one kernel use; a split has one input and so many outputs less one. */
const MOST_BUFFERS = 8;
const MOST_PARTS = MOST_BUFFERS - 1;

/** The same computation in kernels of few enough buffers: a split into many parts is a tree of splits. */
export function withFewBuffers(recording: Recording): Recording {
  const known = new Map(
    recording.initializers.map((
      initializer,
    ) => [initializer.name, initializer]),
  );
  const added: Initializer[] = [];
  const nodes = recording.nodes.flatMap((node) => {
    const [source, sizes] = node.inputs;
    const lengths = known.get(sizes);
    if (node.op !== "Split" || node.outputs.length <= MOST_PARTS) return node;
    // Lengths that only a run knows cannot be summed here; ONNX Runtime says so if the device has too few buffers.
    return lengths === undefined
      ? node
      : tree(node, source, numbersOf(lengths), added);
  });
  return {
    ...recording,
    nodes,
    initializers: [...recording.initializers, ...added],
  };
}

/** Splits into groups of parts, and each group into its parts. */
function tree(
  node: Node,
  source: string,
  lengths: readonly bigint[],
  added: Initializer[],
): Node[] {
  const parts = node.outputs.map((name, i) => ({ name, length: lengths[i] }));
  if (parts.length <= MOST_PARTS) return [split(node, source, parts, added)];
  const groups = Array.from(
    { length: Math.ceil(parts.length / MOST_PARTS) },
    (_, i) => parts.slice(i * MOST_PARTS, (i + 1) * MOST_PARTS),
  ).map((members) => ({
    members,
    name: members.length === 1
      ? members[0].name
      : `${members[0].name}_to_${members.length}`,
    length: members.reduce((sum, { length }) => sum + length, 0n),
  }));
  const above = tree(
    { ...node, outputs: groups.map(({ name }) => name) },
    source,
    groups.map(({ length }) => length),
    added,
  );
  const below = groups.filter(({ members }) => members.length > 1)
    .map(({ name, members }) => split(node, name, members, added));
  return [...above, ...below];
}

function split(
  node: Node,
  source: string,
  parts: readonly { readonly name: string; readonly length: bigint }[],
  added: Initializer[],
): Node {
  const name = `${parts[0].name}_lengths`;
  const data = BigInt64Array.from(parts.map(({ length }) => length));
  added.push({
    name,
    shape: [data.length],
    dtype: "int64",
    bytes: new Uint8Array(data.buffer),
  });
  return {
    ...node,
    inputs: [source, name],
    outputs: parts.map(({ name }) => name),
  };
}

const numbersOf = ({ bytes }: Initializer): readonly bigint[] => [
  ...new BigInt64Array(bytes.slice().buffer),
];
