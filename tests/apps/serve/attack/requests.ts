/** Requests that are malformed, too large or hostile, byte for byte, and what a server with the default limits has to give for each. */

export interface HostileRequest {
  readonly name: string;
  bytes(): Uint8Array<ArrayBuffer>;
  /** The client then ends its side: what is not complete stays so. */
  readonly isCut?: boolean;
  /** The status of the first answer; 0 is a connection that is closed without one. */
  readonly expect: number;
}

/** Text as bytes, a character a byte: so a case can have bytes that are no UTF-8. */
const latin1 = (text: string) =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));

const raw = (name: string, expect: number, text: string): HostileRequest => ({
  name,
  bytes: () => latin1(text),
  expect,
});

const cut = (name: string, text: string): HostileRequest => ({
  ...raw(name, 0, text),
  isCut: true,
});

const OWN = "Host: localhost";
const JSON_TYPE = "Content-Type: application/json";
const CHUNKED = "Transfer-Encoding: chunked";

const get = (path: string, ...head: readonly string[]) =>
  [`GET ${path} HTTP/1.1`, ...head, "", ""].join("\r\n");

/** A request to translate; of what its head has, the host is ours. */
const post = (body: string, ...head: readonly string[]) =>
  ["POST /translate HTTP/1.1", OWN, ...head, "", body].join("\r\n");

/** A complete one with this body. */
const body = (name: string, expect: number, text: string) =>
  raw(
    `body: ${name}`,
    expect,
    post(text, JSON_TYPE, `Content-Length: ${text.length}`),
  );

/** One that asks for the translation of a value. */
const text = (name: string, expect: number, value: unknown) => {
  const bytes = new TextEncoder().encode(JSON.stringify({ text: value }));
  return body(
    name,
    expect,
    Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""),
  );
};

const OWN_HOSTS = [
  ...["localhost", "LOCALHOST", "localhost:65535", "127.0.0.1:8000"],
  ...["[::1]:8000", "a.localhost"],
];

const FOREIGN_HOSTS = [
  ...["evil.example:8000", "localhost.evil.example", "notlocalhost"],
  ...["127.0.0.1.evil.example", "192.168.0.1:8000", "169.254.169.254"],
  ...["[fe80::1]", "0.0.0.0", "[::]", "localhost.", "xn--locahost-q1a"],
  ...["127.0.0.2", "\xff\xfe"],
];

const BROKEN_HOSTS = [
  ...["[]][", "[", "[::1", "::1]", "[1]", "[g::1]", "a:b:c", "a b"],
  ...["localhost/", "a@localhost", "localhost@evil.example", "localhost:x"],
  ...["localhost:99999", "localhost#", "a?b", "a\\b", "a<b", "%", "%00"],
];

/** Heads by which a page of another origin asks whether it may translate here: nobody has allowed it. */
const PREFLIGHTS: readonly (readonly string[])[] = [
  ["Origin: https://evil.example", "Access-Control-Request-Method: POST"],
  ["Origin: null", "Access-Control-Request-Method: POST"],
  ["Origin: http://localhost", "Access-Control-Request-Method: POST"],
  [
    ...["Origin: https://evil.example", "Access-Control-Request-Method: POST"],
    "Access-Control-Request-Private-Network: true",
  ],
];

const LINES: readonly (readonly [string, number])[] = [
  ["GET", 400],
  ["GET /health", 200],
  ["GET  /health HTTP/1.1", 200],
  ["GET /health HTTP/9.9", 400],
  ["GET /health HTTP/1.1 x", 400],
  ["GET /health http/1.1", 400],
  ["GET /he alth HTTP/1.1", 400],
  ["GET health HTTP/1.1", 400],
  ["GET \\health HTTP/1.1", 400],
  ["get /health HTTP/1.1", 400],
  ["G\0T /health HTTP/1.1", 400],
  [" GET /health HTTP/1.1", 400],
  ["FOO /health HTTP/1.1", 400],
  ["\x16\x03\x01\x02\x00\x01", 400],
  ["PRI * HTTP/2.0", 400],
  ["HTTP/1.1 200 OK", 400],
  ["\r\r\r", 400],
  ["GET ftp://localhost/health HTTP/1.1", 400],
  ["GET http://[ HTTP/1.1", 400],
  ["GET http://a@localhost/health HTTP/1.1", 400],
  ["GET http://evil.example/health HTTP/1.1", 421],
  ["GET http://localhost/health HTTP/1.1", 200],
  ["OPTIONS * HTTP/1.1", 400],
  ["CONNECT evil.example:443 HTTP/1.1", 405],
  ["TRACE /health HTTP/1.1", 405],
  ["PUT /translate HTTP/1.1", 405],
  ["PROPFIND /translate HTTP/1.1", 405],
  ["POST /health HTTP/1.1", 405],
  ["HEAD /translate HTTP/1.1", 405],
];

