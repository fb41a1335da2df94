/** Safetensors files are exchanged with the official Python package. */
import { assertEquals } from "@std/assert";
import {
  readSafetensors,
  writeSafetensors,
} from "../../../nmt/tensor/safetensors.ts";
import { findPython, runPython } from "../../fixtures/python.ts";
import { bytesOf, EVERY_DTYPE, METADATA, WHAT, withPath } from "./stored.ts";

const { python, missing } = findPython("safetensors");

Deno.test({
  name: "the official package reads every dtype and the metadata" +
    (missing ?? ""),
  ignore: missing !== undefined,
  fn: () =>
    withPath(async (path) => {
      writeSafetensors(path, EVERY_DTYPE, METADATA);
      const script = `
import json, sys
from safetensors import safe_open
with safe_open(json.load(sys.stdin), framework="numpy") as file:
    tensors = {name: file.get_tensor(name) for name in file.keys()}
    print(json.dumps({"metadata": file.metadata(), "tensors": {
        name: [str(t.dtype), list(t.shape), t.tobytes().hex()] for name, t in tensors.items()}}))
`;
      const dtypes = new Map<unknown, string>([
        [Float32Array, "float32"],
        [Float16Array, "float16"],
        [Int32Array, "int32"],
        [Uint16Array, "uint16"],
        [Uint8Array, "uint8"],
      ]);
      const tensors = Object.fromEntries(
        Object.entries(EVERY_DTYPE).map(([name, { shape, data }]) => [name, [
          dtypes.get(data.constructor),
          shape,
          bytesOf(data).toHex(),
        ]]),
      );
      assertEquals(await runPython(python, script, path), {
        metadata: METADATA,
        tensors,
      });
    }),
});

Deno.test({
  name: "a file of the official package is read" + (missing ?? ""),
  ignore: missing !== undefined,
  fn: () =>
    withPath(async (path) => {
      const script = `
import json, sys, numpy
from safetensors.numpy import save_file
save_file({"bytes": numpy.arange(3, dtype="uint8"), "half": numpy.array([[1.5, -2]], dtype="float16"),
           "single": numpy.ones((2, 1), dtype="float32")}, json.load(sys.stdin), metadata={"k": "v"})
print("null")
`;
      await runPython(python, script, path);
      const { tensors, metadata } = readSafetensors(path, WHAT);
      assertEquals(metadata, { k: "v" });
      assertEquals(tensors.bytes, { shape: [3], data: Uint8Array.of(0, 1, 2) });
      assertEquals(tensors.half, {
        shape: [1, 2],
        data: Float16Array.of(1.5, -2),
      });
      assertEquals(tensors.single, {
        shape: [2, 1],
        data: Float32Array.of(1, 1),
      });
    }),
});
