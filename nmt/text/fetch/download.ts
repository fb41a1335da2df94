/** Downloads a file over HTTP: size limit, resumption, retries, and a refusal of web pages. */
import { format } from "@std/fmt/bytes";
import { writeAll } from "../../../base/write_all.ts";
import { statIfThere } from "../../../base/stat.ts";
import { isPrivate } from "../../../base/addresses.ts";

/** A download that failed for good, and why: a clause without a full stop. */
export interface Failure {
  readonly reason: string;
}

export interface DownloadOptions {
  /** More bytes than this are refused. */
  readonly limit: number;
  /** Called with the bytes that are there. */
  progress(bytes: number): void;
  log(line: string): void;
  /** Milliseconds before the first new attempt; each further one waits three times as long. */
  readonly retryDelay?: number;
  readonly pace?: Pace;
}

/** The slowest connection that is waited for. */
export interface Pace {
  readonly bytes: number;
  readonly milliseconds: number;
}

/** Attempts in a row without progress before giving up, and the bytes that count as progress. */
const ATTEMPTS = 4, PROGRESS_BYTES = 4096;

const PACE: Pace = { bytes: 60_000, milliseconds: 60_000 };

/** Most redirects in a row. */
const HOPS = 5;

/** A web page where data was expected: a login, a licence to accept, an error with status 200. */
const PAGE = /^\s*<(!doctype\s+html|html)\b/i;

/**
 * Downloads a URL to a path. Bytes that are there already count as its beginning, left by a killed process; the caller
 * checks the hash. Returns the failure, if it failed for good.
 */
export async function download(
  url: string,
  path: string,
  { limit, progress, log, retryDelay = 500, pace = PACE }: DownloadOptions,
): Promise<Failure | undefined> {
  let attempts = 0, wait = retryDelay;
  for (;;) {
    const before = sizeOf(path);
    const outcome = await attempt(url, path, limit, pace, progress);
    if (outcome === "whole") return undefined;
    const { reason, isFinal = false } = outcome;
    // A byte now and then is not progress.
    if (sizeOf(path) - before >= Math.min(pace.bytes, PROGRESS_BYTES)) {
      [attempts, wait] = [0, retryDelay];
    }
    attempts++;
    if (isFinal || attempts === ATTEMPTS) return { reason };
    log(`  ${reason}; trying again from byte ${sizeOf(path)}`);
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait *= 3;
  }
}

interface Interruption {
  readonly reason: string;
  /** Trying again would not help. */
  readonly isFinal?: boolean;
}

async function attempt(
  url: string,
  path: string,
  limit: number,
  pace: Pace,
  progress: (bytes: number) => void,
): Promise<"whole" | Interruption> {
  const silence = watch(pace);
  try {
    const from = sizeOf(path);
    const response = await follow(url, {
      signal: silence.signal,
      headers: {
        // The file's own bytes are wanted, not a form that is shorter on the way.
        "accept-encoding": "identity",
        ...from > 0 ? { range: `bytes=${from}-` } : {},
      },
    });
    if ("reason" in response) return response;
    silence.answered();
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      return refused(response, path, from);
    }
    const start = response.status === 206 ? from : 0;
    const resumes = response.headers.get("content-range");
    if (start > 0 && !resumes?.startsWith(`bytes ${start}-`)) {
      await response.body.cancel();
      Deno.removeSync(path);
      return { reason: "it does not go on where it was told to" };
    }
    return await receive(response.body, path, start, limit, (bytes, more) => {
      silence.heard(more);
      progress(bytes);
    });
  } catch (error) {
    if (isOfDisk(error) || error instanceof Deno.errors.NotCapable) throw error;
    return { reason: silence.reason() ?? cause(error) };
  } finally {
    silence.end();
  }
}

