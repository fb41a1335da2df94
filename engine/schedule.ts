/** Orders tasks by what they need and by what the machine has. */

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
 * Runs each task once all that it needs has been run, as many at once as fit; a task that is larger than the machine
 * runs alone. After an abort or a throw nothing new is started, and what runs is awaited.
 */
export async function schedule(
  tasks: readonly Task[],
  capacity: Capacity,
  run: (task: Task) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const waiting = new Set(tasks);
  const running = new Map<Task, Promise<void>>();
  const finished = new Set<string>();
  const names = new Set(tasks.map((task) => task.name));
  const errors: unknown[] = [];
  const isReady = (task: Task) =>
    task.needs.every((need) => finished.has(need) || !names.has(need));
  const fits = (task: Task) => {
    const others = [...running.keys()];
    const used = (of: (task: Task) => number) =>
      others.reduce((sum, other) => sum + of(other), of(task));
    return others.length === 0 ||
      others.length < capacity.jobs &&
        used((task) => task.cores) <= capacity.cores &&
        used((task) => task.memoryBytes) <= capacity.memoryBytes;
  };
  const start = (task: Task) => {
    waiting.delete(task);
    const done = run(task)
      .catch((error) => void errors.push(error))
      .finally(() => {
        running.delete(task);
        finished.add(task.name);
      });
    running.set(task, done);
  };
  for (;;) {
    if (errors.length === 0 && !signal?.aborted) {
      for (const task of waiting) if (isReady(task) && fits(task)) start(task);
    }
    if (running.size === 0) break;
    await Promise.race(running.values());
  }
  if (errors.length > 0) throw errors[0];
}
