/** Parses a request body into sentences of token ids; runs in a worker. */
import { MAXIMUM_LENGTH } from "../../../nmt/decoding/beam_search.ts";
import { isInputError, parse } from "../../../base/input_error.ts";
import {
  type ServeLimits,
  type TranslateRequest,
  translateRequest,
} from "../../../schemas/http_api.ts";
import { marked } from "../../../nmt/text/subwords/language_tokens.ts";
import type { Subwords } from "../../../nmt/text/subwords/subwords.ts";
import { refusal } from "../http/refusal.ts";

export interface ReadRequest {
  readonly sentences: readonly string[];
  /** The ids of each sentence. */
  readonly sources: readonly Int32Array<ArrayBuffer>[];
  readonly beam: number;
  readonly alternatives: TranslateRequest["alternatives"];
}

/** Reads bodies for a model that was measured with a beam, and refuses what is no request or too large. */
export function bodyReader(
  subwords: Subwords,
  limits: ServeLimits,
  beam: number,
): (body: Uint8Array) => Promise<ReadRequest> {
  const schema = translateRequest(limits, beam, subwords.languages);
  return async (body) => {
    const value = asJson(asText(body));
    // Before the schema, which would look at each of a million.
    checkCount(value, limits);
    const { text, beam, alternatives, from } = checked(schema, value);
    const given = typeof text === "string" ? [text] : text;
    checkLengths(given, limits);
    const sentences = given.map(asLine)
      .map((line) => typeof from === "string" ? marked(line, from) : line);
    const sources = await subwords.encode(sentences);
    checkPositions(sources);
    return { sentences, sources, beam, alternatives };
  };
}

function asText(body: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    throw refusal(400, "Cannot read the request: its body is not UTF-8.");
  }
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

function checkLengths(
  sentences: readonly string[],
  { maxCharacters, maxWords }: ServeLimits,
): void {
  for (const [i, sentence] of sentences.entries()) {
    check(i, "characters", maxCharacters, sentence.length);
    check(i, "words", maxWords, sentence.match(/\S+/g)?.length ?? 0);
  }
}

/** A sentence for which the model has no positions is refused. */
function checkPositions(sources: readonly Int32Array[]): void {
  for (const [i, { length }] of sources.entries()) {
    check(i, "subwords", MAXIMUM_LENGTH, length);
  }
}

function check(index: number, what: string, most: number, found: number): void {
  if (found <= most) return;
  throw refusal(
    413,
    `Cannot take sentence ${
      index + 1
    }: expected at most ${most} ${what}, found ${found}; split it into sentences.`,
  );
}

/** Models are trained on lines: white space with a line break in it is a space. */
const asLine = (sentence: string) =>
  sentence.replace(/\s+/g, (space) => /[\r\n]/.test(space) ? " " : space)
    .trim();
