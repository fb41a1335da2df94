/** Aborts a request when its client disconnects or its time is up. */
import { busy, refusal } from "../http/refusal.ts";

export interface Deadline extends Disposable {
  /** Aborted with a refusal that says why. */
  readonly signal: AbortSignal;
  /** The client has gone, and nobody waits for the answer. */
  leave(): void;
}

export function deadline(client: AbortSignal, seconds: number): Deadline {
  const controller = new AbortController();
  // A status that no client sees: it is what nginx counts such requests as.
  const leave = () =>
    controller.abort(refusal(499, "Cannot answer: the client has gone."));
  const timer = setTimeout(
    () =>
      controller.abort(
        busy(
          503,
          `Cannot finish the request within ${seconds} s; send less of it, or ask again later.`,
        ),
      ),
    seconds * 1000,
  );
  client.addEventListener("abort", leave);
  return {
    signal: controller.signal,
    leave,
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      client.removeEventListener("abort", leave);
    },
  };
}
