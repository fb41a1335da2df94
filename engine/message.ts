/** What the engine and the process of a stage tell each other: one job in, then one JSON line a message out. */
import type { Json, Metrics } from "../schemas/manifest.ts";
import type { Progress } from "./stage.ts";

/** Absolute paths; `folder` is the node's own, it holds the others and the lock. */
export interface Job {
  readonly config: Json;
  readonly seed: number;
  readonly inputs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly outputs: Readonly<
    Record<string, { readonly path: string; readonly folder: boolean }>
  >;
  readonly outputFolder: string;
  readonly work: string;
  readonly lock: string;
}

export type Message =
  /** All code that the stage imports has been read. */
  | { readonly type: "ready" }
  | { readonly type: "waiting" }
  | { readonly type: "log"; readonly line: string }
  | { readonly type: "progress"; readonly progress: Progress }
  | {
    readonly type: "result";
    readonly metrics: Metrics;
    readonly measurements: Metrics;
  }
  | {
    readonly type: "error";
    readonly name: string;
    readonly message: string;
    readonly stack: string;
  };

/** Begins a message on the pipe (RFC 7464), so that what libraries print beside it is told apart. */
export const SEPARATOR = "\x1e";
