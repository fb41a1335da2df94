/** Failures that are not bugs: one sentence without a stack trace, exit code 1. */
import { inputError } from "../../base/input_error.ts";
import { isFull, reasonOf } from "./atomic.ts";

const NAME = "Failure";

/** An error that is not a bug. The message is one sentence: what could not be done, and what to do. */
export function failure(message: string): Error {
  const error = new Error(message);
  error.name = NAME;
  return error;
}

export function isFailure(error: unknown): error is Error {
  return error instanceof Error && error.name === NAME;
}

/** One sentence for an error of the operating system about a file; undefined for any other error. */
export function describeSystemError(error: unknown): string | undefined {
  const message = error instanceof Error ? error.message : "";
  const [, path] = /\(os error \d+\).*'([^']*)'$/s.exec(message) ?? [];
  return path === undefined
    ? undefined
    : `Cannot use "${path}": ${reasonOf(error)} (DEBUG=1 shows where).`;
}

/** An input error for a full disk; any other error unchanged. */
export function explainFullDisk(error: unknown, folder: string): unknown {
  return isFull(error)
    ? inputError(
      `Cannot write to "${folder}": its disk is full; free some space and run again, nothing that was finished is lost.`,
    )
    : error;
}
