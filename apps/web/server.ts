/** Serves a build from memory: only the files in its list exist. */
import { ifNoneMatch } from "@std/http/etag";
import { serveHttp } from "../serve/http/server.ts";
import type { BuiltFile } from "./build.ts";
import { createEncoder } from "./encodings.ts";
import { HEADERS } from "./headers.ts";

export interface Server {
  readonly address: string;
  stop(): Promise<void>;
}

/** Connections that are open at once; for one more, the longest idle is closed. */
const CONNECTIONS = 512;

/** Seconds for a request and its answer. */
const TIMEOUT = 60;

/** Fails as `Deno.listen` does where it cannot listen. */
export function startServer(
  files: readonly BuiltFile[],
  { host, port }: { readonly host: string; readonly port: number },
): Server {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const encoded = createEncoder();
  const { address, stop } = serveHttp(
    { host, port, connections: CONNECTIONS, timeout: TIMEOUT },
    (request) => answer(byPath, encoded, request),
  );
  return { address, stop };
}

async function answer(
  files: ReadonlyMap<string, BuiltFile>,
  encoded: ReturnType<typeof createEncoder>,
  { method, url, headers }: Request,
): Promise<Response> {
  if (method !== "GET" && method !== "HEAD") {
    return textResponse(
      405,
      "Cannot use this method here; expected GET or HEAD.",
      {
        allow: "GET, HEAD",
      },
    );
  }
  const path = pathOf(new URL(url).pathname);
  const file = path === undefined ? undefined : files.get(path);
  if (file === undefined) {
    return textResponse(404, "Cannot find this file; the translator is at /.");
  }
  const { coding, contents } = await encoded(
    file,
    headers.get("accept-encoding"),
  );
  const etag = coding === undefined
    ? `"${file.sha256}"`
    : `"${file.sha256}-${coding}"`;
  const sent = {
    ...HEADERS,
    // Always asked for again, and seldom sent again: a new build has the same names. Proxies are not to recode it.
    "cache-control": "no-cache, no-transform",
    etag,
    vary: "accept-encoding",
  };
  if (!ifNoneMatch(headers.get("if-none-match"), etag)) {
    return new Response(null, { status: 304, headers: sent });
  }
  const described = {
    "content-type": file.type,
    "content-length": String(contents.length),
    ...coding === undefined ? {} : { "content-encoding": coding },
  };
  return new Response(method === "HEAD" ? null : contents, {
    headers: { ...sent, ...described },
  });
}

/** The path of a file in the build; undefined where the address is none. */
function pathOf(pathname: string): string | undefined {
  try {
    return decodeURIComponent(pathname).slice(1) || "index.html";
  } catch {
    // An address such as /%ff is no text.
    return undefined;
  }
}

function textResponse(
  status: number,
  sentence: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(sentence + "\n", {
    status,
    headers: {
      ...HEADERS,
      "content-type": "text/plain; charset=utf-8",
      ...headers,
    },
  });
}
