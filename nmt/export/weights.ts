/** The stored tensors of an exported model, in float32 or int8, and the operators that read them. */
import type { SavedModel } from "../transformer/checkpoint.ts";
import type { Model } from "../../schemas/experiment/model.ts";
import { positionPeriod } from "../transformer/layers.ts";
import { embeddingNames, parameterShapes } from "../transformer/parameters.ts";
import { CANDIDATE } from "../decoding/candidates.ts";
import {
  GENERATOR,
  type Precision,
  quantizedEmbedding,
  weightConstants,
} from "../decoding/precision.ts";
import type { Graph } from "../tensor/onnx/graph.ts";
import { transposed } from "../tensor/quantization.ts";
import {
  type Rewriting,
  type Stored,
  TYPES,
} from "../tensor/onnx/onnx_model.ts";

export interface StoredWeights {
  readonly stored: Readonly<Record<string, Stored>>;
  /** What a node that reads a weight is in this precision. */
  readonly rewrite: Rewriting;
  /** Puts in what a step over candidates reads, by names: the part of the output matrix that `ids` int64 [candidates] have. */
  candidates(graph: Graph, ids: string): Record<string, string>;
}

/** The codes of the output matrix, [vocabulary, d], of which rows are taken at once. */
const OUTPUT_ROWS = "generator.rows";

/** The weights of a graph; those of one that searches among candidates have the output matrix in an order of its own. */
export function storedWeights(
  saved: SavedModel,
  precision: Precision,
  isShortlisted = false,
): StoredWeights {
  const { model } = saved;
  const isInteger = precision === "int8";
  const stored = isInteger ? integers(saved, isShortlisted) : floats(saved);
  const take = (graph: Graph, values: string, ids: string) =>
    graph.emit("Gather", [values, ids], { axis: 0 });
  return {
    stored: { ...stored, ...sinusoidTables(model) },
    rewrite: isInteger ? integerForm(model, isShortlisted) : () => undefined,
    candidates: (graph, ids) => ({
      ...isInteger
        ? {
          [CANDIDATE.weight]: graph.emit(
            "Transpose",
            [take(graph, OUTPUT_ROWS, ids)],
            { perm: [1, 0] },
          ),
          [CANDIDATE.scale]: take(graph, GENERATOR.scale, ids),
        }
        : {
          [CANDIDATE.weight]: take(graph, embeddingNames(model).output, ids),
        },
      ...model.outputBias
        ? { [CANDIDATE.bias]: take(graph, "output.bias", ids) }
        : {},
    }),
  };
}

function floats(
  { model, vocabulary, weights }: SavedModel,
): Record<string, Stored> {
  const shapes = Object.entries(parameterShapes(model, vocabulary));
  return Object.fromEntries(
    shapes.map(([name, shape]) => [name, { shape, data: weights[name] }]),
  );
}

/**
 * Matrices as codes and scales; an embedding is there once, transposed, as the matrix that makes logits is, unless that is one
 * of candidates.
 */
function integers(
  saved: SavedModel,
  isShortlisted: boolean,
): Record<string, Stored> {
  const { model, vocabulary } = saved;
  const { output, ...inputs } = embeddingNames(model);
  const stored: Record<string, Stored> = {};
  for (const name of new Set(Object.values(inputs))) {
    if (name === output) continue;
    const { codes, scales } = quantizedEmbedding(saved, name);
    stored[`${name}.weight`] = {
      shape: [model.width, vocabulary],
      data: codes,
    };
    stored[`${name}.scale`] = { shape: [vocabulary], data: scales };
  }
  for (
    const [name, { shape, data }] of Object.entries(
      weightConstants(saved, "int8"),
    )
  ) {
    if (name.endsWith("embedding")) continue;
    if (!(data instanceof Float32Array) && !(data instanceof Uint8Array)) {
      throw new Error(`Cannot store ${name}, a ${data.constructor.name}`);
    }
    if (isShortlisted && name === GENERATOR.weight) {
      stored[OUTPUT_ROWS] = {
        shape: [vocabulary, model.width],
        data: transposed(data, vocabulary),
      };
    } else stored[name] = { shape, data };
  }
  return stored;
}

