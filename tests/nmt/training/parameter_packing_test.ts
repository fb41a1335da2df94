/** Parameter packing: nothing is lost, and unpacked parameters share the packed memory. */
import { assertEquals } from "@std/assert";
import { parameterPacking } from "../../../nmt/training/parameter_packing.ts";
import type { Weights } from "../../../nmt/transformer/parameters.ts";

const shapes = {
  embedding: [2, 2],
  "a.0.bias": [2],
  "a.0.weight": [2, 1],
  "a.0.b.gain": [3],
  "a.1.gain": [1],
};

const weights: Weights = {
  embedding: Float32Array.of(1, 2, 3, 4),
  "a.0.bias": Float32Array.of(5, 6),
  "a.0.weight": Float32Array.of(7, 8),
  "a.0.b.gain": Float32Array.of(9, 10, 11),
  "a.1.gain": Float32Array.of(12),
};

Deno.test("the vectors of a layer are joined in their order and come apart again", () => {
  const { shapes: packedShapes, packNumbers, unpackNumbers } = parameterPacking(
    shapes,
  );
  const packed = packNumbers(weights);
  assertEquals(packedShapes, {
    embedding: [2, 2],
    "a.0 vectors": [5],
    "a.0.weight": [2, 1],
    "a.1 vectors": [1],
  });
  assertEquals(packed["a.0 vectors"], Float32Array.of(5, 6, 9, 10, 11));
  assertEquals({ ...unpackNumbers(packed) }, weights);
});

Deno.test("packing copies, unpacking does not", () => {
  const { packNumbers, unpackNumbers } = parameterPacking(shapes);
  const packed = packNumbers(weights);
  const unpacked = unpackNumbers(packed);
  packed["a.0 vectors"][2] = 90;
  packed.embedding[0] = 10;
  assertEquals(unpacked["a.0.b.gain"][0], 90);
  assertEquals(unpacked.embedding[0], 10);
  assertEquals(weights["a.0.b.gain"][0], 9);
  assertEquals(weights.embedding[0], 1);
});
