/** Requests that a server has to refuse, with the status that each gets. */

export interface BadRequest {
  readonly title: string;
  readonly status: number;
  readonly path?: string;
  /** With another method than POST, or other headers. */
  readonly init: RequestInit;
}

const JSON_TYPE = { "content-type": "application/json" };

const body = (
  title: string,
  status: number,
  body: BodyInit,
): BadRequest => ({ title, status, init: { body, headers: JSON_TYPE } });

/** Of a server that takes so many bytes, sentences and words. */
export function badRequests({ maxBody, maxSentences, maxWords }: {
  readonly maxBody: number;
  readonly maxSentences: number;
  readonly maxWords: number;
}): readonly BadRequest[] {
  const large = JSON.stringify({ text: "a".repeat(maxBody) });
  return [
    body("nothing", 400, ""),
    body("no JSON", 400, '{"text": '),
    body("another kind of value", 400, "null"),
    body("a list", 400, '["a"]'),
    body("no text", 400, "{}"),
    body("a number", 400, '{"text": 1}'),
    body("a number in a list", 400, '{"text": ["a", 1]}'),
    body("no sentence", 400, '{"text": []}'),
    body("an unknown key", 400, '{"text": "a", "beams": 2}'),
    body("a key of every object", 400, '{"text": "a", "__proto__": {}}'),
    body("a beam of zero", 400, '{"text": "a", "beam": 0}'),
    body("a wide beam", 400, '{"text": "a", "beam": 1000000}'),
    body(
      "more alternatives than hypotheses",
      400,
      '{"text": "a", "beam": 2, "alternatives": 3}',
    ),
    body(
      "deep JSON",
      400,
      `{"text": ${"[".repeat(50_000)}${"]".repeat(50_000)}}`,
    ),
    body("bytes that are no text", 400, Uint8Array.of(0x7b, 0xff, 0xfe)),
    body("text that is cut", 400, Uint8Array.of(0x22, 0xc3)),
    body("a large body", 413, large),
    body("a large body of no told size", 413, streamOf(large)),
    body(
      "many sentences",
      413,
      JSON.stringify({ text: Array(maxSentences + 1).fill("a") }),
    ),
    body(
      "very many things that are no sentences",
      413,
      `{"text": [${"1,".repeat(200_000)}1]}`,
    ),
    body(
      "a sentence of many words",
      413,
      JSON.stringify({ text: ["a", "b ".repeat(maxWords + 1)] }),
    ),
    body(
      "a word of many subwords",
      413,
      JSON.stringify({ text: "x9".repeat(2000) }),
    ),
    {
      title: "another type",
      status: 415,
      init: { body: '{"text": "a"}', headers: { "content-type": "text/csv" } },
    },
    {
      title: "a compressed body",
      status: 415,
      init: {
        body: "x",
        headers: { ...JSON_TYPE, "content-encoding": "gzip" },
      },
    },
    { title: "another method", status: 405, init: { method: "GET" } },
    { title: "another path", path: "/translat", status: 404, init: {} },
    { title: "a POST to health", path: "/health", status: 405, init: {} },
  ];
}

/** Sends it; gives the status and the sentence of the answer. */
export async function send(
  url: string,
  { path = "/translate", init }: BadRequest,
): Promise<{ status: number; error: unknown }> {
  const { body } = init;
  const response = await fetch(url + path, {
    method: "POST",
    ...init,
    ...body instanceof Blob && { body: body.stream() },
  });
  const { error } = await response.json();
  return { status: response.status, error };
}

/** A body that is sent in pieces: `send` makes a stream of it, as a stream is sent once. */
function streamOf(text: string): Blob {
  return new Blob([text]);
}
