/** Messages from the process of a stage to the engine: one JSON line each. */
import { z } from "zod";
import { isName, isPrintable } from "../../base/names.ts";

/** Where a stage's process writes its messages: descriptor 3, separate from what it prints. */
export const CHANNEL = "/dev/fd/3";

/** What the engine writes after the job to a process that is to stop. */
export const STOP = "stop\n";

/** Maximum length of a message in characters. */
export const LONGEST_MESSAGE = 16 << 20;

const quantity = z.number({ error: "expected a finite number" });

/** `Progress` of a stage. */
export const ProgressShape = z.strictObject({
  done: quantity,
  total: quantity,
  unit: z.string(),
  note: z.string().optional(),
});

/** Names and texts are printed and written to files: one line without control characters. */
const Measured = z.record(
  z.string().refine(
    (name) => isName(name),
    "expected a name of 1 to 256 characters that can be printed",
  ),
  z.union([
    quantity,
    z.string().max(10_000).refine(
      isPrintable,
      "expected a text of one line that can be printed",
    ),
  ], { error: "expected a finite number or a text of one line" }),
).refine(
  (record) => Object.keys(record).length <= 1000,
  "expected at most 1,000 names",
);

/** A message from a process that runs untrusted code. */
export const Message = z.discriminatedUnion("type", [
  /** All code that the stage imports statically has been read. */
  z.strictObject({ type: z.literal("ready") }),
  z.strictObject({ type: z.literal("waiting") }),
  /** From now on the stage stops by itself when it is told to. */
  z.strictObject({ type: z.literal("stoppable") }),
  /** It has done so, and has kept what it had. */
  z.strictObject({ type: z.literal("stopped") }),
  z.strictObject({ type: z.literal("log"), line: z.string() }),
  z.strictObject({
    type: z.literal("progress"),
    progress: ProgressShape,
  }),
  z.strictObject({
    type: z.literal("result"),
    metrics: Measured,
    measurements: Measured,
  }),
  z.strictObject({
    type: z.literal("error"),
    name: z.string(),
    message: z.string(),
    stack: z.string(),
  }),
]);
export type Message = z.infer<typeof Message>;
