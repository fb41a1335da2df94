/** Real servers for tests of remotes: static files, an S3 store by moto, and a wire that can be cut. */
import { join } from "@std/path";
import { ifThere } from "../../engine/atomic.ts";
import type { S3Environment } from "../../sharing/bucket.ts";
import { findPython } from "../python.ts";

/** Serves a folder; gives its address. */
export function serveFolder(
  folder: string,
): AsyncDisposable & { readonly url: string } {
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request) => fileAnswer(request, folder),
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A file as any static server sends it: all of it, or what a range asks for. */
function fileAnswer({ url, headers }: Request, folder: string): Response {
  const path = join(folder, decodeURIComponent(new URL(url).pathname));
  const file = ifThere(() => Deno.openSync(path));
  if (file === undefined) return new Response("none", { status: 404 });
  const { size } = file.statSync();
  const range = /^bytes=(\d+)-$/.exec(headers.get("range") ?? "");
  const from = Number(range?.[1] ?? 0);
  if (range !== null && from >= size) {
    file.close();
    return new Response(null, { status: 416 });
  }
  file.seekSync(from, Deno.SeekMode.Start);
  return new Response(file.readable, {
    status: range === null ? 200 : 206,
    headers: {
      "content-length": String(size - from),
      ...range !== null &&
        { "content-range": `bytes ${from}-${size - 1}/${size}` },
    },
  });
}

const { python: MOTO, missing } = findPython("moto", {
  part: "moto.server",
  packages: "moto[server]",
});

/** What is missing for an S3 store, in the words of a test's title. */
export const MISSING_MOTO = missing;

export interface Store extends AsyncDisposable {
  readonly port: number;
  /** What a command needs to reach it, at this port or that of a wire. */
  environment(port?: number): Required<
    Pick<
      S3Environment,
      "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" | "AWS_ENDPOINT_URL"
    >
  >;
}

/** Starts moto's server with the bucket "models". */
export async function startStore(): Promise<Store> {
  const port = freePort();
  const server = new Deno.Command(MOTO, {
    args: ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const url = `http://127.0.0.1:${port}`;
  for (let attempt = 0;; attempt++) {
    try {
      const response = await fetch(`${url}/models`, { method: "PUT" });
      await response.body?.cancel();
      if (response.ok) break;
    } catch (error) {
      if (attempt === 300) throw error;
    }
    await new Promise((done) => setTimeout(done, 100));
  }
  return {
    port,
    environment: (through = port) => ({
      AWS_ACCESS_KEY_ID: "someone",
      AWS_SECRET_ACCESS_KEY: "secret-of-someone",
      AWS_ENDPOINT_URL: `http://127.0.0.1:${through}`,
    }),
    [Symbol.asyncDispose]: async () => {
      server.kill("SIGKILL");
      await server.status;
    },
  };
}

function freePort(): number {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return listener.addr.port;
}

/** A wire to a port on this machine. */
export interface Wire extends AsyncDisposable {
  readonly port: number;
  /** Bytes that went through, in both directions. */
  bytes(): number;
  /** Cuts all connections once so many bytes more have gone through, and takes no new ones. */
  cutAfter(bytes: number): void;
  mend(): void;
  /** Changes what goes to the other end. */
  bend(change: ((chunk: Uint8Array) => void) | undefined): void;
}

export function stretchWire(to: number): Wire {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const open = new Set<Deno.Conn>();
  let [bytes, limit] = [0, Infinity];
  let change: ((chunk: Uint8Array) => void) | undefined;
  const close = (connection: Deno.Conn) => {
    if (!open.delete(connection)) return;
    connection.close();
  };
  const pump = async (from: Deno.Conn, other: Deno.Conn, isUp: boolean) => {
    const buffer = new Uint8Array(1 << 16);
    try {
      for (;;) {
        const read = await from.read(buffer);
        if (read === null) break;
        const chunk = buffer.subarray(0, Math.min(read, limit - bytes));
        bytes += chunk.length;
        if (isUp) change?.(chunk);
        for (let at = 0; at < chunk.length;) {
          at += await other.write(chunk.subarray(at));
        }
        if (bytes >= limit) break;
      }
    } catch {
      // Either end has closed.
    } finally {
      if (bytes >= limit) [...open].forEach(close);
      close(from);
      close(other);
    }
  };
  const pumps = new Set<Promise<void>>();
  const accepting = (async () => {
    for await (const near of listener) {
      open.add(near);
      if (bytes >= limit) {
        close(near);
        continue;
      }
      const far = await Deno.connect({ port: to, hostname: "127.0.0.1" });
      open.add(far);
      pumps.add(pump(near, far, true)).add(pump(far, near, false));
    }
  })();
  return {
    port: listener.addr.port,
    bytes: () => bytes,
    cutAfter: (more) => {
      limit = bytes + more;
    },
    mend: () => {
      limit = Infinity;
    },
    bend: (by) => {
      change = by;
    },
    [Symbol.asyncDispose]: async () => {
      listener.close();
      [...open].forEach(close);
      await accepting;
      await Promise.all(pumps);
    },
  };
}
