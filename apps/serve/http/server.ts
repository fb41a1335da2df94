/** An HTTP/1.1 server that survives a lack of descriptors and closes connections whose requests stall. */
import {
  createServer,
  type IncomingMessage,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import { Readable } from "node:stream";
import { refusal, refused } from "./refusal.ts";
import { acceptConnections } from "./connections.ts";
import { hostCheck, hostnameOf } from "./hosts.ts";
import type { Socket } from "./socket.ts";

/** Milliseconds from the first byte of a request to the end of its head. */
const HEAD_TIMEOUT = 10_000;
/** Milliseconds between two looks for heads that are late. */
const LOOK = 1000;
/** Seconds beyond the time of a request until a connection on which nothing moves is closed. */
const SLACK = 5;

/** The header of an answer that is sent as it comes; proxies know it too. */
export const UNBUFFERED = "x-accel-buffering";

export interface HttpOptions {
  readonly host: string;
  /** 0 is any that is free. */
  readonly port: number;
  /** Names of the server beside its address and those of loopback; without them, any name is one. */
  readonly allowHost?: readonly string[];
  readonly connections: number;
  /** Seconds that a request may take. */
  readonly timeout: number;
}

export interface HttpServer {
  readonly address: string;
  /** How many connections there may be. */
  readonly most: number;
  /** Accepts no more connections, and waits for the answers that are being sent, not longer than a request may take. */
  stop(): Promise<void>;
}

/** Fails as `Deno.listen` does where it cannot listen. */
export function serveHttp(
  options: HttpOptions,
  answer: (request: Request) => Promise<Response> | Response,
): HttpServer {
  const { host, port, allowHost, timeout } = options;
  const listener = Deno.listen({ hostname: host, port });
  const isOurs = allowHost ? hostCheck(host, allowHost) : () => true;
  const used = new Map<Socket, number>();
  let isStopping = false;

  const server = createServer({
    headersTimeout: HEAD_TIMEOUT,
    requestTimeout: HEAD_TIMEOUT + (timeout + SLACK) * 1000,
    connectionsCheckingInterval: LOOK,
    keepAliveTimeout: (timeout + SLACK) * 1000,
    // Looked at below, with a sentence for it.
    requireHostHeader: false,
  });
  server.timeout = (timeout + SLACK) * 1000;
  // Its connections come from another listener: it ends each after one answer unless it takes itself for listening.
  Object.defineProperty(server, "listening", { get: () => !isStopping });

  const respond = async (
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    answer: (request: Request) => Promise<Response> | Response,
  ) => {
    // Of those that are given below.
    const socket = incoming.socket as unknown as Socket;
    used.set(socket, (used.get(socket) ?? 0) + 1);
    const client = new AbortController();
    incoming.on("error", () => {});
    // What has arrived is worked on: its connection stays.
    incoming.on("end", () => connections.hold(socket));
    outgoing.on("finish", () => connections.letGo(socket));
    outgoing.on("close", () => {
      const left = (used.get(socket) ?? 1) - 1;
      if (left > 0) used.set(socket, left);
      else used.delete(socket);
      connections.letGo(socket);
      if (!outgoing.writableFinished) client.abort();
      if (isStopping && left === 0) socket.destroySoon();
    });
    try {
      const response = await answered(incoming, client.signal, isOurs, answer);
      await send(response, incoming.method === "HEAD", outgoing);
    } catch {
      // An answer that breaks off: its client sees the connection end.
      socket.destroy();
    }
  };
  server.on(
    "request",
    (incoming, outgoing) => void respond(incoming, outgoing, answer),
  );
  server.on(
    "checkExpectation",
    (incoming, outgoing) =>
      void respond(incoming, outgoing, () =>
        refused(refusal(
          417,
          "Cannot do what the header Expect asks for; expected 100-continue.",
        ))),
  );
  const refuse = (socket: Socket, status: number) => {
    if (!used.has(socket)) socket.write(brokenAnswer(status));
    socket.destroySoon();
  };
  server.on(
    "connect",
    (_, stream) => refuse(stream as unknown as Socket, 405),
  );
  server.on("clientError", (error: Error & { code?: string }, stream) => {
    const socket = stream as unknown as Socket;
    const status = error.code === undefined ? undefined : BROKEN[error.code];
    const isParsed = error.code?.startsWith("HPE_") ?? false;
    if (!socket.writable || status === undefined && !isParsed) {
      return void socket.destroy();
    }
    refuse(socket, status ?? 400);
  });

  const connections = acceptConnections(
    listener,
    options.connections,
    (socket) => server.emit("connection", socket),
    (socket) => used.has(socket),
  );
  // It looks for late heads from now on.
  server.emit("listening");

  const { hostname, port: bound } = listener.addr;
  return {
    address: `http://${
      hostname.includes(":") ? `[${hostname}]` : hostname
    }:${bound}`,
    get most() {
      return connections.most;
    },
    stop: async () => {
      isStopping = true;
      await connections.close(timeout);
      // Ends the looks; it says that it does not listen, as it never did.
      server.close(() => {});
    },
  };
}

/** The answer to a request as node:http gives it. */
async function answered(
  incoming: IncomingMessage,
  signal: AbortSignal,
  isOurs: (hostname: string) => boolean,
  answer: (request: Request) => Promise<Response> | Response,
): Promise<Response> {
  const target = targetOf(incoming);
  if (target === undefined) {
    return refused(refusal(
      400,
      "Cannot read the request: expected a path and one header Host, such as localhost.",
    ));
  }
  if (target.hostname !== undefined && !isOurs(target.hostname)) {
    return refused(refusal(
      421,
      `Cannot answer for the host ${
        target.hostname.slice(0, 80)
      }: this server is not known by that name; start it with --allow-host to allow it.`,
    ));
  }
  const { method = "GET" } = incoming;
  const hasBody = method !== "GET" && method !== "HEAD";
  let request: Request;
  try {
    request = new Request(`http://localhost${target.path}`, {
      method,
      headers: pairs(incoming.rawHeaders),
      signal,
      body: hasBody
        ? Readable.toWeb(incoming) as unknown as ReadableStream<Uint8Array>
        : null,
    });
  } catch {
    return refused(refusal(405, WHY[405]));
  }
  return await answer(request);
}

interface Target {
  /** Undefined in a request older than HTTP/1.1 that does not say. */
  readonly hostname: string | undefined;
  readonly path: string;
}

/** Where a request goes; undefined if it does not say so, or says so twice. */
function targetOf({ url = "", rawHeaders, httpVersion }: IncomingMessage) {
  const hosts = pairs(rawHeaders)
    .filter(([name]) => name.toLowerCase() === "host");
  if (hosts.length > 1 || hosts.length === 0 && httpVersion === "1.1") {
    return undefined;
  }
  let target: Target = {
    hostname: hosts.length === 1 ? hostnameOf(hosts[0][1]) : undefined,
    path: url,
  };
  if (hosts.length === 1 && target.hostname === undefined) return undefined;
  if (!url.startsWith("/")) {
    // As a proxy is asked; it goes before the header.
    const whole = /^https?:\/\//i.test(url) ? URL.parse(url) : null;
    if (whole === null || whole.username !== "") return undefined;
    target = { hostname: whole.hostname, path: whole.pathname + whole.search };
  }
  return URL.canParse(`http://localhost${target.path}`) ? target : undefined;
}

function pairs(raw: readonly string[]): [string, string][] {
  return Array.from(
    { length: raw.length / 2 },
    (_, i) => [raw[2 * i], raw[2 * i + 1]],
  );
}

/** Sends an answer as fast as the client reads it; its writer is cancelled when the client has gone. */
async function send(
  response: Response,
  isHead: boolean,
  outgoing: ServerResponse,
): Promise<void> {
  const { status, headers } = response;
  const isStream = headers.has("content-length") || headers.has(UNBUFFERED);
  if (!isStream) {
    const bytes = new Uint8Array(await response.arrayBuffer());
    // RFC 9110, section 8.6, forbids it in the first, and of the second it would be the size of another content.
    if (status !== 204 && status !== 304) {
      headers.set("content-length", String(bytes.length));
    }
    outgoing.writeHead(status, [...headers].flat());
    return void outgoing.end(isHead ? undefined : bytes);
  }
  outgoing.writeHead(status, [...headers].flat());
  const gone = new Promise<void>((resolve) => outgoing.on("close", resolve));
  if (isHead) await response.body?.cancel();
  else {
    for await (const bytes of response.body ?? []) {
      if (outgoing.destroyed) break;
      if (outgoing.write(bytes)) continue;
      const drained = new Promise<void>((resolve) =>
        outgoing.once("drain", resolve)
      );
      await Promise.race([drained, gone]);
    }
  }
  outgoing.end();
}

/** The status of a request that is no HTTP, by what node:http says of it; 400 is of all others. */
const BROKEN: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
};

const WHY: Readonly<Record<number, string>> = {
  400: "Cannot read the request: it is not HTTP/1.1.",
  405: "Cannot use this method here; expected one such as GET or POST.",
  408: "Cannot wait for the request any longer: it has not arrived in time.",
  413: "Cannot read the request: its chunks say too much beside their size.",
  431: "Cannot read the request: its head has too many bytes.",
};

function brokenAnswer(status: number): string {
  const body = JSON.stringify({ error: WHY[status] });
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n` +
    "content-type: application/json\r\nconnection: close\r\n" +
    `content-length: ${body.length}\r\n\r\n${body}`;
}
