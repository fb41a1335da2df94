/** What the engine and the process of a stage tell each other: one job in, then one JSON line a message out. */
import { z } from "zod";
import type { Json } from "../../schemas/manifest.ts";
import { isName, isPrintable } from "../../base/names.ts";

/** Absolute paths; `folder` is the node's own, it holds the others and the lock. */
export interface Job {
  readonly config: Json;
  readonly seed: number;
  readonly inputs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The copies of the user's data files and folders, by the path that the config names. */
  readonly files: Readonly<Record<string, string>>;
  readonly outputs: Readonly<
    Record<string, { readonly path: string; readonly folder: boolean }>
  >;
  readonly outputFolder: string;
  readonly work: string;
  readonly lock: string;
}

/** Where a stage's process writes its messages: descriptor 3, apart from what it prints. */
export const CHANNEL = "/dev/fd/3";

/** Characters of a message at most. */
export const LONGEST_MESSAGE = 16 << 20;

const quantity = z.number({ error: "expected a finite number" });

/** Names and texts are printed and end up in file formats: no control characters, no more than a line. */
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

/** Messages come from a process that runs anybody's code: each is parsed as it arrives. */
export const Message = z.discriminatedUnion("type", [
  /** All code that the stage imports has been read. */
  z.strictObject({ type: z.literal("ready") }),
  z.strictObject({ type: z.literal("waiting") }),
  z.strictObject({ type: z.literal("log"), line: z.string() }),
  z.strictObject({
    type: z.literal("progress"),
    progress: z.strictObject({
      done: quantity,
      total: quantity,
      unit: z.string(),
      note: z.string().optional(),
    }),
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
