/** Starts the server of a command, reports why it cannot listen, and waits for a signal to stop. */
import { failure } from "../../../engine/files/failure.ts";
import { inputError } from "../../../base/input_error.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Starts a server; the errors are sentences on what to do about its address. */
export function listen<Server>(
  { host, port }: Address,
  start: () => Server,
): Server {
  try {
    return start();
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      throw failure(
        `Cannot listen on ${host}:${port}: another program does; name another --port, or 0 for any that is free.`,
      );
    }
    throw inputError(
      `Cannot listen on ${host}:${port}: ${
        error instanceof Error ? error.message : String(error)
      }; name an address of this machine with --host.`,
    );
  }
}

export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) =>
    signal.aborted
      ? resolve()
      : signal.addEventListener("abort", () => resolve(), { once: true })
  );
}
