/** The assertion that something is refused the way a user is told: one sentence, which says what the test expects. */
import { assert, assertThrows } from "@std/assert";
import { isInputError } from "../schemas/errors.ts";

/** Fails unless `act` throws an input error of one sentence that contains every part. */
export function assertInputError(
  act: () => unknown,
  ...parts: readonly string[]
): void {
  const error = assertThrows(act, Error);
  assert(isInputError(error), `${error.stack}`);
  assert(
    /^[A-Z][^\n]*\.$/.test(error.message) && !/[.!?] [A-Z]/.test(error.message),
    `one sentence: ${error.message}`,
  );
  for (const part of parts) {
    assert(error.message.includes(part), `${part} in: ${error.message}`);
  }
}
