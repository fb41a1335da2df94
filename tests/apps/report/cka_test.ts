/** Debiased linear CKA: by its definition on small matrices, and what it must not change with. */
import { assert, assertAlmostEquals } from "@std/assert";
import { cka, gram } from "../../../apps/report/cka.ts";
import { random } from "../../../nmt/random.ts";

/** Rows of independent standard normal numbers. */
function normal(rows: number, width: number, seed: number): Float32Array {
  const next = random("cka", seed);
  return Float32Array.from(
    { length: rows * width },
    () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  );
}

const likeness = (x: Float32Array, y: Float32Array, rows: number) =>
  cka(gram(x, x.length / rows), gram(y, y.length / rows));

/**
 * HSIC without bias as the mean of its kernel over all ordered choices of four different rows (Song et al. 2012,
 * equation 3): k(a, b) (l(a, b) + l(c, d) - 2 l(a, c)).
 */
function hsicByDefinition(x: number[][], y: number[][]): number {
  const product = (rows: number[][]) => (a: number, b: number) =>
    rows[a].reduce((sum, value, i) => sum + value * rows[b][i], 0);
  const [k, l] = [product(x), product(y)];
  const n = x.length;
  let sum = 0, count = 0;
  for (let a = 0; a < n; a++) {
    for (let b = 0; b < n; b++) {
      for (let c = 0; c < n; c++) {
        for (let d = 0; d < n; d++) {
          if (new Set([a, b, c, d]).size < 4) continue;
          sum += k(a, b) * (l(a, b) + l(c, d) - 2 * l(a, c));
          count++;
        }
      }
    }
  }
  return sum / count;
}

Deno.test("CKA is the quotient of mean products over all choices of four rows", () => {
  const x = [[1, 0], [0, 2], [3, 1], [-1, 1], [2, 2], [0, -1]];
  const y = [[2], [1], [5], [0], [4], [-2]];
  const expected = hsicByDefinition(x, y) /
    Math.sqrt(hsicByDefinition(x, x) * hsicByDefinition(y, y));
  assert(expected > 0.1 && expected < 1);
  const found = likeness(
    Float32Array.from(x.flat()),
    Float32Array.from(y.flat()),
    x.length,
  );
  assertAlmostEquals(found, expected, 1e-6);
});

Deno.test("a layer is as alike as can be to itself, moved, scaled or rotated", () => {
  const rows = 40;
  const x = normal(rows, 2, 1);
  const [cosine, sine] = [Math.cos(1), Math.sin(1)];
  const turned = x.map((value, i) =>
    3 *
      (i % 2 === 0
        ? cosine * value - sine * x[i + 1]
        : sine * x[i - 1] + cosine * value) + 100
  );
  assertAlmostEquals(likeness(x, x, rows), 1, 1e-9);
  assertAlmostEquals(likeness(x, turned, rows), 1, 1e-4);
});

Deno.test("independent layers that are wider than there are positions do not look alike", () => {
  const rows = 64;
  const found = likeness(normal(rows, 256, 2), normal(rows, 256, 3), rows);
  assert(found < 0.1, `${found}`);
});

Deno.test("a layer that is the same everywhere is like none", () => {
  const rows = 8;
  const flat = new Float32Array(rows * 3).fill(2);
  assertAlmostEquals(likeness(flat, normal(rows, 3, 4), rows), 0, 1e-12);
});
