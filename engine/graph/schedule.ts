/** Schedules tasks by their dependencies, cores and memory. */

export interface Task {
  readonly name: string;
  readonly needs: readonly string[];
  readonly cores: number;
  readonly memoryBytes: number;
}

export interface Capacity {
  /** Tasks at once. */
  readonly jobs: number;
  readonly cores: number;
  readonly memoryBytes: number;
}

/**
 * Runs each task after its dependencies, in the order of the list, as many at once as fit; a task that is larger than
 * the machine runs by itself. After an abort or a throw no further task is started, and the running ones are awaited.
 */
export async function schedule<T extends Task>(
  tasks: readonly T[],
  capacity: Capacity,
  run: (task: T) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const queue = createQueue(tasks);
  const running = new Map<T, Promise<void>>();
  const errors: unknown[] = [];
  const fits = (task: T) => {
    const others = [...running.keys()];
    const used = (of: (task: T) => number) =>
      others.reduce((sum, other) => sum + of(other), of(task));
    return others.length === 0 ||
      used((task) => task.cores) <= capacity.cores &&
        used((task) => task.memoryBytes) <= capacity.memoryBytes;
  };
  const start = (task: T) => {
    const done = run(task)
      .catch((error) => void errors.push(error))
      .finally(() => {
        running.delete(task);
        queue.finish(task);
      });
    running.set(task, done);
  };
  for (;;) {
    while (
      errors.length === 0 && !signal?.aborted && running.size < capacity.jobs
    ) {
      const task = queue.take(fits);
      if (task === undefined) break;
      start(task);
    }
    if (running.size === 0) break;
    await Promise.race(running.values());
  }
  if (errors.length > 0) throw errors[0];
}

/** The tasks whose dependencies are done, in the order of the list. */
interface Queue<T> {
  /** Removes and returns the first ready task that fits. */
  take(fits: (task: T) => boolean): T | undefined;
  finish(task: T): void;
}

function createQueue<T extends Task>(tasks: readonly T[]): Queue<T> {
  const names = new Set(tasks.map((task) => task.name));
  const places = new Map(tasks.map((task, i) => [task, i]));
  const place = (task: T) => places.get(task) ?? 0;
  const open = new Map<T, number>();
  const dependents = new Map<string, T[]>();
  for (const task of tasks) {
    const needs = new Set(task.needs).intersection(names);
    open.set(task, needs.size);
    for (const need of needs) {
      const known = dependents.get(need) ?? [];
      known.push(task);
      dependents.set(need, known);
    }
  }
  const ready = tasks.filter((task) => open.get(task) === 0);
  return {
    take: (fits) => {
      const index = ready.findIndex(fits);
      return index < 0 ? undefined : ready.splice(index, 1)[0];
    },
    finish: ({ name }) => {
      for (const task of dependents.get(name) ?? []) {
        const left = (open.get(task) ?? 0) - 1;
        open.set(task, left);
        if (left > 0) continue;
        const later = ready.findIndex((other) => place(other) > place(task));
        ready.splice(later < 0 ? ready.length : later, 0, task);
      }
    },
  };
}
