/** The queue of all sentences: requests take turns, so that a long one does not delay the others. */
import { busy } from "../http/refusal.ts";

export interface Queue {
  /**
   * Has some work done, as many at once as there is room for. Refuses at once when too much is waiting. What has not begun
   * when the signal is aborted is never begun, and fails with the signal's reason.
   */
  add<Result>(work: Work<Result>): Promise<void>;
  /** How much waits for its turn. */
  readonly waiting: number;
}

export interface Work<Result> {
  readonly count: number;
  readonly signal: AbortSignal;
  run(index: number): Promise<Result>;
  done(index: number, result: Result): void;
}

/** The work of a request that is not done yet. */
interface Job {
  readonly count: number;
  begun: number;
  /** Does what is next; never fails. */
  step(index: number): Promise<void>;
}

export function createQueue(
  { concurrency, limit }: {
    readonly concurrency: number;
    readonly limit: number;
  },
): Queue {
  const jobs: Job[] = [];
  let waiting = 0, idle = concurrency;

  const drop = (job: Job) => {
    const at = jobs.indexOf(job);
    if (at < 0) return;
    jobs.splice(at, 1);
    waiting -= job.count - job.begun;
  };
  const advance = () => {
    while (idle > 0) {
      const job = jobs.shift();
      if (job === undefined) return;
      const index = job.begun++;
      waiting--;
      if (job.begun < job.count) jobs.push(job);
      idle--;
      void job.step(index).then(() => {
        idle++;
        advance();
      });
    }
  };

  return {
    get waiting() {
      return waiting;
    },
    add: <Result>({ count, signal, run, done }: Work<Result>) => {
      signal.throwIfAborted();
      if (waiting + count > limit) {
        throw busy(
          429,
          `Cannot take ${count} more sentences: ${waiting} are waiting of ${limit} that may; ask again later.`,
        );
      }
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      let left = count;
      const job: Job = {
        count,
        begun: 0,
        step: async (index) => {
          try {
            const result = await run(index);
            if (signal.aborted) return;
            done(index, result);
            if (--left === 0) end(resolve);
          } catch (error) {
            end(() => reject(error));
          }
        },
      };
      const end = (settle: () => void) => {
        signal.removeEventListener("abort", abort);
        drop(job);
        settle();
      };
      const abort = () => end(() => reject(signal.reason));
      signal.addEventListener("abort", abort);
      jobs.push(job);
      waiting += count;
      advance();
      return promise;
    },
  };
}