const PATHS: readonly string[] = [
  ...["/", "///health", "/health/", "/Health", "/health%00", "/health;x"],
  ...["/%2e%2e/health/x", "/../../etc/passwd", "/..%2f..%2fetc%2fpasswd"],
  ...["/%ff", "/%", "/%zz", "//evil.example/health", "/\\evil.example"],
  ...["/<script>", "/constructor", "/__proto__", "/translatee"],
  ...[`/${"a".repeat(8000)}`, `/${"../".repeat(500)}`, "/?".repeat(100)],
];

/** The lines of a head. */
const HEADS: readonly (readonly [string, number, ...string[]])[] = [
  ["no host", 400],
  ["two hosts", 400, OWN, "Host: evil.example"],
  ["the same host twice", 400, OWN, OWN],
  ["an empty host", 400, "Host:"],
  ["a space before the colon", 400, "Host : localhost"],
  ["no colon", 400, OWN, "nonsense"],
  ["no name", 400, OWN, ": x"],
  ["a NUL in a name", 400, OWN, "a\0b: c"],
  ["a NUL in a value", 400, OWN, "a: b\0c"],
  ["a line feed in a value", 400, OWN, "a: b\nc"],
  ["a carriage return in a value", 400, OWN, "a: b\rc"],
  ["a folded line", 400, OWN, "a: b", " c"],
  ["a sign in a name", 400, OWN, "a(b): c"],
  ["a large header", 431, OWN, `a: ${"b".repeat(100_000)}`],
  ["a long name", 431, OWN, `${"a".repeat(100_000)}: b`],
  ["many headers", 431, OWN, ...Array(9000).fill("a: b")],
  ["bytes beyond ASCII in a value", 200, OWN, "a: \xe9\xff"],
  ["spaces around a value", 200, "Host:   localhost   "],
  ["an upgrade", 200, OWN, "Connection: upgrade", "Upgrade: h2c"],
  ["a web socket", 200, OWN, "Connection: upgrade", "Upgrade: websocket"],
  ["an expectation that nobody knows", 417, OWN, "Expect: magic"],
  ["a range", 200, OWN, "Range: bytes=0-0,5-999999999999"],
  ["another origin", 200, OWN, "Origin: http://evil.example"],
  [
    "a forwarded host, which nobody believes",
    421,
    ...["Host: evil.example", "X-Forwarded-Host: localhost"],
  ],
];

/** Lengths that a head may give for a body of two bytes. */
const LENGTHS: readonly (readonly [string, ...string[]])[] = [
  ["negative", "-1"],
  ["in letters", "ten"],
  ["in hexadecimal", "0x2"],
  ["with a sign", "+2"],
  ["with a point", "2.0"],
  ["empty", ""],
  ["beyond 64 bits", "99999999999999999999999"],
  ["two in one", "2, 2"],
  ["two", "2", "3"],
];

/** Bodies of a head that says that they come in chunks. */
const CHUNKS: readonly (readonly [string, number, string])[] = [
  ["without a size", 0, "\r\n{}\r\n0\r\n\r\n"],
  ["of a negative size", 0, "-1\r\n{}\r\n0\r\n\r\n"],
  ["of a size beyond 64 bits", 0, "fffffffffffffffffffff\r\n{}\r\n0\r\n\r\n"],
  ["that is longer than it says", 0, "1\r\n{}\r\n0\r\n\r\n"],
  [
    "with a large extension",
    400,
    `2;${"x".repeat(100_000)}\r\n{}\r\n0\r\n\r\n`,
  ],
  [
    "of more than a body may be",
    413,
    `10000\r\n${" ".repeat(65_536)}\r\n`.repeat(17) + "0\r\n\r\n",
  ],
];

