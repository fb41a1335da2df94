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
 * Quantizes a matrix [rows, columns]; of a column, the value farthest from zero becomes 127 or -127. A matrix that was
 * quantized before, with one scale for all of it or for each of two or three maps side by side, keeps its codes and scales.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { dequantize, quantize } from "./quantization.ts";
 *
 * const { codes, scales } = quantize(Float32Array.of(0.31, -127, 0.17, 60), 2);
 * assertEquals([...codes], [127, 129, 70, 60]);
 * assertEquals(dequantize({ codes, scales })[3], 60);
 * ```
 */
export function quantize(
  matrix: Float32Array,
  columns: number,
): Quantized {
  const earlier = earlierScales(matrix, columns);
  const scales = earlier ?? new Float32Array(columns);
  if (earlier === undefined) {
    for (let i = 0; i < matrix.length; i++) {
      const column = i % columns;
      scales[column] = Math.max(scales[column], Math.abs(matrix[i]));
    }
    for (let column = 0; column < columns; column++) scales[column] /= 127;
  }
  const codes = new Uint8Array(matrix.length);
  for (let i = 0; i < matrix.length; i++) {
    const scale = scales[i % columns];
    codes[i] = scale === 0 ? 0 : Math.round(matrix[i] / scale);
  }
  return { codes, scales };
}

/** The scales of the columns of a matrix that was quantized before; undefined for any other. */
function earlierScales(
  matrix: Float32Array,
  columns: number,
): Float32Array<ArrayBuffer> | undefined {
  for (const maps of [1, 2, 3]) {
    const width = columns / maps;
    if (!Number.isInteger(width)) continue;
    const steps = Array.from(
      { length: maps },
      (_, map) => stepOf(matrix, columns, map * width, (map + 1) * width),
    );
    if (steps.includes(undefined)) continue;
    return Float32Array.from(
      { length: columns },
      (_, column) => steps[Math.floor(column / width)] ?? 0,
    );
  }
}

/** The number of which all values of some columns are multiples by -127 to 127; undefined where there is none. */
function stepOf(
  matrix: Float32Array,
  columns: number,
  from: number,
  to: number,
): number | undefined {
  let least = Infinity, most = 0;
  for (let row = 0; row < matrix.length; row += columns) {
    for (let i = row + from; i < row + to; i++) {
      const size = Math.abs(matrix[i]);
      if (size > 0 && size < least) least = size;
      if (size > most) most = size;
    }
  }
  if (most === 0 || most > 127.4 * least) return undefined;
  // The greatest value is the most exact multiple.
  const step = most / Math.round(most / least);
  for (let row = 0; row < matrix.length; row += columns) {
    for (let i = row + from; i < row + to; i++) {
      const code = matrix[i] / step;
      if (Math.abs(code - Math.round(code)) > 1e-3) return undefined;
    }
  }
  return step;
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
 * codes [in, out] as int8 or as its bytes 0 to 255, scales and bias [out] to [..., out].
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
