/** Packing parameters for the optimiser: nothing is lost, and what is unpacked shares its memory. */
import { assertEquals } from "@std/assert";
import { packing } from "../../model/packing.ts";
import type { Weights } from "../../model/parameters.ts";

const shapes = {
  embedding: [2, 2],
  "a.bias": [2],
  "a.weight": [2, 1],
  "b.gain": [3],
};

const weights: Weights = {
  embedding: Float32Array.of(1, 2, 3, 4),
  "a.bias": Float32Array.of(5, 6),
  "a.weight": Float32Array.of(7, 8),
  "b.gain": Float32Array.of(9, 10, 11),
};

Deno.test("vectors are joined in their order and come apart again", () => {
  const { shapes: packedShapes, packNumbers, unpackNumbers } = packing(shapes);
  const packed = packNumbers(weights);
  assertEquals(packedShapes, {
    embedding: [2, 2],
    "a.weight": [2, 1],
    vectors: [5],
  });
  assertEquals(packed.vectors, Float32Array.of(5, 6, 9, 10, 11));
  assertEquals({ ...unpackNumbers(packed) }, weights);
});

Deno.test("packing copies, unpacking does not", () => {
  const { packNumbers, unpackNumbers } = packing(shapes);
  const packed = packNumbers(weights);
  const unpacked = unpackNumbers(packed);
  packed.vectors[2] = 90;
  packed.embedding[0] = 10;
  assertEquals(unpacked["b.gain"][0], 90);
  assertEquals(unpacked.embedding[0], 10);
  assertEquals(weights["b.gain"][0], 9);
  assertEquals(weights.embedding[0], 1);
});
