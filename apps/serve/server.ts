/** The translation server: routes, metrics and shutdown. */
import type {
  ExportConfig,
  ExportPrecision,
} from "../../schemas/exported_model.ts";
import type { Health, Refused, ServeLimits } from "../../schemas/http_api.ts";
import type { Subwords } from "../../nmt/text/subwords/subwords.ts";
import { answerer } from "./api/answer.ts";
import { serveHttp } from "./http/server.ts";
import { createMetrics } from "./metrics.ts";
import { openApi } from "./api/openapi.ts";
import type { Cors } from "./http/cors.ts";
import { createQueue } from "./translation/queue.ts";
import { busy, isRefusal, refusal, refused } from "./http/refusal.ts";
import type { Reader } from "./translation/readers.ts";
import type { Translators } from "./translation/translators.ts";

export interface ServerOptions {
  readonly host: string;
  /** 0 is any that is free. */
  readonly port: number;
  /** Names of the server beside its address and those of loopback. */
  readonly allowHost: readonly string[];
  /** Which pages of other origins may use it. */
  readonly cors: Cors;
  readonly config: ExportConfig;
  readonly precision: ExportPrecision;
  readonly reader: Reader;
  readonly subwords: Subwords;
  readonly translators: Translators;
  /** How many translators there are. */
  readonly concurrency: number;
  readonly limits: ServeLimits;
  /** Told of an error that is a defect of the server. */
  warn(sentence: string): void;
}

export interface Server {
  readonly address: string;
  /** Refuses what comes, ends what is under way. */
  stop(): Promise<void>;
}

/** Connections that requests to translate do not take. */
const LOOKING = 8;

interface Route {
  readonly methods: readonly string[];
  answer(request: Request): Promise<Response> | Response;
}

export function startServer(options: ServerOptions): Server {
  const { config, cors, limits, precision } = options;
  const start = Date.now();
  const underWay = new Set<Promise<void>>();
  let isStopping = false;

  const metrics = createMetrics();
  const requests = metrics.counter(
    "ckd_requests_total",
    "Requests by route and status.",
  );
  const requestSeconds = metrics.histogram(
    "ckd_translate_request_seconds",
    "Time of requests to translate, until the last sentence is done.",
  );
  const sentenceSeconds = metrics.histogram(
    "ckd_sentence_seconds",
    "Time to translate a sentence, its wait not counted.",
  );
  const queue = createQueue({
    concurrency: options.concurrency,
    limit: limits.queue,
  });
  metrics.gauge(
    "ckd_waiting_sentences",
    "Sentences that wait for their turn.",
    () => queue.waiting,
  );
  metrics.gauge(
    "ckd_requests_under_way",
    "Requests to translate that are under way.",
    () => underWay.size,
  );
  metrics.gauge(
    "process_resident_memory_bytes",
    "Resident memory size in bytes.",
    () => Deno.memoryUsage().rss,
  );
  metrics.gauge(
    "process_start_time_seconds",
    "Start time of the process since unix epoch in seconds.",
    () => start / 1000,
  );

  const fail = (error: unknown): Refused => {
    const what = error instanceof Error ? error.message : String(error);
    options.warn(`Unexpected error: ${what}.`);
    return { error: "Cannot answer: the server has failed; its log says why." };
  };
  const translate = answerer(
    { ...options, queue, report: sentenceSeconds.observe },
    limits,
    fail,
  );
  const description = openApi({
    system: config.system,
    from: config.languages.source,
    sources: config.sources,
    to: config.languages.target,
    beam: config.beam,
  }, limits);

  const admitted = async (request: Request): Promise<Response> => {
    if (isStopping) {
      throw busy(503, "Cannot take the request: the server is stopping.");
    }
    // Some connections are left for those who only look.
    const most = Math.min(limits.requests, Math.max(1, server.most - LOOKING));
    if (underWay.size >= most) {
      throw busy(
        429,
        `Cannot take the request: ${underWay.size} are under way of ${most} that may be; ask again later.`,
      );
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    underWay.add(promise);
    const begin = performance.now();
    const end = () => {
      requestSeconds.observe((performance.now() - begin) / 1000);
      underWay.delete(promise);
      resolve();
    };
    try {
      const { response, finished } = await translate(request);
      void finished.finally(end);
      return response;
    } catch (error) {
      end();
      throw error;
    }
  };
  const health = (): Response => {
    const body: Health = {
      status: isStopping ? "stopping" : "ready",
      system: config.system,
      languages: config.languages,
      precision,
      waiting: queue.waiting,
      seconds: (Date.now() - start) / 1000,
    };
    return Response.json(body, { status: isStopping ? 503 : 200 });
  };

  const look = ["GET", "HEAD"];
  const routes = new Map<string, Route>([
    ["/translate", { methods: ["POST"], answer: admitted }],
    ["/health", { methods: look, answer: health }],
    ["/metrics", {
      methods: look,
      answer: () =>
        new Response(metrics.text(), {
          headers: { "content-type": "text/plain; version=0.0.4" },
        }),
    }],
    ["/openapi.json", {
      methods: look,
      answer: () => Response.json(description),
    }],
  ]);

  const answer = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    const route = routes.get(pathname);
    let response: Response;
    try {
      response = cors.preflight(request, route?.methods ?? []) ??
        await routed(route, [...routes.keys()], request);
    } catch (error) {
      response = isRefusal(error)
        ? refused(error)
        : Response.json(fail(error), { status: 500 });
    }
    requests.add({
      route: route === undefined ? "other" : pathname,
      status: String(response.status),
    });
    return cors.open(request, response);
  };

  const { host, port, allowHost } = options;
  const { connections, timeout } = limits;
  const server = serveHttp(
    { host, port, allowHost, connections, timeout },
    answer,
  );
  return {
    address: server.address,
    stop: async () => {
      isStopping = true;
      await Promise.all(underWay);
      await server.stop();
    },
  };
}

function routed(
  route: Route | undefined,
  paths: readonly string[],
  request: Request,
): Promise<Response> | Response {
  if (route === undefined) {
    throw refusal(
      404,
      `Cannot find what is asked for; there are ${paths.join(", ")}.`,
    );
  }
  const { methods } = route;
  if (!methods.includes(request.method)) {
    throw refusal(
      405,
      `Cannot use this method here; expected ${methods[0]}.`,
      { allow: methods.join(", ") },
    );
  }
  return route.answer(request);
}
