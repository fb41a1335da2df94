/** Dropout masks as a function of role, seed and step, so that training can resume and every runtime sees the same. */
import { createCipheriv } from "node:crypto";
import type { Role } from "../random.ts";
import type { HostTensors, Spec } from "../tensor/program.ts";

/** Distance between the windows of two places in the pool; odd, so that no two places share a row. */
const STRIDE = 4099;

export interface DropoutMasks {
  /** The masks of a step for inputs of these symbolic sizes, valid until the next call. */
  draw(step: number, sizes: Readonly<Record<string, number>>): HostTensors;
}

/**
 * Masks for the inputs of `dropoutInputs`: each feature is 0 with probability p and 1 / (1 - p) otherwise, where p is
 * rounded to a 256th. All places of a step read windows of one pool of AES-CTR bytes.
 */
export function dropoutMasks(
  inputs: Readonly<Record<string, Spec>>,
  probability: number,
  seed: number,
  role: Role = "teacher",
): DropoutMasks {
  const places = Object.entries(inputs);
  const dropped = Math.round(probability * 256);
  const values = Float32Array.from(
    { length: 256 },
    (_, byte) => byte < dropped ? 0 : 256 / (256 - dropped),
  );
  const key = new Uint8Array(16);
  new DataView(key.buffer).setBigUint64(0, BigInt(seed), true);
  key[8] = role === "teacher" ? 0 : 1;
  let pool = new Float32Array(0);
  return {
    draw: (step, sizes) => {
      const shapes = places.map(([name, spec]) => ({
        name,
        shape: spec.shape.map((dim) =>
          typeof dim === "number" ? dim : sizes[dim]
        ),
      }));
      const lengths = shapes.map(({ shape }) =>
        shape.reduce((product, size) => product * size, 1)
      );
      const needed = Math.max(0, ...lengths) + STRIDE * places.length;
      if (pool.length < needed) pool = new Float32Array(needed);
      const counter = new Uint8Array(16);
      new DataView(counter.buffer).setBigUint64(0, BigInt(step), true);
      const bytes = createCipheriv("aes-128-ctr", key, counter).update(
        new Uint8Array(needed),
      );
      for (let i = 0; i < needed; i++) pool[i] = values[bytes[i]];
      return Object.fromEntries(shapes.map(({ name, shape }, place) => {
        const start = place * STRIDE;
        return [name, {
          shape,
          data: pool.subarray(start, start + lengths[place]),
        }];
      }));
    },
  };
}
