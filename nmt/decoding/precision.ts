/** The weights of the decoding programs in float32 and in int8. */
import type { HostTensors, Spec } from "../tensor/program.ts";
import {
  dequantize,
  quantize,
  type Quantized,
  transposed,
} from "../tensor/quantization.ts";
import type { Model } from "../../schemas/experiment/model.ts";
import type { SavedModel } from "../transformer/checkpoint.ts";
import { embeddingNames, parameterShapes } from "../transformer/parameters.ts";

/** Of matrix products; everything else is computed in 32-bit floats. */
export type Precision = "float32" | "int8";

/** Names of the output matrix, [d, vocabulary], and its scales in `int8`. */
export const GENERATOR = {
  weight: "generator.weight",
  scale: "generator.scale",
} as const;

interface Quantizable {
  readonly model: Model;
  readonly vocabulary: number;
  readonly precision: Precision;
  /** Whether logits are those of candidates, whose part of the output matrix is not among the weights. */
  readonly isShortlisted?: boolean;
}

const isMatrix = (name: string) => name.endsWith(".weight");
const scaleOf = (name: string) => name.replace(/weight$/, "scale");

/**
 * The inputs of a program that are weights. In `int8` a matrix is bytes [in, out], beside it the scale of each column
 * [out]; the output's embedding is matrix `generator`. Embeddings that are looked up in are floats, rounded too.
 */
export function weightSpecs(
  { model, vocabulary, precision, isShortlisted = false }: Quantizable,
): Record<string, Spec> {
  const specs: Record<string, Spec> = {};
  const shapes = Object.entries(parameterShapes(model, vocabulary));
  for (const [name, shape] of shapes) {
    const isBytes = precision === "int8" && isMatrix(name);
    specs[name] = { shape, dtype: isBytes ? "uint8" : "float32" };
    if (isBytes) specs[scaleOf(name)] = { shape: [shape[1]], dtype: "float32" };
  }
  const { output } = embeddingNames(model);
  if (isShortlisted) delete specs["output.bias"];
  if ((isShortlisted || precision === "int8") && !isLookedUp(model, output)) {
    delete specs[output];
  }
  if (precision === "int8" && !isShortlisted) {
    specs[GENERATOR.weight] = {
      shape: [model.width, vocabulary],
      dtype: "uint8",
    };
    specs[GENERATOR.scale] = { shape: [vocabulary], dtype: "float32" };
  }
  return specs;
}

/** Whether rows of an embedding matrix are looked up, beside being what makes logits. */
function isLookedUp(model: Model, matrix: string): boolean {
  const { encoder, decoder } = embeddingNames(model);
  return matrix === encoder || matrix === decoder;
}

/** An embedding matrix as codes [d, vocabulary] and the scale of each id. */
export function quantizedEmbedding(
  { model, vocabulary, weights }: SavedModel,
  name: string,
): Quantized {
  return quantize(transposed(weights[name], model.width), vocabulary);
}

/** The weights of a model as these inputs. */
export function weightConstants(
  saved: SavedModel,
  precision: Precision,
): HostTensors {
  const { model, vocabulary } = saved;
  const specs = weightSpecs({ model, vocabulary, precision });
  const data: Record<string, HostTensors[string]["data"]> = {
    ...saved.weights,
  };
  if (precision === "int8") {
    for (const name of Object.keys(saved.weights).filter(isMatrix)) {
      const [columns] = specs[scaleOf(name)].shape;
      const { codes, scales } = quantize(saved.weights[name], Number(columns));
      data[name] = codes;
      data[scaleOf(name)] = scales;
    }
    const embeddings = embeddingNames(model);
    for (const name of new Set(Object.values(embeddings))) {
      const embedding = quantizedEmbedding(saved, name);
      if (isLookedUp(model, name)) {
        data[name] = transposed(dequantize(embedding), vocabulary);
      }
      if (name === embeddings.output) {
        data[GENERATOR.weight] = embedding.codes;
        data[GENERATOR.scale] = embedding.scales;
      }
    }
  }
  return Object.fromEntries(
    Object.entries(specs).map(([name, { shape }]) => [name, {
      shape: shape.map(Number),
      data: data[name],
    }]),
  );
}
