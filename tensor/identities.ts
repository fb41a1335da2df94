/** What each runtime adds to the key of a stage that uses it, known without loading the runtime. */
import type { RuntimeIdentity } from "./program.ts";

export const identities = {
  onnx: {
    name: "onnx",
    version: "1.30.0",
    provider: "cpu",
    precision: "float32",
  },
  reference: {
    name: "reference",
    version: "4.22.0",
    provider: "cpu",
    precision: "float32",
  },
} as const satisfies Record<string, RuntimeIdentity>;

export type RuntimeName = keyof typeof identities;
