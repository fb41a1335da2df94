/** Lets pages of other origins use the server, by the CORS protocol (https://fetch.spec.whatwg.org/#http-cors-protocol). */
import { inputError } from "../../../base/input_error.ts";

/** Every origin. */
const ANY = "*";
/** Seconds for which a browser need not ask again whether it may. */
const MAX_AGE = 600;

/** What is allowed to the pages of some origins. */
export interface Cors {
  /** The answer to a browser that asks whether its page may; undefined where it does not ask, or where the page may not. */
  preflight(request: Request, methods: readonly string[]): Response | undefined;
  /** Lets the page that asked read an answer, if it may. */
  open(request: Request, response: Response): Response;
}

/**
 * The rules for a list of origins; of none, no page of another origin may read an answer.
 *
 * @throws An input error for what is neither an origin nor `*`.
 */
export function allowOrigins(origins: readonly string[]): Cors {
  for (const origin of origins) checkOrigin(origin);
  const allowed = new Set(origins);
  const allowedFor = ({ headers }: Request) => {
    const origin = headers.get("origin");
    if (origin === null) return undefined;
    if (allowed.has(ANY)) return ANY;
    return allowed.has(origin) ? origin : undefined;
  };
  const open = (request: Request, response: Response) => {
    const { headers } = response;
    // A cache must not give one page what another may read.
    if (allowed.size > 0 && !allowed.has(ANY)) headers.append("vary", "origin");
    const origin = allowedFor(request);
    if (origin !== undefined) {
      headers.set("access-control-allow-origin", origin);
      headers.set("access-control-expose-headers", "retry-after");
    }
    return response;
  };
  return {
    open,
    preflight: (request, methods) => {
      const { method, headers } = request;
      const isAsked = method === "OPTIONS" &&
        headers.has("access-control-request-method");
      if (!isAsked || allowedFor(request) === undefined) return undefined;
      return new Response(null, {
        status: 204,
        headers: {
          "access-control-allow-methods": methods.join(", "),
          "access-control-allow-headers": "content-type",
          "access-control-max-age": String(MAX_AGE),
        },
      });
    },
  };
}

function checkOrigin(given: string): void {
  const origin = URL.parse(given)?.origin ?? "null";
  if (given === ANY || given === origin && /^https?:/.test(origin)) return;
  const meant = /^https?:/.test(origin) ? origin : "https://example.org";
  throw inputError(
    `Cannot allow the origin "${given}": expected * or a scheme, a host and perhaps a port, such as ${meant}.`,
  );
}
