/** Makes our parameters of the arrays of a file, by a table of which come from which. */
import { BOS, EOS, PAD } from "../../schemas/experiment/vocabulary.ts";
import { inputError } from "../../base/input_error.ts";
import type { Model } from "../../schemas/experiment/model.ts";
import { transposed } from "../tensor/quantization.ts";
import {
  feedForwardMaps,
  FORBIDDEN,
  parameterShapes,
  type Weights,
} from "../transformer/parameters.ts";
import type { NamedArray, NamedArrays } from "./arrays.ts";

/** Where one of our parameters comes from. */
export interface Source {
  readonly parameter: string;
  /** Arrays of the file, which become one side by side; `ZEROS` stands for one that it has not. */
  readonly arrays: readonly string[];
  /** Whether the file has matrices as [out, in]. */
  readonly isTransposed?: boolean;
  /** Whether rows are subwords, which are renumbered. */
  readonly isVocabulary?: boolean;
}

/** A vector that the file lacks, as it is zero. */
export const ZEROS = "zeros";

/** How a file names the arrays of linear maps and norms. */
export interface Naming {
  /** Weight and bias of a linear map. */
  linear(map: string): readonly [string, string];
  /** Gain and bias of the norm of a sublayer. */
  norm(sublayer: string): readonly [string, string];
}

/** The subwords of a file and what they become. */
export interface Renumbering {
  /** The id here of each id of the file; PAD for what is left out. */
  readonly ids: Int32Array;
  /** Subwords here. */
  readonly vocabulary: number;
  /** Id here of the unknown subword, which all ids from `known` on stand for. */
  readonly unknown: number;
  readonly known: number;
  /** Whether the unknown subword may be predicted. */
  readonly predictsUnknown: boolean;
  /** The id of the file whose embedding begins a target sentence; the zero vector where it has none. */
  readonly begin?: number;
}

/** The sources of the parameters of a stack's layers; a sublayer's name here is `encoder.0.self`. */
export function layerSources(
  model: Model,
  { linear, norm }: Naming,
  isTransposed = false,
): Source[] {
  const map = (parameter: string, maps: readonly string[]): Source[] =>
    (["weight", "bias"] as const).map((part, i) => ({
      parameter: `${parameter}.${part}`,
      arrays: maps.map((name) => linear(name)[i]),
      isTransposed: isTransposed && i === 0,
    }));
  const normed = (sublayer: string): Source[] =>
    (["gain", "bias"] as const).map((part, i) => ({
      parameter: `${sublayer}.norm.${part}`,
      arrays: [norm(sublayer)[i]],
    }));
  const attention = (
    sublayer: string,
    maps: Readonly<Record<string, readonly string[]>>,
  ) => [
    ...normed(sublayer),
    ...Object.entries(maps).flatMap(([name, parts]) =>
      map(`${sublayer}.${name}`, parts.map((part) => `${sublayer}.${part}`))
    ),
  ];
  const self = (sublayer: string) =>
    attention(sublayer, {
      queryKeyValue: ["query", "key", "value"],
      output: ["output"],
    });
  const layers = (stack: string, count: number) =>
    Array.from({ length: count }, (_, layer) => `${stack}.${layer}`);
  const block = (layer: string) =>
    attention(
      `${layer}.feedForward`,
      Object.fromEntries(feedForwardMaps(model).map((name) => [name, [name]])),
    );
  const finalNorms = model.norm === "pre" ? ["encoder", "decoder"] : [];
  return [
    ...finalNorms.flatMap(normed),
    ...layers("encoder", model.encoderLayers).flatMap((layer) => [
      ...self(`${layer}.self`),
      ...block(layer),
    ]),
    ...layers("decoder", model.decoderLayers).flatMap((layer) => [
      ...model.autoregression === "ssru"
        ? attention(`${layer}.cell`, { inputForget: ["input", "forget"] })
        : self(`${layer}.self`),
      ...attention(`${layer}.cross`, {
        query: ["query"],
        keyValue: ["key", "value"],
        output: ["output"],
      }),
      ...block(layer),
    ]),
  ];
}

/**
 * Our parameters. Each array of the file must be one that a source names.
 *
 * @throws An input error that names arrays which are missing, too many, or of another shape.
 */
