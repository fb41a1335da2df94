/** What is configured of the tensor runtime. */
import { z } from "zod";

/** What executes the models; part of every key that depends on it. */
export const Runtime = z.strictObject({
  name: z.enum(["onnx", "reference"]).default("onnx"),
});
export type Runtime = z.infer<typeof Runtime>;
