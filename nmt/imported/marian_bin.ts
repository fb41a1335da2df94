/** Reads the `.bin` files of Marian and Bergamot, of 32-bit floats or of 8-bit integers, as arrays of floats. */
import { inputError } from "../../base/input_error.ts";
import type { Refuse } from "../../base/input_file.ts";
import { transposed } from "../tensor/quantization.ts";
import { checkFinite, type NamedArray, type NamedArrays } from "./arrays.ts";
import type { Bytes, Parts } from "./parts.ts";

const VERSION = 1n;
const FLOAT32 = 0x404, INT8 = 0x101, INTGEMM8 = 0x4101;
const HEADER_BYTES = 32, PREFIX_BYTES = 16;
/** More arrays, longer names or more dimensions no model has. */
const MOST = { arrays: 100_000, nameBytes: 10_000, dimensions: 8 };

interface Header {
  readonly nameBytes: number;
  readonly type: number;
  readonly dimensions: number;
  readonly bytes: number;
}

/**
 * The arrays of a file by their names. Matrices of 8-bit integers, which the file has transposed, come as they are
 * multiplied with: value / multiplier. The multipliers of activations (`..._QuantMultA`) are left out, as floats need none.
 *
 * @param what The file's name for the user, such as `the model "model.bin"`.
 * @param only The one array that is read, where the others do not matter.
 * @throws An input error where the file is damaged, or has numbers of another type.
 */
export function readMarianBin(
  file: Parts,
  what: string,
  only?: string,
): NamedArrays {
  const refuse: Refuse = (reason) =>
    inputError(
      `Cannot read ${what}: ${reason}; the file is damaged or not a binary model of Marian.`,
    );
  const reader = readerOf(file, refuse);
  const version = reader.uint64("its version");
  if (version !== VERSION) {
    throw refuse(`expected version ${VERSION}, found ${version}`);
  }
  const count = reader.count("its arrays", MOST.arrays);
  if (PREFIX_BYTES + count * HEADER_BYTES > file.length) {
    throw refuse(
      `expected ${count} arrays, found a file of ${file.length} bytes`,
    );
  }
  const headers = Array.from({ length: count }, (): Header => ({
    nameBytes: reader.count("a name", MOST.nameBytes),
    type: reader.count("a type", 0xffffff),
    dimensions: reader.count("a shape", MOST.dimensions),
    bytes: reader.count("an array", file.length),
  }));
  const names = headers.map(({ nameBytes }) => {
    const name = new TextDecoder().decode(reader.take(nameBytes, "a name"));
    if (!name.endsWith("\0")) {
      throw refuse(`expected a zero byte after the name "${name}"`);
    }
    return name.slice(0, -1);
  });
  const shapes = headers.map(({ dimensions }, i) =>
    Array.from({ length: dimensions }, () => reader.int32(names[i]))
  );
  reader.skip(reader.count("padding", file.length), "padding");
  const arrays = new Map<string, NamedArray>();
  headers.forEach((header, i) => {
    const name = names[i];
    if (arrays.has(name)) {
      throw refuse(`expected each array once, found "${name}" twice`);
    }
    if (name.endsWith("_QuantMultA") || only !== undefined && name !== only) {
      reader.skip(header.bytes, name);
      return;
    }
    const content = reader.take(header.bytes, name);
    arrays.set(name, arrayOf(name, header.type, shapes[i], content, refuse));
  });
  if (reader.left() > 0) {
    throw refuse(`${reader.left()} bytes follow its last array`);
  }
  return arrays;
}

function arrayOf(
  name: string,
  type: number,
  shape: readonly number[],
  content: Bytes,
  refuse: Refuse,
): NamedArray {
  const count = shape.reduce((product, size) => product * size, 1);
  const need = (bytes: number) => {
    if (shape.some((size) => size < 0) || bytes > content.length) {
      throw refuse(
        `expected ${bytes} bytes for shape [${shape}] of "${name}", found ${content.length}`,
      );
    }
  };
  // Floats may not begin anywhere.
  const { buffer: data, byteOffset: start } = content.byteOffset % 4 === 0
    ? content
    : content.slice();
  if (type === INT8) {
    need(count);
    return { shape, data: new Int8Array(data, start, count) };
  }
  if (type === FLOAT32) {
    need(4 * count);
    const values = new Float32Array(data, start, count);
    checkFinite(name, values, refuse);
    return { shape, data: values };
  }
  if (type !== INTGEMM8) throw refuse(foreign(name, type));
  // Whether the output's own matrix is transposed was never seen.
  if (name.startsWith("decoder_ff_logit_out_W")) {
    throw refuse(`expected floats in "${name}", found 8-bit integers`);
  }
  need(count + 4);
  const multiplier = new DataView(data, start).getFloat32(count, true);
  if (!(multiplier > 0 && Number.isFinite(multiplier))) {
    throw refuse(
      `expected a multiplier above 0 of "${name}", found ${multiplier}`,
    );
  }
  const integers = new Int8Array(data, start, count);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = integers[i] / multiplier;
  return {
    shape,
    data: name.endsWith("Wemb") || shape.length !== 2
      ? values
      : transposed(values, shape[0]),
  };
}

/** Why the numbers of an array cannot be read. */
function foreign(name: string, type: number): string {
  const hex = `type 0x${type.toString(16)}`;
  const found = (type & 0x800) !== 0
    ? `packed numbers of FBGEMM (${hex})`
    : type === 0x4102
    ? `16-bit integers of intgemm (${hex})`
    : (type & 0x4000) !== 0
    ? `integers of intgemm for one kind of processor (${hex})`
    : `another (${hex})`;
  return `expected numbers of type float32 or intgemm8 in "${name}", found ${found}: ` +
    `convert the model with "marian-conv --gemm-type intgemm8" or take its .npz file`;
}

/** Reads numbers one after the other, and fails where the file ends. */
function readerOf(file: Parts, refuse: Refuse) {
  let at = 0;
  const skip = (length: number, part: string) => {
    if (length > file.length - at) {
      throw refuse(
        `truncated: "${part}" takes ${length} bytes where ${
          file.length - at
        } are left`,
      );
    }
    at += length;
  };
  const take = (length: number, part: string) => {
    skip(length, part);
    return file.read(at - length, length);
  };
  const view = (length: number, part: string) => {
    const { buffer, byteOffset } = take(length, part);
    return new DataView(buffer, byteOffset, length);
  };
  const uint64 = (part: string) => view(8, part).getBigUint64(0, true);
  return {
    uint64,
    count(part: string, most: number) {
      const value = uint64(part);
      if (value <= BigInt(most)) return Number(value);
      throw refuse(`expected at most ${most} for ${part}, found ${value}`);
    },
    int32: (part: string) => view(4, part).getInt32(0, true),
    take,
    skip,
    left: () => file.length - at,
  };
}
