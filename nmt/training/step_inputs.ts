/** Parameters and moments as inputs of a program. */
import { elements, type HostTensor, type Spec } from "../tensor/program.ts";
import type { Shapes, Weights } from "../transformer/parameters.ts";

/** Prefixes of the names of inputs that are parameters or their moments. */
export const slots = {
  weight: "weight ",
  first: "first ",
  second: "second ",
} as const;

/** Prefix of the name of an output that succeeds the input of the rest of its name. */
export const NEXT = "next ";

/** The inputs of a slot. */
export function slotSpecs(shapes: Shapes, slot: string): Record<string, Spec> {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [slot + name, {
      shape,
      dtype: "float32",
    }]),
  );
}

/** Values of parameters or moments as the inputs of a slot; zeros unless values are given. */
export function slotTensors(
  shapes: Shapes,
  slot: string,
  values?: Weights,
): Record<string, HostTensor & { readonly data: Float32Array<ArrayBuffer> }> {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [slot + name, {
      shape,
      data: values?.[name] ?? new Float32Array(elements(shape)),
    }]),
  );
}

/** What stands under the names of a slot, by the names of the parameters. */
export function fromSlot<Value>(
  shapes: Shapes,
  slot: string,
  named: Readonly<Record<string, Value>>,
): Record<string, Value> {
  return Object.fromEntries(
    Object.keys(shapes).map((name) => [name, named[slot + name]]),
  );
}