/** What a head may say of a body of two bytes. */
const FRAMES: readonly (readonly [string, number, ...string[]])[] = [
  ["a length and chunks", 400, JSON_TYPE, "Content-Length: 2", CHUNKED],
  ["a coding that nobody knows", 0, JSON_TYPE, "Transfer-Encoding: magic"],
  ["chunks before another coding", 400, JSON_TYPE, `${CHUNKED}, gzip`],
  ["a hidden coding", 0, JSON_TYPE, "Transfer-Encoding: xchunked"],
  [
    "more than may be, by its length",
    413,
    JSON_TYPE,
    "Content-Length: 1000001",
  ],
  ["no type", 415, "Content-Length: 2"],
  [
    "plain text, as a page of another origin may send",
    415,
    ...["Content-Type: text/plain", "Content-Length: 2"],
  ],
  [
    "a type that only begins like JSON",
    415,
    ...["Content-Type: application/jsonp", "Content-Length: 2"],
  ],
  [
    "a type in many spaces",
    415,
    ...[`${JSON_TYPE}${" ".repeat(8000)}x`, "Content-Length: 2"],
  ],
  [
    "a compressed body",
    415,
    ...[JSON_TYPE, "Content-Encoding: gzip", "Content-Length: 2"],
  ],
];

/** Bodies that are not a request as the API describes it. */
const BAD_BODIES: Readonly<Record<string, string>> = {
  "nothing": "",
  "no JSON": '{"text": ',
  "JSON twice": '{"text":"a"}{"text":"a"}',
  "a comment": '{"text":"a"} // b',
  "a byte order mark": "\xfe\xff{}",
  "UTF-16": "{\0}\0",
  "no UTF-8": '{"text":"\xff"}',
  "UTF-8 that is cut": '{"text":"\xc3"}',
  "an overlong slash": '{"text":"\xc0\xaf"}',
  "a surrogate in UTF-8": '{"text":"\xed\xa0\x80"}',
  "a NUL": "\0",
  "a raw line break in a string": '{"text":"a\nb"}',
  "an escape that is none": '{"text":"\\x41"}',
  "a number beyond all": '{"text":"a","beam":1e999}',
  "null": "null",
  "a list": '["a"]',
  "no text": "{}",
  "a number as text": '{"text":1}',
  "an object as text": '{"text":{"length":1}}',
  "no sentence": '{"text":[]}',
  "a number among sentences": '{"text":["a",1]}',
  "an unknown key": '{"text":"a","beams":2}',
  "the key __proto__": '{"text":"a","__proto__":{"beam":1}}',
  "a beam of 0": '{"text":"a","beam":0}',
  "half a beam": '{"text":"a","beam":1.5}',
  "a wide beam": '{"text":"a","beam":1000000}',
  "a beam as text": '{"text":"a","beam":"2"}',
  "no alternatives": '{"text":"a","alternatives":0}',
  "more than the beam": '{"text":"a","beam":2,"alternatives":3}',
  "deep lists": `{"text":${"[".repeat(50_000)}${"]".repeat(50_000)}}`,
  "deep objects": '{"text":'.repeat(50_000) + "1" + "}".repeat(50_000),
  "lists without an end": "[".repeat(500_000),
  "many unknown keys": `{"text":"a"${
    Array.from({ length: 50_000 }, (_, i) => `,"k${i}":1`).join("")
  }}`,
  "a long unknown key": `{"text":"a","${"k".repeat(500_000)}":1}`,
  "a number of many digits": `{"text":"a","beam":${"9".repeat(500_000)}}`,
};

