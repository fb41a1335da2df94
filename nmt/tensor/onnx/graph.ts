/** A graph of ONNX nodes under construction: equal nodes are emitted once, broadcasts stay unmaterialised. */
import type { ElementType } from "../program.ts";
import { factor, type Symbol } from "./symbolic_sizes.ts";

export type Dtype = ElementType | "bool" | "int64";

/**
 * A recorded value. Its tensor in the graph has shape `base`, which broadcasts to `shape`, the one that tfjs sees;
 * `fill` is its one value where it is a known constant.
 */
export interface Value {
  readonly name: string;
  readonly base: readonly number[];
  readonly shape: readonly number[];
  readonly dtype: Dtype;
  readonly fill?: number;
}

export type Attribute = number | string | readonly number[] | {
  readonly float: number;
};

export interface Node {
  readonly op: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface Initializer {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: Dtype;
  readonly bytes: Uint8Array;
}

export interface Port {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: Dtype;
}

type Numbers = Float32Array | Int32Array | Uint8Array | BigInt64Array;

/** What was recorded, in execution order. */
export interface Recording {
  readonly nodes: readonly Node[];
  readonly initializers: readonly Initializer[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly symbols: readonly Symbol[];
}

/** What the runtime of a graph can do beyond the operators of the standard. */
export interface Abilities {
  /** A run reads its inputs where the host has them, so that an output may be written into one. */
  readonly sharesMemory?: boolean;
  /** Products of more than two axes read operands transposed ("FusedMatMul" of ONNX Runtime, on the CPU). */
  readonly readsTransposed?: boolean;
}

export type Graph = ReturnType<typeof graph>;

/** An empty graph over some symbolic sizes, for a runtime of these abilities. */
export function graph(
  symbols: readonly Symbol[],
  abilities: Abilities = {},
) {
  const nodes: Node[] = [];
  const initializers = new Map<string, Initializer>();
  const inputs: Port[] = [];
  const outputs: (Port & { readonly source: string })[] = [];
  const emitted = new Map<string, readonly string[]>();
  const producers = new Map<string, Node>();
  const reshapes = new Map<
    string,
    { source: string; shape: readonly number[] }
  >();
  let counter = 0;

  /** Emits a node, or finds the equal one that is there; returns the names of its outputs. */
  function emitAll(
    op: string,
    ins: readonly string[],
    attributes: Readonly<Record<string, Attribute>>,
    count: number,
    domain = "",
  ): readonly string[] {
    const key = [op, ins.join(), JSON.stringify(attributes), count].join("|");
    const known = emitted.get(key);
    if (known !== undefined) return known;
    const outs = Array.from({ length: count }, () => `t${counter++}`);
    const node: Node = { op, domain, inputs: ins, outputs: outs, attributes };
    nodes.push(node);
    for (const out of outs) producers.set(out, node);
    emitted.set(key, outs);
    return outs;
  }

  function emit(
    op: string,
    ins: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    domain = "",
  ) {
    return emitAll(op, ins, attributes, 1, domain)[0];
  }

  /** A constant tensor; small ones with equal content are one. */
  function constant(
    data: Numbers,
    shape: readonly number[],
    dtype: Dtype,
    name?: string,
  ): string {
    const small = data.length <= 64;
    const id = name ??
      (small
        ? `c_${dtype}_${shape.join("x")}_${Array.from<unknown>(data).join("_")}`
        : `k${counter++}`);
    if (!initializers.has(id)) {
      const bytes = new Uint8Array(
        data.buffer,
        data.byteOffset,
        data.byteLength,
      );
      initializers.set(id, {
        name: id,
        shape,
        dtype,
        bytes: small ? bytes.slice() : bytes,
      });
    }
    return id;
  }

  function scalar(value: number, dtype: Dtype): string {
    if (dtype === "int64") {
      return constant(BigInt64Array.of(BigInt(value)), [], dtype);
    }
    if (dtype === "float32") return constant(Float32Array.of(value), [], dtype);
    return constant(
      dtype === "int32" ? Int32Array.of(value) : Uint8Array.of(value),
      [],
      dtype,
    );
  }

  const int64s = (values: readonly number[]) =>
    constant(BigInt64Array.from(values.map((value) => BigInt(value))), [
      values.length,
    ], "int64");

  const isSymbolic = (size: number) => factor(size, symbols).symbols.length > 0;

  /** A size as a one-element int64 tensor, read off an input's shape where it is symbolic. */
  function size(dim: number): string {
    const { coefficient, symbols: found } = factor(dim, symbols);
    const factors = found.map(({ input, axis, offset }) => {
      const length = emit("Shape", [input], { start: axis, end: axis + 1 });
      return offset === 0 ? length : emit("Add", [length, int64s([offset])]);
    });
    if (coefficient !== 1 || factors.length === 0) {
      factors.push(int64s([coefficient]));
    }
    return factors.reduce((product, next) => emit("Mul", [product, next]));
  }

  function sizes(shape: readonly number[]): string {
    if (!shape.some(isSymbolic)) return int64s(shape);
    return shape.length === 1
      ? size(shape[0])
      : emit("Concat", shape.map(size), { axis: 0 });
  }

  function value(name: string, shape: readonly number[], dtype: Dtype): Value {
    return { name, base: shape, shape, dtype };
  }

  /** One number in any shape. Refuses numbers that look computed from a sentinel: they would be wrong at run time. */
  function fill(number: number, shape: readonly number[], dtype: Dtype): Value {
    const inverse = Math.round(1 / number);
    const suspicious = [
      number,
      Math.abs(1 / number - inverse) < 1e-6 * inverse ? inverse : 0,
    ]
      .find((n) => Number.isInteger(n) && n > 0 && n < 1e7 && isSymbolic(n));
    if (suspicious !== undefined) {
      throw new Error(
        `Cannot record constant ${number}: it is derived from a size that changes between runs`,
      );
    }
    return {
      name: scalar(number, dtype),
      base: [],
      shape,
      dtype,
      fill: number,
    };
  }

  /** The name of the value as a tensor of its full shape. */
  function full(input: Value): string {
    return sameShape(input.base, input.shape)
      ? input.name
      : emit("Expand", [input.name, sizes(input.shape)]);
  }

  function reshape(input: Value, shape: readonly number[]): Value {
    if (sameShape(input.shape, shape)) return input;
    if (input.base.length === 0) return { ...input, shape };
    const name = full(input);
    const { source, shape: from } = reshapes.get(name) ??
      { source: name, shape: input.shape };
    if (sameShape(from, shape)) return value(source, shape, input.dtype);
    // 0 copies the size of the same axis and one -1 is inferred, so that few shapes have to be computed at run time.
    // Beside a copied size, which may turn out to be 0, nothing can be inferred.
    const spec = shape.map((dim, axis) =>
      isSymbolic(dim) ? (from[axis] === dim ? 0 : -1) : dim
    );
    const unknown = spec.filter((dim) => dim === -1).length;
    const inferable = unknown === 0 || (unknown === 1 && !spec.includes(0));
    const result = inferable
      ? emit("Reshape", [source, int64s(spec)])
      : emit("Reshape", [source, sizes(shape)], { allowzero: 1 });
    reshapes.set(result, { source, shape: from });
    return value(result, shape, input.dtype);
  }

  function input(name: string, shape: readonly number[], dtype: Dtype): Value {
    inputs.push({ name, shape, dtype });
    return value(name, shape, dtype);
  }

  function output(name: string, result: Value): void {
    outputs.push({
      name,
      source: full(result),
      shape: result.shape,
      dtype: result.dtype,
    });
  }

  /** Names the outputs, drops what no output needs. */
  function finish(): Recording {
    // What produces an output takes its name, so that nothing is copied; only a second output of one value is a copy.
    const names = new Map<string, string>();
    const copies: Node[] = [];
    for (const { name, source } of outputs) {
      if (producers.has(source) && !names.has(source)) names.set(source, name);
      else {copies.push({
          op: "Identity",
          domain: "",
          inputs: [source],
          outputs: [name],
          attributes: {},
        });}
    }
    const rename = (name: string) => names.get(name) ?? name;
    const named = [...nodes, ...copies].map((node) => ({
      ...node,
      inputs: node.inputs.map(rename),
      outputs: node.outputs.map(rename),
    }));
    const ports = outputs.map(({ name, shape, dtype }) => ({
      name,
      shape,
      dtype,
    }));
    const live = withoutDead(named, ports);
    const used = new Set(live.flatMap((node) => node.inputs));
    const kept = [...initializers.values()].filter((initializer) =>
      used.has(initializer.name)
    );
    return { nodes: live, initializers: kept, inputs, outputs: ports, symbols };
  }

  return {
    symbols,
    abilities,
    emit,
    emitAll,
    constant,
    scalar,
    int64s,
    isSymbolic,
    size,
    sizes,
    value,
    fill,
    full,
    reshape,
    input,
    output,
    producer: (name: string) => producers.get(name),
    finish,
  };
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

function withoutDead(nodes: readonly Node[], outputs: readonly Port[]): Node[] {
  const live = new Set(outputs.map((port) => port.name));
  return nodes.toReversed().filter((node) => {
    if (!node.outputs.some((out) => live.has(out))) return false;
    node.inputs.forEach((name) => live.add(name));
    return true;
  }).reverse();
}
