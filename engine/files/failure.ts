/** Failures that are nobody's bug: told in one sentence, without a stack trace, exit code 1. */
import { inputError } from "../../base/input_error.ts";
import { isFull, reasonOf } from "./atomic.ts";

const NAME = "Failure";

/** The message is one sentence that says what could not be done and what to do. */
export function failure(message: string): Error {
  const error = new Error(message);
  error.name = NAME;
  return error;
}

export function isFailure(error: unknown): error is Error {
  return error instanceof Error && error.name === NAME;
}

/** A file that the system refuses where nothing else was expected, in one sentence; undefined of any other error. */
export function systemRefusal(error: unknown): string | undefined {
  const message = error instanceof Error ? error.message : "";
  const [, path] = /\(os error \d+\).*'([^']*)'$/s.exec(message) ?? [];
  return path === undefined
    ? undefined
    : `Cannot use "${path}": ${reasonOf(error)} (DEBUG=1 shows where).`;
}

/** A full disk is the user's to mend, in one sentence; any other error as it is. */
export function tellDisk(error: unknown, folder: string): unknown {
  return isFull(error)
    ? inputError(
      `Cannot write to "${folder}": its disk is full; free some space and run again, nothing that was finished is lost.`,
    )
    : error;
}
