/** Losses on every runtime against plain numbers, and their gradients against finite differences. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { random } from "../../schemas/random.ts";
import { gradients } from "../../tensor/gradient.ts";
import type {
  HostTensor,
  HostTensors,
  Tensor,
  Tensors,
} from "../../tensor/program.ts";
import { RUNTIMES, type TestedRuntime } from "../tensor/runtimes.ts";

/** Runs a function of tensors once. */
export async function run(
  runtime: TestedRuntime,
  inputs: HostTensors,
  build: (inputs: Tensors) => Tensors,
): Promise<HostTensors> {
  const executable = await (await runtime.load()).compile({
    name: "losses",
    inputs: Object.fromEntries(
      Object.entries(inputs).map(([name, { shape, data }]) => [name, {
        shape,
        dtype: data instanceof Int32Array ? "int32" : "float32",
      }]),
    ),
    build,
  }, { threads: 1 });
  const results = await executable.run(inputs);
  await executable.dispose();
  return results;
}

/** The value of a scalar loss on every runtime. */
export async function assertLoss(
  inputs: HostTensors,
  loss: (inputs: Tensors) => Tensor,
  expected: number,
  tolerance = 1e-5,
): Promise<void> {
  for (const runtime of RUNTIMES) {
    const { value } = await run(runtime, inputs, (t) => ({ value: loss(t) }));
    assertAlmostEquals(value.data[0], expected, tolerance, runtime.name);
  }
}

/** Matrices and vectors of numbers as double precision sees them. */
interface Numbers {
  matrix(name: string): number[][];
  vector(name: string): number[];
}

function numbers(inputs: HostTensors): Numbers {
  const vector = (name: string) => Array.from<number>(inputs[name].data);
  return {
    vector,
    matrix: (name) => {
      const [rows, columns] = inputs[name].shape;
      const values = vector(name);
      return Array.from(
        { length: rows },
        (_, row) => values.slice(row * columns, (row + 1) * columns),
      );
    },
  };
}

/** The same with one element moved. */
function moved(from: Numbers, name: string, index: number, by: number) {
  return {
    vector: (other: string) =>
      from.vector(other).map((value, i) =>
        other === name && i === index ? value + by : value
      ),
    matrix: (other: string) =>
      from.matrix(other).map((row, r) =>
        row.map((value, c) =>
          other === name && r * row.length + c === index ? value + by : value
        )
      ),
  };
}

/**
 * The loss agrees with plain numbers, and its gradient with respect to every element of the float inputs with central
 * differences of the plain numbers; that of inputs in `fixed` is not asked for.
 */
export async function assertAgrees(
  inputs: HostTensors,
  fixed: readonly string[],
  loss: (inputs: Tensors) => Tensor,
  expected: (inputs: Numbers) => number,
): Promise<void> {
  const given = numbers(inputs);
  const names = Object.keys(inputs).filter((name) => !fixed.includes(name));
  for (const runtime of RUNTIMES) {
    const results = await run(runtime, inputs, (t) => {
      const wanted = Object.fromEntries(names.map((name) => [name, t[name]]));
      const found = gradients(() => loss(t), wanted);
      return {
        "the loss": found.loss,
        ...Object.fromEntries(
          names.map((name) => [`gradient ${name}`, found.gradients[name]]),
        ),
      };
    });
    const value = expected(given);
    assertAlmostEquals(
      results["the loss"].data[0],
      value,
      1e-5 * Math.max(1, Math.abs(value)),
      runtime.name,
    );
    for (const name of names) {
      const h = 1e-5;
      const gradient = results[`gradient ${name}`].data;
      assertEquals(gradient.length, inputs[name].data.length);
      const differences = Array.from(
        gradient,
        (_, i) =>
          (expected(moved(given, name, i, h)) -
            expected(moved(given, name, i, -h))) / (2 * h),
      );
      const largest = Math.max(...differences.map(Math.abs));
      assert(largest > 1e-3, `${name} does not matter: nothing is compared`);
      differences.forEach((difference, i) =>
        assertAlmostEquals(
          gradient[i],
          difference,
          1e-4 * largest,
          `${runtime.name}: gradient of ${name}, element ${i}`,
        )
      );
    }
  }
}

/** A tensor of random numbers between -1 and 1. */
export function drawn(
  seed: number,
  ...shape: number[]
): HostTensor & { readonly data: Float32Array<ArrayBuffer> } {
  const next = random("losses", seed);
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  return { shape, data: data.map(() => 2 * next() - 1) };
}
