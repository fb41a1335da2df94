/** Models of 8-bit integers as files: a quarter of the size, for where a model is to be sent or kept. */
import { z } from "zod";
import { inputError, parse } from "../../base/input_error.ts";
import { Model } from "../../schemas/experiment/model.ts";
import {
  readSafetensors,
  type StoredTensor,
  writeSafetensors,
} from "../tensor/safetensors.ts";
import { dequantize, quantize, transposed } from "../tensor/quantization.ts";
import type { SavedModel } from "../transformer/checkpoint.ts";
import { parameterShapes } from "../transformer/parameters.ts";

const FORMAT = "int8";
/** Codes -127 to 127 are stored as 1 to 255. */
const ZERO = 128;

const Metadata = z.object({
  quantization: z.literal(FORMAT),
  config: z.string(),
  vocabulary: z.string().regex(/^[1-9]\d*$/),
});

const scaleOf = (name: string) => `${name}.scale`;
const isMatrix = (shape: readonly number[]) => shape.length === 2;

/**
 * Writes a model with its matrices as bytes, each code + 128: linear maps [in, out] with a scale for each column, the
 * embedding [vocabulary, d] with one for each row. Vectors stay 32-bit floats. Equal models give equal bytes.
 */
export function saveQuantizedModel(
  path: string,
  { model, vocabulary, weights }: SavedModel,
): void {
  const tensors: Record<string, StoredTensor> = {};
  for (
    const [name, shape] of Object.entries(parameterShapes(model, vocabulary))
  ) {
    if (!isMatrix(shape)) {
      tensors[name] = { shape, data: weights[name] };
      continue;
    }
    const [rows, columns] = shape;
    const byRow = name === "embedding";
    const { codes, scales } = byRow
      ? quantize(transposed(weights[name], columns), rows)
      : quantize(weights[name], columns);
    const ordered = byRow ? transposed(codes, rows) : codes;
    tensors[name] = {
      shape,
      data: ordered.map((code) => (code + ZERO) & 255),
    };
    tensors[scaleOf(name)] = { shape: [scales.length], data: scales };
  }
  writeSafetensors(path, tensors, {
    quantization: FORMAT,
    config: JSON.stringify(model),
    vocabulary: String(vocabulary),
  });
}

/**
 * Reads such a file; `what` is how the user knows it. The weights are the rounded ones, so that translating with them
 * in int8 is translating with the bytes of the file. A file that is no whole quantized model is an input error.
 */
export function loadQuantizedModel(path: string, what: string): SavedModel {
  const { tensors, metadata } = readSafetensors(path, what);
  const told = parse(Metadata, metadata, `the metadata of ${what}`);
  const model = parse(
    Model,
    jsonOf(told.config, what),
    `the config in ${what}`,
  );
  const vocabulary = Number(told.vocabulary);
  const find = (name: string, shape: readonly number[], kind: string) => {
    const tensor = tensors[name];
    if (
      tensor?.data.constructor.name === kind &&
      tensor.shape.join() === shape.join()
    ) return tensor.data;
    const found = tensor === undefined
      ? "none"
      : `${tensor.data.constructor.name} [${tensor.shape}]`;
    throw inputError(
      `Cannot use ${what}: expected tensor "${name}" as ${kind} of shape [${shape}], found ${found}; ` +
        `make the file again.`,
    );
  };
  const weights = Object.entries(parameterShapes(model, vocabulary)).map(
    ([name, shape]) => {
      if (!isMatrix(shape)) {
        return [name, Float32Array.from(find(name, shape, "Float32Array"))];
      }
      const [rows, columns] = shape;
      const byRow = name === "embedding";
      const bytes = Uint8Array.from(find(name, shape, "Uint8Array"));
      const codes = bytes.map((byte) => (byte - ZERO) & 255);
      const scales = Float32Array.from(
        find(scaleOf(name), [byRow ? rows : columns], "Float32Array"),
      );
      const matrix = byRow
        ? transposed(
          dequantize({ codes: transposed(codes, columns), scales }),
          rows,
        )
        : dequantize({ codes, scales });
      return [name, matrix];
    },
  );
  return { model, vocabulary, weights: Object.fromEntries(weights) };
}

function jsonOf(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw inputError(
      `Cannot use ${what}: expected JSON as its config, found ${text}; make the file again.`,
    );
  }
}
