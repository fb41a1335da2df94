/** A server that answers as no server should: it writes bytes by itself, and so can say anything. */
import { below, mutated, type Next, oneOf } from "./mutations.ts";

export interface BadServer extends AsyncDisposable {
  readonly url: string;
  /** From now on answers are those that these numbers choose. */
  misbehave(next: Next): void;
}

/** Of what is there, most is served as it is, so that a pull gets far enough to see the rest. */
export function answerBadly(
  files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
): BadServer {
  let next: Next = () => 1;
  /** The requests until one is answered badly. */
  let good = Infinity;
  const server = serveBytes(({ path, from }) => {
    const bytes = files.get(path);
    return good-- <= 0 ? badAnswer(bytes, next) : answer(bytes, from);
  });
  return {
    ...server,
    misbehave: (by) => {
      next = by;
      good = next() < 0.02 ? Infinity : below(next, 10);
    },
  };
}

/** Answers each connection with the bytes that are said, whatever they are. */
export function serveBytes(
  answerOf: (request: Asked) => Answer,
): AsyncDisposable & { readonly url: string } {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const open = new Set<Deno.Conn>();
  const close = (connection: Deno.Conn) => {
    if (open.delete(connection)) connection.close();
  };
  const serve = async (connection: Deno.Conn) => {
    try {
      const request = await readRequest(connection);
      if (request === undefined) return;
      const { head, body, hangs = false } = answerOf(request);
      await writeAll(connection, bytesOf(head));
      for await (const part of body) await writeAll(connection, part);
      const buffer = new Uint8Array(1 << 10);
      while (hangs && await connection.read(buffer) !== null);
    } catch {
      // The other end has had enough.
    } finally {
      close(connection);
    }
  };
  const serving = new Set<Promise<void>>();
  const accepting = (async () => {
    for await (const connection of listener) {
      open.add(connection);
      const served = serve(connection).finally(() => serving.delete(served));
      serving.add(served);
    }
  })();
  return {
    url: `http://127.0.0.1:${listener.addr.port}/`,
    [Symbol.asyncDispose]: async () => {
      listener.close();
      [...open].forEach(close);
      await accepting;
      await Promise.all(serving);
    },
  };
}

/** The bytes of a text, a character each. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** The path and first byte that a request asks for. */
export interface Asked {
  readonly path: string;
  readonly from: number;
}

interface Answer {
  readonly head: string;
  readonly body: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** Whether the connection is left open behind it. */
  readonly hangs?: boolean;
}

function answer(bytes: Uint8Array | undefined, from: number): Answer {
  if (bytes === undefined) {
    return {
      head:
        "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
      body: [],
    };
  }
  const rest = bytes.subarray(from);
  const range = from === 0
    ? ""
    : `content-range: bytes ${from}-${bytes.length - 1}/${bytes.length}\r\n`;
  return {
    head: `HTTP/1.1 ${from === 0 ? "200 OK" : "206 Partial"}\r\n${range}` +
      `content-length: ${rest.length}\r\nconnection: close\r\n\r\n`,
    body: [rest],
  };
}

const STATUSES = [
  200,
  201,
  204,
  206,
  301,
  302,
  304,
  400,
  401,
  403,
  404,
  410,
  416,
  418,
  429,
  500,
  503,
  999,
  0,
];

const HEADERS = [
  "",
  "content-encoding: gzip\r\n",
  "content-encoding: br\r\n",
  "transfer-encoding: chunked\r\n",
  "content-length: -1\r\n",
  "content-length: 99999999999999999999\r\n",
  "content-range: bytes 5-\r\n",
  "content-range: bytes 0-0/0\r\n",
  "location: /elsewhere\r\n",
  "location: file:///etc/passwd\r\n",
  "x: " + "y".repeat(100_000) + "\r\n",
  "no header at all\r\n",
];

/** Bytes in an endless row, of which a client has to stop reading. */
export function* flood(bytes: number): Iterable<Uint8Array> {
  const part = new Uint8Array(1 << 16);
  for (let left = bytes; left > 0; left -= part.length) yield part;
}

function badAnswer(bytes = new Uint8Array(), next: Next): Answer {
  if (next() < 0.05) {
    return {
      head: "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n",
      body: flood(100e6),
    };
  }
  if (next() < 0.05) return { head: "", body: [mutated(bytes, next)] };
  const body = next() < 0.3 ? bytes : mutated(bytes, next);
  const length = next() < 0.5
    ? `content-length: ${body.length}\r\n`
    : next() < 0.5
    ? `content-length: ${below(next, 2 * body.length + 10)}\r\n`
    : "";
  return {
    head: `HTTP/1.1 ${oneOf(next, STATUSES)} So\r\n${length}${
      next() < 0.5 ? "" : oneOf(next, HEADERS)
    }connection: close\r\n\r\n`,
    body: [body],
  };
}

async function readRequest(
  connection: Deno.Conn,
): Promise<Asked | undefined> {
  const buffer = new Uint8Array(1 << 13);
  let text = "";
  while (!text.includes("\r\n\r\n")) {
    const read = await connection.read(buffer);
    if (read === null) return undefined;
    text += new TextDecoder("latin1").decode(buffer.subarray(0, read));
  }
  const [, path = ""] = /^GET \/(\S*)/.exec(text) ?? [];
  const [, from = "0"] = /^range: bytes=(\d+)-/im.exec(text) ?? [];
  return { path: decodeURIComponent(path), from: Number(from) };
}

async function writeAll(to: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
}
