/** Answers a translation request: as one JSON object, or as a stream of lines. */
import type {
  Refused,
  ServeLimits,
  TranslateAnswer,
  TranslateLine,
} from "../../../schemas/http_api.ts";
import { type Deadline, deadline } from "./deadline.ts";
import { UNBUFFERED } from "../http/server.ts";
import { isRefusal } from "../http/refusal.ts";
import { receive } from "./request.ts";
import {
  type Service,
  translate,
  type Translations,
} from "../translation/translation.ts";

export const LINES = "application/x-ndjson";

export interface Answered {
  readonly response: Response;
  /** When nothing is done for it any more. */
  readonly finished: Promise<void>;
}

/** Answers requests to translate; `fail` is told what nobody expects. */
export function answerer(
  service: Service,
  limits: ServeLimits,
  fail: (error: unknown) => Refused,
): (request: Request) => Promise<Answered> {
  return async (request) => {
    const time = deadline(request.signal, limits.timeout);
    try {
      const body = await receive(request, limits, time.signal);
      const wanted = await service.reader.read(body, time.signal);
      const start = translate(service, wanted, time.signal);
      if (wantsLines(request)) return lines(start, time, fail);
      const translations: TranslateAnswer["translations"] = [];
      await start((index, translation) => {
        translations[index] = translation;
      });
      time[Symbol.dispose]();
      const answer: TranslateAnswer = { translations };
      return { response: Response.json(answer), finished: Promise.resolve() };
    } catch (error) {
      time[Symbol.dispose]();
      throw error;
    }
  };
}

function wantsLines({ url, headers }: Request): boolean {
  return (headers.get("accept") ?? "").includes(LINES) ||
    new URL(url).searchParams.has("stream");
}

/** Fails at once where there is no room; what fails later is the last line. */
function lines(
  start: Translations,
  time: Deadline,
  fail: (error: unknown) => Refused,
): Answered {
  const encoder = new TextEncoder();
  const { readable, send, close } = lineStream(time);
  const write = (line: TranslateLine) =>
    send(encoder.encode(JSON.stringify(line) + "\n"));
  const work = start((index, translation) => write({ index, ...translation }));
  const finished = work
    .catch((error) =>
      write(isRefusal(error) ? { error: error.message } : fail(error))
    )
    .finally(() => {
      time[Symbol.dispose]();
      close();
    });
  return {
    response: new Response(readable, {
      headers: { "content-type": LINES, [UNBUFFERED]: "no" },
    }),
    finished,
  };
}

/** A stream to which can be written until its reader has gone. */
function lineStream(time: Deadline) {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const readable = new ReadableStream<Uint8Array>({
    start: (given) => {
      controller = given;
    },
    cancel: () => {
      controller = undefined;
      time.leave();
    },
  });
  return {
    readable,
    send: (bytes: Uint8Array) => controller?.enqueue(bytes),
    close: () => controller?.close(),
  };
}
