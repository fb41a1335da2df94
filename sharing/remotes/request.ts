/** HTTP requests with retries, and time limits for answers that stall or trickle. */
import { failure } from "../../engine/files/failure.ts";
import type { Content, NetworkPolicy } from "./remote.ts";

export const DEFAULT_NETWORK: NetworkPolicy = {
  attempts: 4,
  wait: 500,
  timeout: 60_000,
  minimumBytes: 60_000,
};

export interface PreparedRequest {
  readonly url: string | URL;
  readonly init: RequestInit;
}

/** A response whose body can be read once; reading throws if the connection breaks. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: AsyncIterable<Uint8Array>;
  discard(): Promise<void>;
}

/** Sends a request until it is answered; `name` is the remote's in the error that says that it was not. */
export async function sendRequest(
  name: string,
  prepare: () => PreparedRequest | Promise<PreparedRequest>,
  network: NetworkPolicy,
): Promise<Answer> {
  return await retry(network, async () => {
    const outcome = await attempt(await prepare(), network);
    return "reason" in outcome ? outcome : { value: outcome };
  }, (reason) => unreachable(name, reason));
}

const UNREACHABLE = "unreachable";

export function unreachable(name: string, reason: string): Error {
  return unusable(
    `Cannot reach "${name}": ${reason}; run the same command again, what has arrived is kept.`,
  );
}

/** The failure of a remote that cannot be used at all. */
export function unusable(message: string): Error {
  const error = failure(message);
  error.cause = UNREACHABLE;
  return error;
}

export const INTERRUPTED = "it was interrupted";

/** Whether a failure concerns the whole remote, and not one file of it. */
export function isUnreachable({ cause }: Error): boolean {
  return cause === UNREACHABLE;
}

interface Failed {
  readonly reason: string;
  /** Whether there was progress, which resets the count of attempts. */
  readonly advanced?: boolean;
}

/** Repeats an attempt until it succeeds, as the policy allows; an error that it throws ends it at once. */
export async function retry<T>(
  { attempts, wait, signal }: NetworkPolicy,
  attempt: () => Promise<{ readonly value: T } | Failed>,
  giveUp: (reason: string) => Error,
): Promise<T> {
  let [failed, pause] = [0, wait];
  for (;;) {
    if (signal?.aborted) throw giveUp(INTERRUPTED);
    const outcome = await attempt();
    if ("value" in outcome) return outcome.value;
    if (outcome.advanced) [failed, pause] = [0, wait];
    failed++;
    if (failed >= attempts || signal?.aborted) throw giveUp(outcome.reason);
    await delay(pause, signal);
    pause *= 3;
  }
}

/**
 * The content of an answer to a request for a file from byte `from` on, or undefined if there is no such file; `restart`
 * requests it from the beginning, for servers that answer ranges wrongly.
 *
 * @throws {Error} A failure on any other status.
 */
export async function contentOf(
  name: string,
  path: string,
  answer: Answer,
  from: number,
  restart: () => Promise<Content | undefined>,
): Promise<Content | undefined> {
  const { status, headers, body, discard } = answer;
  if (status === 200) return { start: 0, bytes: body, discard };
  const resumes = status === 206 &&
    headers.get("content-range")?.startsWith(`bytes ${from}-`) === true;
  if (resumes) return { start: from, bytes: body, discard };
  await discard();
  if (status === 404 || status === 410) return undefined;
  // The server did not resume where it was asked to.
  if (from > 0 && (status === 206 || status === 416)) return await restart();
  throw failure(
    `Cannot read "${path}" of "${name}": it answers with status ${status}; check the address and what may be read there.`,
  );
}

