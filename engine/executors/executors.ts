/** The executors by name. */
import type { Executor, Queue } from "./executor.ts";
import { local } from "./local.ts";
import { sandbox } from "./sandbox.ts";
import { slurm } from "./slurm.ts";

export const EXECUTORS = { local, sandbox } as const satisfies Record<
  string,
  Executor
>;

export const QUEUES = { slurm } as const satisfies Record<string, Queue>;

/** The names of all. */
export const EXECUTOR_NAMES = ["local", "sandbox", "slurm"] as const;