const MATRIX = /\.weight$/;
const scaleOf = (matrix: string) => matrix.replace(MATRIX, ".scale");

/**
 * A product with a weight, whose other side is rounded to 256 levels between its least and its greatest value, and rows of
 * an embedding. ONNX Runtime makes one kernel of what is emitted for a product.
 */
function integerForm(model: Model, isShortlisted: boolean): Rewriting {
  const { encoder, decoder, output } = embeddingNames(model);
  const columns = (embedding: string) =>
    embedding === output ? GENERATOR.weight : `${embedding}.weight`;
  return (graph, { op, inputs: [first, second] }) => {
    if (op === "Gather" && (first === encoder || first === decoder)) {
      return [
        isShortlisted && first === output
          ? scaledRows(
            graph,
            graph.emit("Gather", [OUTPUT_ROWS, second], { axis: 0 }),
            GENERATOR.scale,
            second,
          )
          : integerRows(graph, columns(first), second),
      ];
    }
    const matrix = second === output ? GENERATOR.weight : second;
    if (op !== "Gemm" || !MATRIX.test(matrix)) return undefined;
    const [levels, scale, zero] = graph.emitAll(
      "DynamicQuantizeLinear",
      [first],
      {},
      3,
    );
    const sums = graph.emit("MatMulInteger", [levels, matrix, zero]);
    return [
      graph.emit("Mul", [
        graph.emit("Cast", [sums], { to: TYPES.float32 }),
        graph.emit("Mul", [scale, scaleOf(matrix)]),
      ]),
    ];
  };
}

/** Columns `ids` [n] of a matrix as rows [n, d]. */
function integerRows(graph: Graph, matrix: string, ids: string): string {
  const columns = graph.emit("Gather", [matrix, ids], { axis: 1 });
  const rows = graph.emit("Transpose", [columns], { perm: [1, 0] });
  return scaledRows(graph, rows, scaleOf(matrix), ids);
}

/** Codes [n, d] of the ids [n] times their scales. */
function scaledRows(
  graph: Graph,
  rows: string,
  scale: string,
  ids: string,
): string {
  const scales = graph.emit("Unsqueeze", [
    graph.emit("Gather", [scale, ids], { axis: 0 }),
    graph.int64s([1]),
  ]);
  return graph.emit("Mul", [
    graph.emit("Cast", [rows], { to: TYPES.float32 }),
    scales,
  ]);
}

const PERIOD = "positions.period", PHASE = "positions.phase";

/** Of each feature of a position: how many positions its wave takes for a radian, and where it begins. */
function sinusoidTables(model: Model): Record<string, Stored> {
  const { width } = model;
  const half = width / 2;
  const features = Array.from({ length: width }, (_, feature) => feature);
  const stored = (values: readonly number[]): Stored => ({
    shape: [width],
    data: Float64Array.from(values),
  });
  return {
    [PERIOD]: stored(features.map((i) => positionPeriod(model, i % half))),
    [PHASE]: stored(features.map((i) => i < half ? 0 : Math.PI / 2)),
  };
}

/**
 * Sinusoids of positions, int64 [n] to [n, d]: computed, in 64-bit floats as in training, as their table would be a large
 * part of a small model.
 */
export function sinusoids(graph: Graph, positions: string): string {
  const column = graph.emit("Unsqueeze", [positions, graph.int64s([1])]);
  const numbers = graph.emit("Cast", [column], { to: TYPES.float64 });
  const angles = graph.emit("Add", [
    graph.emit("Div", [numbers, PERIOD]),
    PHASE,
  ]);
  return graph.emit("Cast", [graph.emit("Sin", [angles])], {
    to: TYPES.float32,
  });
}
