/** Quantization: matrices of int8 with a scale a column, and products with them. */
import type { Graph, Value } from "./onnx/graph.ts";
import { isOneKernel, runKernel } from "./inference.ts";
import type { Tensor } from "./program.ts";
import { tf } from "./tfjs.ts";

const PRODUCT = "QuantizedProduct";
/** ONNX's number of the type int8, which no tensor of this project has. */
const INT8 = 3;

/** A matrix as codes -127 to 127, in two's complement, each times the scale of its column. */
export interface Quantized {
  /** Row-major. */
  readonly codes: Uint8Array<ArrayBuffer>;
  readonly scales: Float32Array<ArrayBuffer>;
}

/**
 * Quantizes a matrix [rows, columns]; of a column, the value farthest from zero becomes 127 or -127.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { dequantize, quantize } from "./quantization.ts";
 *
 * const { codes, scales } = quantize(Float32Array.of(1.27, -127, 0, 127), 2);
 * assertEquals([...codes], [127, 129, 0, 127]);
 * assertEquals(dequantize({ codes, scales })[3], 127);
 * ```
 */
export function quantize(
  matrix: Float32Array,
  columns: number,
): Quantized {
  const scales = new Float32Array(columns);
  for (let i = 0; i < matrix.length; i++) {
    const column = i % columns;
    scales[column] = Math.max(scales[column], Math.abs(matrix[i]));
  }
  for (let column = 0; column < columns; column++) scales[column] /= 127;
  const codes = new Uint8Array(matrix.length);
  for (let i = 0; i < matrix.length; i++) {
    const scale = scales[i % columns];
    codes[i] = scale === 0 ? 0 : Math.round(matrix[i] / scale);
  }
  return { codes, scales };
}

/** The matrix that codes and scales stand for. */
export function dequantize(
  { codes, scales }: Quantized,
): Float32Array<ArrayBuffer> {
  const signed = new Int8Array(codes.buffer, codes.byteOffset, codes.length);
  return Float32Array.from(
    signed,
    (code, i) => code * scales[i % scales.length],
  );
}

/** [rows, columns] to [columns, rows]. */
export function transposed<Values extends Float32Array | Uint8Array>(
  matrix: Values,
  columns: number,
): Values {
  const rows = matrix.length / columns;
  const result = matrix.slice() as Values;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      result[column * rows + row] = matrix[row * columns + column];
    }
  }
  return result;
}

/** What the recording backend makes of a quantized product. */
export const quantizationKernels: Readonly<
  Record<
    string,
    (graph: Graph, inputs: Readonly<Record<string, Value>>) => Value
  >
> = {
  [PRODUCT]: (graph, { x, codes, scales, bias }) => {
    // The program sees the codes' bytes as floats; the product takes the bytes themselves, as the int8 that they are.
    const bytes = graph.producer(codes.name)?.inputs[0];
    if (bytes === undefined) {
      throw new Error("Cannot record a product with codes that are no input");
    }
    const integers = graph.emit("Cast", [bytes], { to: INT8 });
    const names = [graph.full(x), integers, scales.name];
    if (bias !== undefined) names.push("", bias.name);
    return graph.value(
      graph.emit("DynamicQuantizeMatMul", names, {}, "com.microsoft"),
      [...x.shape.slice(0, -1), codes.shape[1]],
      "float32",
    );
  },
};

/**
 * x W + bias, where W is quantized and x is rounded to 256 levels between its least and its greatest value: x [..., in],
 * codes [in, out] as bytes 0 to 255, scales and bias [out] to [..., out].
 */
export function quantizedProduct(
  x: Tensor,
  codes: Tensor,
  scales: Tensor,
  bias?: Tensor,
): Tensor {
  if (isOneKernel(PRODUCT)) {
    return runKernel(PRODUCT, { x, codes, scales, bias })[0];
  }
  const least = tf.minimum(tf.min(x), 0);
  const level = tf.div(tf.sub(tf.maximum(tf.max(x), 0), least), 255);
  const zero = tf.round(tf.div(tf.neg(least), level));
  const rounded = tf.clipByValue(
    tf.add(tf.round(tf.div(x, level)), zero),
    0,
    255,
  );
  const signed = tf.sub(
    codes,
    tf.mul(tf.cast(tf.greater(codes, 127), "float32"), 256),
  );
  const columns = codes.shape[1] ?? 0;
  const rows = tf.reshape(tf.mul(tf.sub(rounded, zero), level), [
    -1,
    codes.shape[0],
  ]);
  const product = tf.mul(
    tf.matMul(rows as tf.Tensor2D, signed as tf.Tensor2D),
    scales,
  );
  const result = tf.reshape(product, [...x.shape.slice(0, -1), columns]);
  return bias === undefined ? result : tf.add(result, bias);
}
