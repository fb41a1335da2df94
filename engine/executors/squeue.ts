/** Reads what Slurm answers on jobs: `squeue --json`, where a record is a job, a task of an array, or all of its tasks that wait; `sacct`. */
import { z } from "zod";
import { isInputError, parse } from "../../base/input_error.ts";
import { printable } from "../../base/names.ts";
import { jsonIfValid } from "../files/atomic.ts";
import { failure } from "../files/failure.ts";
import type { QueuedJob } from "./executor.ts";

/** Older versions give a bare number, and null where there is none. */
const Quantity = z.union([
  z.object({ set: z.boolean(), number: z.int() })
    .transform(({ set, number }) => set ? number : undefined),
  z.int(),
]).optional().catch(undefined);

/** Older versions give one word for the state. */
const Record = z.object({
  job_id: z.int(),
  name: z.string(),
  job_state: z.union([z.array(z.string()), z.string()]),
  state_reason: z.string().catch(""),
  /** Why a job is held, in words. */
  state_description: z.string().catch(""),
  /** Such as "afterok:12(unfulfilled),afterok:14_0(unfulfilled)". */
  dependency: z.string().catch(""),
  /** 0 for a job by itself. */
  array_job_id: Quantity,
  array_task_id: Quantity,
  /** The indices of tasks that have not begun. */
  array_task_string: z.string().catch(""),
});
/** Characters of an answer that an error shows. */
const SHOWN = 80;

const Answer = z.object({ jobs: z.array(Record) });

const WAITING = /^(PENDING|REQUEUED|REQUEUE_HOLD|SPECIAL_EXIT)$/;
const RUNNING = /^(RUNNING|CONFIGURING|SUSPENDED|STOPPED|SIGNALING|RESIZING)$/;

/** @throws a failure for an answer of another form: Slurm is not the user's to mend, and what has no need of it goes on */
export function readJobs(text: string): QueuedJob[] {
  return readAnswer(text).jobs.flatMap((record) =>
    idsOf(record).map((id) => jobOf(id, record))
  );
}

function readAnswer(text: string): z.infer<typeof Answer> {
  try {
    return parse(Answer, jsonIfValid(text), "the answer of squeue");
  } catch (error) {
    if (!isInputError(error)) throw error;
    const [line] = text.trim().split("\n");
    throw failure(
      `${error.message.replace(/\.$/, "")}; it begins with "${
        printable(line.slice(0, SHOWN))
      }", mend what "squeue --json" says and run again, nothing that was submitted is lost.`,
    );
  }
}

/**
 * Reads lines of `sacct`, such as "12_3|CANCELLED by 1000": its word by number. Tasks that never began stand in one line,
 * "12_[4-9]|PENDING", and have none.
 */
export function readRecorded(text: string): Map<string, string> {
  return new Map(
    [...text.matchAll(/^(\d+(?:_\d+)?)\|([A-Z_]+)/gm)]
      .map(([, id, word]) => [id, word]),
  );
}

function idsOf(
  { job_id, array_job_id, array_task_id, array_task_string }: z.infer<
    typeof Record
  >,
): string[] {
  if (array_job_id === undefined || array_job_id === 0) return [`${job_id}`];
  const tasks = array_task_string === ""
    ? array_task_id === undefined ? [] : [array_task_id]
    : indices(array_task_string);
  return tasks.map((task) => `${array_job_id}_${task}`);
}

/** Such as "0,3-11" or "0-8:2%4", in steps of two and four at once. */
function indices(text: string): number[] {
  return text.split(",").flatMap((part) => {
    const [, from, to = from, step = "1"] =
      /^(\d+)(?:-(\d+)(?::(\d+))?)?(?:%\d+)?$/.exec(part) ?? [];
    const count = Math.floor((Number(to) - Number(from)) / Number(step)) + 1;
    return Array.from(
      { length: count > 0 ? count : 0 },
      (_, i) => Number(from) + i * Number(step),
    );
  });
}

function jobOf(
  id: string,
  { name, job_state, state_reason, state_description, dependency }: z.infer<
    typeof Record
  >,
): QueuedJob {
  const words = [job_state].flat();
  const has = (form: RegExp) => words.some((word) => form.test(word));
  const isHeld = has(/_HOLD$/) || /^JobHeld/.test(state_reason);
  const state = has(WAITING)
    ? isHeld ? "held" : "queued"
    : has(RUNNING)
    ? "running"
    : "ended";
  const said = isHeld && state_description !== ""
    ? state_description
    : state_reason;
  const why = said === "None" || said === "" ? [] : [said];
  const release = `submit again, or release it by "scontrol release ${id}"`;
  return {
    ...{ id, name, state, word: words[0] },
    reason: [...why, ...state === "held" ? [release] : []].join("; "),
    needs: [...dependency.matchAll(/:(\d+(?:_\d+)?)\(unfulfilled\)/g)]
      .map(([, id]) => id),
  };
}
