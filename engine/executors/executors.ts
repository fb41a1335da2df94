/** The executors by name. */
import type { Executor } from "./executor.ts";
import { local } from "./local.ts";
import { sandbox } from "./sandbox.ts";

export const EXECUTORS = { local, sandbox } as const satisfies Record<
  string,
  Executor
>;
