/** Requests over HTTP: tried again where the other end is busy or the connection breaks; no silence lasts, and no drip. */
import { failure } from "../../engine/files/failure.ts";
import type { Content } from "./remote.ts";

/** How long a network is given. */
export interface Patience {
  /** Attempts in a row that make no progress, after which it is given up. */
  readonly attempts: number;
  /** Milliseconds before the second attempt; each further one waits three times as long. */
  readonly wait: number;
  /** Milliseconds that a silent connection is waited for. */
  readonly silence: number;
  /** Bytes that a connection has to bring in each such time. */
  readonly least: number;
  /** Ends all waiting. */
  readonly signal?: AbortSignal;
}

export const PATIENT: Patience = {
  attempts: 4,
  wait: 500,
  silence: 60_000,
  least: 60_000,
};

export interface Query {
  readonly url: string | URL;
  readonly init: RequestInit;
}

/** The body can be read once; it ends with an error where the connection does. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: AsyncIterable<Uint8Array>;
  discard(): Promise<void>;
}

/** Asks until there is an answer; `name` is the remote in the sentence that says that there is none. */
export async function ask(
  name: string,
  prepare: () => Query | Promise<Query>,
  patience: Patience,
): Promise<Answer> {
  return await persist(patience, async () => {
    const outcome = await attempt(await prepare(), patience);
    return "reason" in outcome ? outcome : { value: outcome };
  }, (reason) => unreachable(name, reason));
}

const UNREACHABLE = "unreachable";

export function unreachable(name: string, reason: string): Error {
  return unusable(
    `Cannot reach "${name}": ${reason}; run the same command again, what has arrived is kept.`,
  );
}

/** The failure of a remote of which nothing is to be had. */
export function unusable(message: string): Error {
  const error = failure(message);
  error.cause = UNREACHABLE;
  return error;
}

export const INTERRUPTED = "it was interrupted";

/** Whether a remote did not answer, or not for itself, rather than gave what cannot be used. */
export function isUnreachable({ cause }: Error): boolean {
  return cause === UNREACHABLE;
}

interface Failed {
  readonly reason: string;
  /** Whether there was progress, after which attempts are counted anew. */
  readonly advanced?: boolean;
}

/** Tries until something succeeds, as long as patience lasts; an error that is thrown ends it at once. */
export async function persist<T>(
  { attempts, wait, signal }: Patience,
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

/** What an answer holds of a file from a byte on: undefined where there is none, an error where it is none of either. */
export async function contentOf(
  name: string,
  path: string,
  answer: Answer,
  from: number,
  whole: () => Promise<Content | undefined>,
): Promise<Content | undefined> {
  const { status, headers, body, discard } = answer;
  if (status === 200) return { start: 0, bytes: body, discard };
  const resumes = status === 206 &&
    headers.get("content-range")?.startsWith(`bytes ${from}-`) === true;
  if (resumes) return { start: from, bytes: body, discard };
  await discard();
  if (status === 404 || status === 410) return undefined;
  // It does not go on where it was told to, so the whole is read anew.
  if (from > 0 && (status === 206 || status === 416)) return await whole();
  throw failure(
    `Cannot read "${path}" of "${name}": it answers with status ${status}; check the address and what may be read there.`,
  );
}

async function attempt(
  { url, init }: Query,
  patience: Patience,
): Promise<Answer | Failed> {
  const silence = watch(patience);
  try {
    const response = await fetch(url, { ...init, signal: silence.signal });
    silence.answered();
    const { status, headers } = response;
    const isPassing = status >= 500 || status === 408 || status === 429;
    if (isPassing) {
      await response.body?.cancel();
      silence.end();
      return { reason: `it answers with status ${status}` };
    }
    const body = bodyOf(response, silence);
    return {
      status,
      headers,
      body,
      discard: async () => {
        silence.end();
        await body.return(undefined);
        // One that was begun is given up by now, whether it broke off or not.
        await response.body?.cancel().catch(() => {});
      },
    };
  } catch (error) {
    silence.end();
    return { reason: silence.reasonOf(error) };
  }
}

/** Bytes that are taken at once where a body has as many. */
const PIECE_BYTES = 1 << 18;

/** Pieces of a body, each to be used before the next is asked for. */
async function* bodyOf(
  { headers, body }: Response,
  silence: Silence,
): AsyncGenerator<Uint8Array, void, void> {
  // Into the same memory again and again: of pieces of their own, all that comes would become garbage.
  const reader = body?.getReader({ mode: "byob" });
  try {
    let memory = new Uint8Array(pieceBytes(headers));
    while (reader !== undefined) {
      const { done, value } = await reader.read(memory);
      if (done || value === undefined) return;
      silence.heard(value.length);
      // What is not asked for cannot come.
      silence.pause();
      yield value;
      silence.resume();
      memory = new Uint8Array(value.buffer);
    }
  } catch (error) {
    throw new Error(silence.reasonOf(error), { cause: error });
  } finally {
    silence.end();
    // Nothing comes after an error, and there is nothing to give up.
    await reader?.cancel().catch(() => {});
  }
}

/** No more than is said to come, but not byte by byte where that was not true. */
function pieceBytes(headers: Headers): number {
  const told = Number(headers.get("content-length"));
  return told > 0 ? Math.min(Math.max(told, 4096), PIECE_BYTES) : PIECE_BYTES;
}

interface Silence {
  readonly signal: AbortSignal;
  /** The answer has begun. */
  answered(): void;
  heard(bytes: number): void;
  pause(): void;
  resume(): void;
  end(): void;
  /** Why a connection ended, as a clause. */
  reasonOf(error: unknown): string;
}

/** Aborts what has brought too little for too long. */
function watch({ silence, least, signal }: Patience): Silence {
  const controller = new AbortController();
  let [since, bytes] = [performance.now(), 0];
  let pausedAt: number | undefined;
  // Looks again when it could have been so long, and not at every piece.
  const look = () => {
    const left = pausedAt === undefined
      ? since + silence - performance.now()
      : silence;
    if (left <= 0) return controller.abort();
    timer = setTimeout(look, left);
  };
  let timer = setTimeout(look, silence);
  return {
    signal: signal === undefined
      ? controller.signal
      : AbortSignal.any([controller.signal, signal]),
    answered: () => {
      since = performance.now();
    },
    heard: (more) => {
      bytes += more;
      if (bytes >= least) [since, bytes] = [performance.now(), 0];
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
        : `it sends fewer than ${least} bytes in ${silence / 1000} s`,
  };
}

/** The innermost reason of a failed request; the outer ones repeat the address. */
function causeOf(error: unknown): string {
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