export const HOSTILE_REQUESTS: readonly HostileRequest[] = [
  ...OWN_HOSTS.map((host) =>
    raw(`host: ${host} is ours`, 200, get("/health", `Host: ${host}`))
  ),
  ...FOREIGN_HOSTS.map((host) =>
    raw(`host: ${host} is not ours`, 421, get("/health", `Host: ${host}`))
  ),
  ...BROKEN_HOSTS.map((host) =>
    raw(`host: ${host} is none`, 400, get("/health", `Host: ${host}`))
  ),
  ...LINES.map(([line, expect]) =>
    raw(`line: ${line}`, expect, `${line}\r\n${OWN}\r\n\r\n`)
  ),
  raw("line: HTTP/1.0 without a host", 200, "GET /health HTTP/1.0\r\n\r\n"),
  raw("line: a long line without an end", 431, "GET /" + "a".repeat(100_000)),
  raw("line: a byte beyond ASCII in the path", 400, get("/health\xff", OWN)),
  raw("line: NULs", 400, "\0".repeat(10_000)),
  raw(
    "line: bytes of every kind",
    400,
    String.fromCharCode(...Array.from({ length: 256 }, (_, i) => 255 - i)),
  ),
  cut("line: no bytes", ""),
  cut("line: empty lines", "\r\n\r\n\r\n"),
  cut("line: half a line", "GET /heal"),
  cut("line: a line alone", "GET /health HTTP/1.1\r\n"),
  cut("head: half a value", "GET /health HTTP/1.1\r\nHost: loc"),
  cut("head: no end", `GET /health HTTP/1.1\r\n${OWN}\r\n`),
  cut("frame: a body that is cut", post("{", JSON_TYPE, "Content-Length: 100")),
  cut("frame: chunks without an end", post("2\r\n{}\r\n", JSON_TYPE, CHUNKED)),
  cut("frame: half a chunk", post("ff\r\n{}", JSON_TYPE, CHUNKED)),
  {
    ...text("a client that does not wait", 0, Array(250).fill("a b c")),
    isCut: true,
  },
  ...PATHS.map((path) =>
    raw(`path: ${path.slice(0, 60)}`, 404, get(path, OWN))
  ),
  ...HEADS.map(([name, expect, ...head]) =>
    raw(`head: ${name}`, expect, get("/health", ...head))
  ),
  ...LENGTHS.map(([name, ...lengths]) =>
    raw(
      `frame: a length, ${name}`,
      400,
      post("{}", JSON_TYPE, ...lengths.map((one) => `Content-Length: ${one}`)),
    )
  ),
  ...CHUNKS.map(([name, expect, sent]) =>
    raw(`frame: a chunk ${name}`, expect, post(sent, JSON_TYPE, CHUNKED))
  ),
  ...FRAMES.map(([name, expect, ...head]) =>
    raw(`frame: ${name}`, expect, post("{}", ...head))
  ),
  ...PREFLIGHTS.map((head, i) =>
    raw(
      `head: another origin asks whether it may, ${i}`,
      405,
      ["OPTIONS /translate HTTP/1.1", OWN, ...head, "", ""].join("\r\n"),
    )
  ),
  raw("frame: no length and no body", 400, post("", JSON_TYPE)),
  raw(
    "frame: another request hidden after the body",
    400,
    post("{}GET /health HTTP/1.1\r\n\r\n", JSON_TYPE, "Content-Length: 2"),
  ),
  ...Object.entries(BAD_BODIES).map(([name, sent]) => body(name, 400, sent)),
  body(
    "a key as often as can be",
    200,
    `{${'"text":"a",'.repeat(50_000)}"text":"a"}`,
  ),
  body("many spaces in the JSON", 200, `${" ".repeat(900_000)}{"text":"a"}`),
  body("a million numbers", 413, `{"text":[${"1,".repeat(400_000)}1]}`),
  body("many escapes", 413, `{"text":"${"\\u0020".repeat(150_000)}"}`),
  text("too many sentences", 413, Array(257).fill("a")),
  text(
    "as many as may be, all too long",
    413,
    Array(256).fill("ab ".repeat(1000)),
  ),
  text("a megabyte of sentences", 413, Array(90).fill("\\".repeat(5000))),
  text("100,000 spaces", 413, " ".repeat(100_000)),
  text("10,000 spaces", 200, " ".repeat(10_000)),
  text("9,998 spaces between words", 413, `a${" ".repeat(9998)}b`),
  text("10,001 characters", 413, "a".repeat(10_001)),
  text("a word of 120,000 characters", 413, "abcdefgh".repeat(15_000)),
  text("a word of 9,000 characters", 413, "x9".repeat(4500)),
  text("spaces and line breaks in turn", 200, " \n".repeat(5000)),
  text("257 words", 413, "a ".repeat(257)),
  text("10,000 signs", 413, "!?".repeat(5000)),
  text("combining marks", 413, "a" + "\u0301".repeat(9000)),
  text("joined emoji", 413, "👩‍👩‍👧".repeat(800)),
  text("lone surrogates", 413, "\ud800".repeat(2000)),
  text("a lone surrogate", 200, "a \udc00 b"),
  text("controls", 200, "\u0000\u0007\u001b[2J\u009b"),
  text("marks of direction", 200, "\u202e\u2066a\u2069\u200f"),
  text("special subwords", 200, "</s> <s> <pad>"),
  text("white space of all kinds", 200, "\u0085\ufeff\u3000\u2028 ".repeat(50)),
  text("text that NFC makes longer", 413, "\u0958\ufb2c".repeat(2000)),
];
