/** Tensors written as nested numbers, and their comparison, for the tests of programs. */
import { assertEquals } from "@std/assert";
import type {
  Dim,
  ElementType,
  HostTensor,
  HostTensors,
  Spec,
} from "../../../nmt/tensor/program.ts";

export type Nested = number | readonly Nested[];

const ARRAYS = {
  float32: Float32Array,
  float16: Float16Array,
  int32: Int32Array,
  int8: Int8Array,
  uint8: Uint8Array,
} as const;

function shapeOf(values: Nested): number[] {
  if (typeof values === "number") return [];
  return [values.length, ...(values.length > 0 ? shapeOf(values[0]) : [])];
}

const flat = (values: Nested): number[] =>
  typeof values === "number" ? [values] : values.flatMap(flat);

/** A tensor of the shape that the nesting shows, or of `shape` where an axis is empty. */
export function tensor(
  dtype: ElementType,
  values: Nested,
  shape: readonly number[] = shapeOf(values),
): HostTensor {
  return { shape, data: ARRAYS[dtype].from(flat(values)) };
}

export const f32 = (values: Nested, shape?: readonly number[]): HostTensor =>
  tensor("float32", values, shape);
export const i32 = (values: Nested, shape?: readonly number[]): HostTensor =>
  tensor("int32", values, shape);

export const spec = (dtype: ElementType, ...shape: Dim[]): Spec => ({
  shape,
  dtype,
});

/** Fails unless shapes and element types are equal and values differ by no more than `tolerance`, relative above 1. */
export function assertTensors(
  actual: HostTensors,
  expected: HostTensors,
  tolerance = 2e-6,
): void {
  assertEquals(Object.keys(actual).sort(), Object.keys(expected).sort());
  for (const [name, { shape, data }] of Object.entries(expected)) {
    const found = actual[name];
    assertEquals([...found.shape], [...shape], `shape of ${name}`);
    assertEquals(found.data.constructor.name, data.constructor.name, name);
    const wrong = Array.from<number>(data).findIndex((value, i) =>
      !Object.is(found.data[i], value) &&
      !(Math.abs(found.data[i] - value) <=
        tolerance * Math.max(1, Math.abs(value)))
    );
    if (wrong >= 0) {
      throw new Error(
        `${name}: expected ${
          data[wrong]
        } at ${wrong} of [${data}], found [${found.data}]`,
      );
    }
  }
}
