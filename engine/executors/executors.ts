/** The executors by name: the one list of them, from which names, options and checks are derived. */
import type { Executor, Queue } from "./executor.ts";
import { local } from "./local.ts";
import { sandbox } from "./sandbox.ts";
import { slurm } from "./slurm.ts";

export const EXECUTORS = { local, sandbox } as const satisfies Record<
  string,
  Executor
>;
export type ExecutorName = keyof typeof EXECUTORS;

export const QUEUES = { slurm } as const satisfies Record<string, Queue>;
export type QueueName = keyof typeof QUEUES;

export const EXECUTOR_NAMES = namesOf(EXECUTORS);
export const QUEUE_NAMES = namesOf(QUEUES);

export function isQueue(name: ExecutorName | QueueName): name is QueueName {
  return name in QUEUES;
}

function namesOf<Table extends object>(table: Table): (string & keyof Table)[] {
  return Object.keys(table) as (string & keyof Table)[];
}
