/** A refused request: an HTTP status and one sentence. */
import type { Refused } from "../../../schemas/http_api.ts";

const NAME = "Refusal";

export interface Refusal extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** The message is one sentence that says what was expected, what was found and what to do. */
export function refusal(
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Refusal {
  return Object.assign(new Error(message), { name: NAME, status, headers });
}

export function isRefusal(error: unknown): error is Refusal {
  return error instanceof Error && error.name === NAME;
}

/** Too much to do now, and when to ask again. */
export function busy(status: 429 | 503, message: string): Refusal {
  return refusal(status, message, { "retry-after": "1" });
}

/** The answer to a request that is refused; its connection ends, as its body may not have been read. */
export function refused({ status, message, headers }: Refusal): Response {
  const body: Refused = { error: message };
  return Response.json(body, {
    status,
    headers: { ...headers, connection: "close" },
  });
}