export function gatherWeights(
  model: Model,
  arrays: NamedArrays,
  sources: readonly Source[],
  renumbering: Renumbering,
  what: string,
): Weights {
  const refuse = (reason: string) =>
    inputError(
      `Cannot use ${what}: ${reason}; it is damaged, or a model of another architecture than its configuration says.`,
    );
  const names = new Set(sources.flatMap(({ arrays }) => arrays));
  names.delete(ZEROS);
  const missing = [...names].filter((name) => !arrays.has(name));
  if (missing.length > 0) {
    throw refuse(`expected arrays that it lacks: ${few(missing)}`);
  }
  const extra = [...arrays.keys()].filter((name) => !names.has(name));
  if (extra.length > 0) {
    throw refuse(`it has arrays that are not expected: ${few(extra)}`);
  }
  const sourceOf = new Map(sources.map((one) => [one.parameter, one]));
  const shapes = parameterShapes(model, renumbering.vocabulary);
  return Object.fromEntries(
    Object.entries(shapes).map(([parameter, shape]) => {
      const source = sourceOf.get(parameter);
      if (source === undefined) {
        throw new Error(`No array is known for the parameter "${parameter}".`);
      }
      return [
        parameter,
        source.isVocabulary
          ? vocabularyRows(source, shape, arrays, renumbering, refuse)
          : sideBySide(source, shape, arrays, refuse),
      ];
    }),
  );
}

/** Arrays [in, out] side by side; a vector is a matrix of one row. */
function sideBySide(
  { arrays: names, isTransposed = false }: Source,
  shape: readonly number[],
  arrays: NamedArrays,
  refuse: (reason: string) => Error,
): Float32Array<ArrayBuffer> {
  const rows = shape.length === 1 ? 1 : shape[0];
  const columns = shape[shape.length - 1], width = columns / names.length;
  const joined = new Float32Array(rows * columns);
  names.forEach((name, part) => {
    if (name === ZEROS) return;
    const found = valuesOf(
      name,
      isTransposed ? [width, rows] : [rows, width],
      arrays,
      refuse,
    );
    const values = isTransposed ? transposed(found, rows) : found;
    for (let row = 0; row < rows; row++) {
      joined.set(
        values.subarray(row * width, (row + 1) * width),
        row * columns + part * width,
      );
    }
  });
  return joined;
}

/** The rows of an embedding, or the biases of the logits, by their ids here. */
function vocabularyRows(
  { arrays: [name], isTransposed = false }: Source,
  shape: readonly number[],
  arrays: NamedArrays,
  { ids, vocabulary, unknown, known, predictsUnknown, begin }: Renumbering,
  refuse: (reason: string) => Error,
): Float32Array<ArrayBuffer> {
  const width = shape.length === 1 ? 1 : shape[1];
  const rows = new Float32Array(vocabulary * width);
  const isBias = shape.length === 1;
  if (name !== ZEROS) {
    const count = ids.length;
    const expected = isBias
      ? [1, count]
      : isTransposed
      ? [width, count]
      : [count, width];
    const found = valuesOf(name, expected, arrays, refuse);
    const values = isTransposed ? transposed(found, count) : found;
    const row = (id: number) => values.subarray(id * width, (id + 1) * width);
    if (begin !== undefined) rows.set(row(begin), BOS * width);
    for (let id = 0; id < count; id++) {
      if (ids[id] >= EOS) rows.set(row(id), ids[id] * width);
    }
  }
  for (let id = known; id < vocabulary; id++) {
    rows.copyWithin(id * width, unknown * width, (unknown + 1) * width);
  }
  if (isBias) {
    rows[PAD] = rows[BOS] = FORBIDDEN;
    if (!predictsUnknown) rows[unknown] = FORBIDDEN;
    rows.fill(FORBIDDEN, known);
  }
  return rows;
}

function valuesOf(
  name: string,
  expected: readonly number[],
  arrays: NamedArrays,
  refuse: (reason: string) => Error,
): Float32Array<ArrayBuffer> {
  const { shape, data } = arrays.get(name) as NamedArray;
  if (!(data instanceof Float32Array)) {
    throw refuse(`expected floats in "${name}", found 8-bit integers`);
  }
  // A vector may be written as a matrix of one row.
  const without1 = (sizes: readonly number[]) =>
    sizes.length === 2 && sizes[0] === 1 ? sizes.slice(1) : sizes;
  if (without1(shape).join() !== without1(expected).join()) {
    throw refuse(
      `expected "${name}" of shape [${expected}], found [${shape}]`,
    );
  }
  return data;
}

function few(names: readonly string[]): string {
  const rest = names.length > 3 ? ` and ${names.length - 3} more` : "";
  return names.slice(0, 3).map((name) => `"${name}"`).join(", ") + rest;
}
