/** What an archive may not be, as it is untrusted, and how that is said. */
import { inputError } from "../../../base/input_error.ts";
import { printable } from "../../../base/names.ts";

/** No archive of text is this many times as large once it is unpacked. */
export const EXPANSION = 200;

export const TOO_LARGE = `it unpacks to more than ${EXPANSION} times its size`;

/** The error of an archive that cannot be used, whoever made it, with what to do. */
export function unusable(
  name: string,
  reason: string,
  remedy = "get the file that the data set describes",
): Error {
  return inputError(
    `Cannot use archive "${name}": ${printable(reason)}; ${remedy}.`,
  );
}

/** What a library says of a file that it cannot read. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
