/** Reads what a client wants translated, and refuses what is no such request or too large. */
import { isInputError, parse } from "../schemas/errors.ts";
import {
  type ServeLimits,
  type TranslateRequest,
  translateRequest,
} from "../schemas/serve.ts";
import { refusal } from "./refusal.ts";

export interface ReadRequest {
  readonly sentences: readonly string[];
  readonly beam: number;
  readonly alternatives: TranslateRequest["alternatives"];
}

/** Reads requests to a model that was measured with a beam. */
export function requestReader(
  limits: ServeLimits,
  beam: number,
): (request: Request, signal: AbortSignal) => Promise<ReadRequest> {
  const schema = translateRequest(limits, beam);
  return async (request, signal) => {
    checkHeaders(request, limits);
    const value = asJson(await bodyOf(request, limits, signal));
    // Before the schema, which would look at each of a million.
    checkCount(value, limits);
    const { text, beam, alternatives } = checked(schema, value);
    const sentences = typeof text === "string" ? [text] : text;
    checkWords(sentences, limits);
    return { sentences: sentences.map(asLine), beam, alternatives };
  };
}

function checkHeaders({ headers }: Request, { maxBody }: ServeLimits): void {
  const type = headers.get("content-type") ?? "none";
  if (!/^application\/json *(;|$)/i.test(type)) {
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

/** The text of a body, of which no more is read than may be. */
async function bodyOf(
  { body }: Request,
  { maxBody }: ServeLimits,
  signal: AbortSignal,
): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const reader = body?.getReader();
  const cancel = () => void reader?.cancel().catch(() => {});
  signal.addEventListener("abort", cancel);
  let text = "", bytes = 0;
  try {
    while (reader !== undefined) {
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) break;
      bytes += value.length;
      if (bytes > maxBody) throw large(maxBody);
      text += decoder.decode(value, { stream: true });
    }
    return text + decoder.decode();
  } catch (error) {
    cancel();
    if (!(error instanceof TypeError)) throw error;
    throw refusal(400, "Cannot read the request: its body is not UTF-8.");
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}

function large(maxBody: number): Error {
  return refusal(
    413,
    `Cannot take the request: expected a body of at most ${maxBody} bytes, found more; send several requests.`,
  );
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refusal(
      400,
      'Cannot read the request: its body is no JSON; expected an object such as {"text": "Hello"}.',
    );
  }
}

function checkCount(value: unknown, { maxSentences }: ServeLimits): void {
  const isObject = typeof value === "object" && value !== null;
  const text = isObject && "text" in value ? value.text : undefined;
  if (!Array.isArray(text) || text.length <= maxSentences) return;
  throw refusal(
    413,
    `Cannot take the request: expected at most ${maxSentences} sentences, found ${text.length}; send several requests.`,
  );
}

function checked(
  schema: ReturnType<typeof translateRequest>,
  value: unknown,
): TranslateRequest {
  try {
    return parse(schema, value, "the request");
  } catch (error) {
    if (isInputError(error)) throw refusal(400, error.message);
    // Of JSON that is too deep to be shown.
    if (!(error instanceof RangeError)) throw error;
    throw refusal(400, "Cannot read the request: its JSON is nested too deep.");
  }
}

function checkWords(
  sentences: readonly string[],
  { maxWords }: ServeLimits,
): void {
  for (const [i, sentence] of sentences.entries()) {
    const words = sentence.match(/\S+/g)?.length ?? 0;
    if (words <= maxWords) continue;
    throw refusal(
      413,
      `Cannot take sentence ${
        i + 1
      }: expected at most ${maxWords} words, found ${words}; split it into sentences.`,
    );
  }
}

/** Models are trained on lines. */
const asLine = (sentence: string) =>
  sentence.replace(/\s*[\r\n]\s*/g, " ").trim();