async function attempt(
  { url, init }: PreparedRequest,
  network: NetworkPolicy,
): Promise<Answer | Failed> {
  const watchdog = watch(network);
  try {
    const response = await fetch(url, { ...init, signal: watchdog.signal });
    watchdog.answered();
    const { status, headers } = response;
    const isTemporary = status >= 500 || status === 408 || status === 429;
    if (isTemporary) {
      await response.body?.cancel();
      watchdog.end();
      return { reason: `it answers with status ${status}` };
    }
    const body = bodyOf(response, watchdog);
    return {
      status,
      headers,
      body,
      discard: async () => {
        watchdog.end();
        await body.return(undefined);
        // Already cancelled by the generator if it was begun.
        await response.body?.cancel().catch(() => {});
      },
    };
  } catch (error) {
    watchdog.end();
    return { reason: watchdog.reasonOf(error) };
  }
}

/** Bytes read at once. */
const PIECE_BYTES = 1 << 18;

/** The pieces of a body, each valid until the next one is read. */
async function* bodyOf(
  { headers, body }: Response,
  watchdog: Watchdog,
): AsyncGenerator<Uint8Array, void, void> {
  // One buffer for all pieces, to spare garbage collection.
  const reader = body?.getReader({ mode: "byob" });
  try {
    let memory = new Uint8Array(pieceBytes(headers));
    while (reader !== undefined) {
      const { done, value } = await reader.read(memory);
      if (done || value === undefined) return;
      watchdog.received(value.length);
      // A slow reader is not a slow server.
      watchdog.pause();
      yield value;
      watchdog.resume();
      memory = new Uint8Array(value.buffer);
    }
  } catch (error) {
    throw new Error(watchdog.reasonOf(error), { cause: error });
  } finally {
    watchdog.end();
    // After an error there is nothing to cancel.
    await reader?.cancel().catch(() => {});
  }
}

/** The announced length, within limits as it may be wrong. */
function pieceBytes(headers: Headers): number {
  const announced = Number(headers.get("content-length"));
  return announced > 0
    ? Math.min(Math.max(announced, 4096), PIECE_BYTES)
    : PIECE_BYTES;
}

interface Watchdog {
  readonly signal: AbortSignal;
  /** The answer has begun. */
  answered(): void;
  received(bytes: number): void;
  pause(): void;
  resume(): void;
  end(): void;
  /** Why a connection ended, as a clause of a sentence. */
  reasonOf(error: unknown): string;
}

/** Aborts a request that receives too little for too long. */
function watch({ timeout, minimumBytes, signal }: NetworkPolicy): Watchdog {
  const controller = new AbortController();
  let [since, bytes] = [performance.now(), 0];
  let pausedAt: number | undefined;
  // Checks when the time could be up, and not at every piece.
  const check = () => {
    const left = pausedAt === undefined
      ? since + timeout - performance.now()
      : timeout;
    if (left <= 0) return controller.abort();
    timer = setTimeout(check, left);
  };
  let timer = setTimeout(check, timeout);
  return {
    signal: signal === undefined
      ? controller.signal
      : AbortSignal.any([controller.signal, signal]),
    answered: () => {
      since = performance.now();
    },
    received: (more) => {
      bytes += more;
      if (bytes >= minimumBytes) [since, bytes] = [performance.now(), 0];
    },
    pause: () => {
      pausedAt = performance.now();
    },
    resume: () => {
      since += performance.now() - (pausedAt ?? performance.now());
      pausedAt = undefined;
    },
    end: () => clearTimeout(timer),
    reasonOf: (error) =>
      signal?.aborted
        ? INTERRUPTED
        : !controller.signal.aborted
        ? causeOf(error)
        : bytes === 0
        ? "it fell silent"
        : `it sends fewer than ${minimumBytes} bytes in ${timeout / 1000} s`,
  };
}

/** The innermost reason of a failed request; the outer ones repeat the address. */
export function causeOf(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) {
    inner = inner.cause;
  }
  const message = inner instanceof Error ? inner.message : String(inner);
  return message.replace(/[\s\p{C}]+/gu, " ")
    .replace(/^error sending request [^(]*\([^\s)]*\): /, "")
    .replace(/^client error \(\w+\): /, "").replace(/\.$/, "");
}

function delay(
  milliseconds: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal?.addEventListener("abort", end);
  });
}
