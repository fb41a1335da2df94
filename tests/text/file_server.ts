/** A real HTTP server of files for tests: with or without ranges, whole or cut, honest or not. */

/** How one file is served. */
export interface Served {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The connection ends, or falls silent, after so many bytes of an answer, for so many answers. */
  readonly cut?: {
    readonly after: number;
    readonly times: number;
    readonly silent?: boolean;
  };
  /** Answers a request for a range with the whole file. */
  readonly withoutRanges?: boolean;
  /** Answers with this status instead, for so many requests. */
  readonly refused?: { readonly status: number; readonly times: number };
  readonly type?: string;
}

export interface FileServer extends AsyncDisposable {
  /** Address of a file. */
  url(name: string): string;
  /** What was asked for, such as `train.gz bytes=10-`. */
  readonly requests: readonly string[];
}

export function serveFiles(
  files: Readonly<Record<string, Served>>,
): FileServer {
  const requests: string[] = [];
  const answered: Record<string, number> = {};
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request) => {
      const name = decodeURIComponent(new URL(request.url).pathname.slice(1));
      const range = request.headers.get("range");
      requests.push(range === null ? name : `${name} ${range}`);
      const served = files[name];
      if (served === undefined) return new Response("none", { status: 404 });
      const count = answered[name] = (answered[name] ?? 0) + 1;
      return answer(served, range, count);
    },
  );
  return {
    url: (name) => `http://127.0.0.1:${server.addr.port}/${name}`,
    requests,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function answer(
  { bytes, cut, withoutRanges, refused, type }: Served,
  range: string | null,
  count: number,
): Response {
  if (refused !== undefined && count <= refused.times) {
    return new Response("refused", { status: refused.status });
  }
  const from = withoutRanges || range === null
    ? 0
    : Number(/^bytes=(\d+)-$/.exec(range)?.[1]);
  if (from >= bytes.length) return new Response(null, { status: 416 });
  const rest = bytes.subarray(from);
  const isCut = cut !== undefined && count <= cut.times;
  const headers = new Headers({
    "content-type": type ?? "application/octet-stream",
    "content-length": String(rest.length),
  });
  if (range !== null && !withoutRanges) {
    headers.set(
      "content-range",
      `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
    );
  }
  return new Response(
    isCut ? cutBody(rest.subarray(0, cut.after), cut.silent) : rest,
    {
      status: headers.has("content-range") ? 206 : 200,
      headers,
    },
  );
}

/** Some bytes, fewer than the answer announces: then the connection ends, or only its other end can end it. */
function cutBody(
  bytes: Uint8Array<ArrayBuffer>,
  silent = false,
): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      if (!silent) controller.close();
    },
  });
}

/** An address at which nothing listens. */
export async function deadUrl(): Promise<string> {
  const server = serveFiles({});
  const url = server.url("a.tsv");
  await server[Symbol.asyncDispose]();
  return url;
}
