/** Exit codes: that of a command, or that of an error, of which one sentence is printed. */
import { isInputError } from "../base/input_error.ts";
import { describeSystemError, isFailure } from "../engine/files/failure.ts";
import type { Console } from "./console/console.ts";
import { paintError } from "./console/style.ts";
import { sentence } from "./console/terminal_text.ts";

/** Exit codes that scripts rely on. */
export const EXIT = {
  done: 0,
  failed: 1,
  input: 2,
  stale: 10,
  interrupted: 130,
} as const;

/** Does the work of a command; prints the sentence of an error, and a stack only of a defect, with DEBUG set. */
export async function exitCode(
  console: Console,
  work: () => Promise<number>,
): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (isInputError(error) || isFailure(error)) {
      printError(console, error.message);
      return isInputError(error) ? EXIT.input : EXIT.failed;
    }
    if (error instanceof Deno.errors.BrokenPipe) return EXIT.failed;
    const { message, stack } = error instanceof Error
      ? error
      : new Error(String(error));
    const isDebugging = (Deno.env.get("DEBUG") ?? "") !== "";
    const refused = describeSystemError(error);
    if (isDebugging) console.err(`${stack ?? message}\n`);
    else {
      printError(
        console,
        refused ?? `Unexpected error: ${message} (DEBUG=1 shows where).`,
      );
    }
    return refused === undefined ? EXIT.failed : EXIT.input;
  }
}

/** Prints the sentence of an error. */
export function printError(console: Console, message: string): void {
  console.err(paintError(console.paint("err"), sentence(message)) + "\n");
}

/** `deno task` passes on a Ctrl-C that the terminal has sent to this process already. */
const SAME_MILLISECONDS = 500;

/** A signal that the first Ctrl-C or SIGTERM aborts; the second ends the process. */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  let first = Infinity;
  const stop = () => {
    const now = performance.now();
    if (now - first > SAME_MILLISECONDS) Deno.exit(EXIT.interrupted);
    first = Math.min(first, now);
    controller.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, stop);
  }
  return controller.signal;
}
