/** Tensors of every dtype and a place for a file, for the tests of safetensors files. */
import type { StoredTensor } from "../../../nmt/tensor/safetensors.ts";
import { withFolder } from "../fixtures/folder.ts";

export const EVERY_DTYPE: Record<string, StoredTensor> = {
  "single": {
    shape: [2, 3],
    data: Float32Array.of(0, -0, 1.5, 1e-40, 3e38, NaN),
  },
  "bytes": { shape: [3], data: Uint8Array.of(0, 127, 255) },
  "half": { shape: [3, 1], data: Float16Array.of(-1.5, 65504, Infinity) },
  "integer": { shape: [2], data: Int32Array.of(-(2 ** 31), 2 ** 31 - 1) },
  "short": { shape: [1, 1, 2], data: Uint16Array.of(0, 65535) },
  "scalar": { shape: [], data: Float32Array.of(7) },
  "nothing": { shape: [0, 4], data: Int32Array.of() },
  "__proto__x/ü.weight": { shape: [1], data: Int32Array.of(5) },
};
export const METADATA = {
  config: '{"width":8}',
  note: "a line\nand ünïcode",
};
export const WHAT = 'the model of "teacher"';

/** Runs with the path of a file in a folder that goes away after. */
export const withPath = (
  test: (path: string) => void | Promise<void>,
): Promise<void> => withFolder((folder) => test(`${folder}/model.safetensors`));

export function bytesOf(data: StoredTensor["data"]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
}