/** The response, redirects followed, except from the public network into a private one. */
async function follow(
  url: string,
  init: RequestInit,
): Promise<Response | Interruption> {
  let at = new URL(url);
  for (let hops = 0; hops <= HOPS; hops++) {
    const response = await fetch(at, { ...init, redirect: "manual" });
    const location = response.headers.get("location");
    const leads = [301, 302, 303, 307, 308].includes(response.status);
    if (!leads || location === null) return response;
    await response.body?.cancel();
    const to = redirectTarget(at, location);
    if ("reason" in to) return to;
    at = to;
  }
  return { reason: `it leads on more than ${HOPS} times`, isFinal: true };
}

/** The target of a redirect, or why it is not followed. */
export function redirectTarget(at: URL, location: string): URL | Interruption {
  const to = URL.canParse(location, at) ? new URL(location, at) : undefined;
  if (to === undefined || !/^https?:$/.test(to.protocol)) {
    return { reason: "it leads to no address of the web", isFinal: true };
  }
  if (!isPrivate(to) || isPrivate(at)) return to;
  const reason = `it leads to ${to.host}, which is in a private network`;
  return { reason, isFinal: true };
}

function refused(
  { status }: Response,
  path: string,
  from: number,
): Interruption {
  if (status === 416 && from > 0) {
    // What is here is not the beginning of the file, or all of it: start again.
    Deno.removeSync(path);
    return { reason: "it has no bytes beyond those that are here" };
  }
  const isPassing = status >= 500 || status === 408 || status === 429;
  return { reason: `it answers with status ${status}`, isFinal: !isPassing };
}

/** Writes a body behind the first `start` bytes of a file. */
async function receive(
  body: ReadableStream<Uint8Array>,
  path: string,
  start: number,
  limit: number,
  received: (bytes: number, more: number) => void,
): Promise<"whole" | Interruption> {
  using file = Deno.openSync(path, { write: true, create: true });
  file.truncateSync(start);
  file.seekSync(start, Deno.SeekMode.Start);
  let bytes = start;
  for await (const chunk of body) {
    if (bytes === 0 && PAGE.test(new TextDecoder().decode(chunk))) {
      return { reason: "it sends a web page in place of data", isFinal: true };
    }
    if (bytes + chunk.length > limit) {
      file.truncateSync(0);
      return {
        reason: `it sends more than the ${format(limit)} that it may have`,
        isFinal: true,
      };
    }
    writeAll(file, chunk);
    bytes += chunk.length;
    received(bytes, chunk.length);
  }
  return "whole";
}

/** Aborts a connection that is too slow for too long. */
function watch({ bytes: least, milliseconds }: Pace) {
  const controller = new AbortController();
  const start = () => setTimeout(() => controller.abort(), milliseconds);
  let [timer, bytes] = [start(), 0];
  const anew = () => {
    clearTimeout(timer);
    [timer, bytes] = [start(), 0];
  };
  return {
    signal: controller.signal,
    answered: anew,
    heard(more: number) {
      bytes += more;
      if (bytes >= least) anew();
    },
    end: () => clearTimeout(timer),
    /** Why it was aborted, if it was. */
    reason: () =>
      !controller.signal.aborted
        ? undefined
        : bytes === 0
        ? "it fell silent"
        : `it sends fewer than ${least} bytes in ${milliseconds / 1000} s`,
  };
}

const sizeOf = (path: string) => statIfThere(path)?.size ?? 0;

/** Errors of the disk and of permissions are reported by the engine. */
function isOfDisk(error: unknown): boolean {
  return error instanceof Error && "code" in error &&
    ["ENOSPC", "EDQUOT", "EROFS", "EACCES"].includes(String(error.code));
}

/** The innermost reason of a failed request; the outer ones repeat the address. */
function cause(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) {
    inner = inner.cause;
  }
  const message = inner instanceof Error ? inner.message : String(inner);
  const reason = message.replace(/^error sending request for url \(.*?\): /, "")
    .replace(/^client error \(\w+\): /, "").replace(/\.$/, "");
  return `it cannot be reached (${reason})`;
}
