/** Reads the body of a request within its size limit. */
import type { ServeLimits } from "../../../schemas/http_api.ts";
import { isRefusal, refusal } from "../http/refusal.ts";

/** The bytes of a request's body; refuses one of another type, or one that is too large. */
export async function receive(
  request: Request,
  limits: ServeLimits,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  checkHeaders(request, limits);
  return await bodyOf(request, limits, signal);
}

function checkHeaders({ headers }: Request, { maxBody }: ServeLimits): void {
  const type = headers.get("content-type") ?? "none";
  if (type.split(";")[0].trim().toLowerCase() !== "application/json") {
    throw refusal(
      415,
      `Cannot read the request: expected content-type application/json, found ${
        type.slice(0, 80)
      }.`,
    );
  }
  const encoding = headers.get("content-encoding") ?? "identity";
  if (encoding.toLowerCase() !== "identity") {
    throw refusal(
      415,
      "Cannot read the request: expected a body without content-encoding; send it as it is.",
    );
  }
  if (Number(headers.get("content-length") ?? 0) > maxBody) {
    throw large(maxBody);
  }
}

async function bodyOf(
  { body }: Request,
  { maxBody }: ServeLimits,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = body?.getReader();
  const cancel = () => void reader?.cancel().catch(() => {});
  signal.addEventListener("abort", cancel);
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  try {
    while (reader !== undefined) {
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) break;
      bytes += value.length;
      if (bytes > maxBody) throw large(maxBody);
      chunks.push(value);
    }
  } catch (error) {
    cancel();
    signal.throwIfAborted();
    if (isRefusal(error)) throw error;
    throw refusal(400, "Cannot read the request: its body is not complete.");
  } finally {
    signal.removeEventListener("abort", cancel);
  }
  return await new Blob(chunks).bytes();
}

function large(maxBody: number): Error {
  return refusal(
    413,
    `Cannot take the request: expected a body of at most ${maxBody} bytes, found more; send several requests.`,
  );
}
