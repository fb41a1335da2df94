/** The contract of an executor: what it is given to run a stage, and what it guarantees. */
import type { SbatchOptions } from "../../schemas/experiment/slurm.ts";
import type { Json, Metrics } from "../../schemas/manifest.ts";
import type { Node } from "../graph/graph.ts";
import type { Progress, Resources } from "../graph/stage.ts";
import type { Project } from "../keys/project.ts";

/**
 * Where stages run. To add one, write one file that exports an `Executor` or a `Queue`, enter it in a table of `executors.ts`,
 * and let `contract.ts` run over it.
 */
export interface Executor {
  /** @throws an input error that says what to do, where this machine cannot run stages this way. */
  check(): Promise<void>;
  /**
   * Runs the stage of a node on a job, and resolves when its process has ended. An executor guarantees that
   *
   * - the stage reads nothing but its inputs, the copies of its data files, its code and what it declares, and writes
   *   nothing but `job.outputFolder` and `job.work`;
   * - the stage starts with an empty output folder and the content of `job.work` as an earlier attempt left it;
   * - one process at a time works on the job: it holds the lock `job.lock` until it ends, also where this process is
   *   killed, and `listener.waiting` is called while another one still holds it;
   * - the stage's code is read before `listener.ready` is called, and the job is given to it after that resolves;
   * - the process ends when `signal` is aborted, after it has saved a checkpoint if the stage does that, or soon after this
   *   process is killed;
   * - nothing that the stage does or prints can make it throw: an outcome says what happened.
   */
  run(node: Node, job: Job, options: ExecutorOptions): Promise<StageRun>;
}

/**
 * Where nodes are submitted as jobs. On its machine a job brings one node up to date by an `Executor`, on the same artifact
 * folder, so that what the executor guarantees holds for the queue too. Besides, a queue guarantees that
 *
 * - `submit` resolves when the queue has the job, which outlives this process;
 * - a job begins when all that it needs have succeeded, and is given up when one of them has failed;
 * - a job gets SIGTERM some time before it has to end.
 *
 * Each call rejects with a failure in a limited time where the queue does not answer.
 */
export interface Queue {
  /** @throws an input error that says what to do, where the queue cannot be used from this machine. */
  check(): Promise<void>;
  /** The queue's options for what a stage declares; those that are given override them. */
  optionsOf(resources: Resources, given: SbatchOptions): SbatchOptions;
  /** Returns the numbers of the jobs: that of the one job, or of each task of an array, such as "12_0". */
  submit(jobs: Submission): Promise<readonly string[]>;
  /** How many tasks an array may have; less than two where there are no arrays. */
  largestArray(): Promise<number>;
  /** The jobs of these names that the queue still knows, ended ones too. */
  jobs(names: readonly string[]): Promise<readonly QueuedJob[]>;
  /** Takes jobs out of the queue. Returns the numbers of those that stay, as they are another user's. */
  cancel(ids: readonly string[]): Promise<readonly string[]>;
  /** Ends a job and puts it into the queue again, under the same number. */
  requeue(id: string): Promise<void>;
  /** By number: the queue's word for how jobs ended that it does not know any more, where it keeps accounts. */
  recorded(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Why a job failed and the way out, with its number; undefined where it did not fail, but was taken out before it began. */
  failureOf(job: EndedJob): string | undefined;
}

/** A job, or an array of jobs that differ in their number only. */
export interface Submission {
  readonly name: string;
  /** How many jobs; more than one are an array. */
  readonly tasks: number;
  /** A program and its arguments, to which the number of the job is added. */
  readonly command: readonly string[];
  /** What it gets on its standard input: a line. */
  readonly input: string;
  /** The path of what it prints as a pattern of the queue, with the number of the job in it. */
  readonly output: string;
  /** Its working directory. */
  readonly folder: string;
  /** Numbers of the jobs that it needs. */
  readonly needs: readonly string[];
  readonly options: SbatchOptions;
}

export interface QueuedJob {
  /** Its number, such as "12", or "12_3" for task 3 of an array. */
  readonly id: string;
  /** Of a task, that of its array. */
  readonly name: string;
  /** A held job waits until somebody releases it. */
  readonly state: "queued" | "held" | "running" | "ended";
  /** The queue's own word for its state. */
  readonly word: string;
  /** Why it waits, and of a held one how it is released; empty where there is nothing to say. */
  readonly reason: string;
  /** The numbers of the jobs that it waits for. */
  readonly needs: readonly string[];
}

/** A job that its queue does not have any more. */
export interface EndedJob {
  readonly id: string;
  /** The queue's own word for its state; empty where it keeps none. */
  readonly word: string;
  /** What the job has printed since it last began, and what the queue has added to that. */
  readonly printed: string;
  /** Whether it has said that it was stopped, with a checkpoint: by a user, unless the queue knows better. */
  readonly isStopped: boolean;
}

/** One piece of work, as JSON that can be sent to another process; all paths are absolute. */
export interface Job {
  /** Valid by the stage's own schema, after defaults. */
  readonly config: Json;
  readonly seed: number;
  /** Path of each output that is read of each input. */
  readonly inputs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The copies of the user's data files and folders, by the path that the config names. */
  readonly files: Readonly<Record<string, string>>;
  readonly outputs: Readonly<
    Record<string, { readonly path: string; readonly folder: boolean }>
  >;
  /** The folder of all outputs. */
  readonly outputFolder: string;
  /** The folder of checkpoints, which is kept until the node is done. */
  readonly work: string;
  /** The file that the process of the node locks; it lies in the node's own folder, as the other paths do. */
  readonly lock: string;
}

export interface ExecutorOptions {
  readonly project: Project;
  /** All that the stage's process executes, as absolute paths of files and folders. */
  code(): Promise<readonly string[]>;
  /** Files that the stage's code opens by itself. */
  readonly opened: readonly string[];
  /** The file that gets all that the stage logs and all that it and its libraries print. */
  readonly logPath: string;
  readonly listener: StageListener;
  readonly signal?: AbortSignal;
}

/** Called while a stage runs. */
export interface StageListener {
  /** The process has read the stage's code; it gets its job when this resolves, unless `signal` was aborted by then. */
  ready(): Promise<void>;
  progress(progress: Progress): void;
  /** A line of the stage for the user. */
  log(line: string): void;
  /** The process of an earlier, killed run still holds the node's lock. */
  waiting(): void;
}

/** How a stage ended. */
export interface StageRun {
  readonly outcome:
    | {
      readonly kind: "done";
      readonly metrics: Metrics;
      readonly measurements: Metrics;
    }
    /** The stage threw, or reported what cannot be recorded. */
    | {
      readonly kind: "error";
      readonly name: string;
      readonly message: string;
    }
    /** The process ended without a result; `how` is its exit code or signal. */
    | { readonly kind: "died"; readonly how: string }
    /** The signal was aborted, or the user interrupted the process; `isSaved` if the stage has saved a checkpoint then. */
    | { readonly kind: "interrupted"; readonly isSaved?: boolean };
  /** The most memory that the stage's process used, where the system says. */
  readonly peakMemoryBytes?: number;
}
