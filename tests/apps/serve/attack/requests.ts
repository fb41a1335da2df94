/** Requests that are malformed, too large or hostile, byte for byte, and what a server has to give for each. */

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

/** A request to translate, with these lines in its head beside the usual ones. */
const post = (
  body: string,
  head: readonly string[] = [
    "Host: localhost",
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
  ],
  line = "POST /translate HTTP/1.1",
) => [line, ...head, "", body].join("\r\n");

const body = (name: string, expect: number, text: string | (() => string)) => ({
  name: `body: ${name}`,
  bytes: () => latin1(post(typeof text === "string" ? text : text())),
  expect,
});

const utf8 = (name: string, expect: number, value: () => unknown) => ({
  name: `text: ${name}`,
  bytes: () => {
    const text = new TextEncoder().encode(JSON.stringify(value()));
    return latin1(
      post(Array.from(text, (b) => String.fromCharCode(b)).join("")),
    );
  },
  expect,
});

const get = (path: string, head: readonly string[] = ["Host: localhost"]) =>
  [`GET ${path} HTTP/1.1`, ...head, "", ""].join("\r\n");

const OWN_HOSTS = [
  ...["localhost", "LOCALHOST", "localhost:1", "localhost:65535"],
  ...["127.0.0.1", "127.0.0.1:8000", "[::1]", "[::1]:8000", "a.localhost"],
];

const FOREIGN_HOSTS = [
  ...["evil.example", "evil.example:8000", "localhost.evil.example"],
  ...["evil-localhost", "notlocalhost", "127.0.0.1.evil.example", "10.0.0.1"],
  ...["192.168.0.1:8000", "169.254.169.254", "[fe80::1]", "0.0.0.0", "[::]"],
  ...[
    "localhost.",
    "xn--locahost-q1a",
    "127.0.0.2",
    "metadata",
    "\xff\xfe",
    "a",
  ],
];

const BROKEN_HOSTS = [
  ...[
    "[]][",
    "[",
    "]",
    "[::1",
    "::1]",
    "a b",
    "a/b",
    "localhost/",
    "a@localhost",
  ],
  ...[
    "localhost@evil.example",
    "localhost:99999",
    "localhost:x",
    "a\\b",
    "a?b",
  ],
  ...[
    "localhost#",
    "%",
    "%00",
    "a<b",
    "a^b",
    "[1]",
    "[g::1]",
    "a:b:c",
  ],
];

const LINES: readonly (readonly [string, number])[] = [
  ["GET", 400],
  ["GET ", 400],
  ["GET /health", 200],
  ["GET  /health HTTP/1.1", 200],
  ["GET /health HTTP/9.9", 400],
  ["GET /health HTTP/1.1 x", 400],
  ["GET /health HTTQ/1.1", 400],
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
  ["* * *", 400],
  ["\r\r\r", 400],
  ["GET ftp://localhost/health HTTP/1.1", 400],
  ["GET http:// HTTP/1.1", 400],
  ["GET http://[ HTTP/1.1", 400],
  ["GET http://a@localhost/health HTTP/1.1", 400],
  ["GET http://evil.example/health HTTP/1.1", 421],
  ["GET https://evil.example:99/ HTTP/1.1", 421],
  ["GET http://localhost/health HTTP/1.1", 200],
  ["OPTIONS * HTTP/1.1", 400],
  ["CONNECT evil.example:443 HTTP/1.1", 0],
  ["TRACE /health HTTP/1.1", 405],
  ["DELETE /health HTTP/1.1", 405],
  ["PUT /translate HTTP/1.1", 405],
  ["PATCH /translate HTTP/1.1", 405],
  ["OPTIONS /translate HTTP/1.1", 405],
  ["PROPFIND /translate HTTP/1.1", 405],
  ["POST /health HTTP/1.1", 405],
  ["POST /metrics HTTP/1.1", 405],
  ["GET /translate HTTP/1.1", 405],
  ["HEAD /translate HTTP/1.1", 405],
];

const PATHS: readonly string[] = [
  ...[
    "/",
    "//",
    "///health",
    "/health/",
    "/Health",
    "/health%00",
    "/%2e%2e/health/x",
  ],
  ...[
    "/../../etc/passwd",
    "/..%2f..%2fetc%2fpasswd",
    "/%ff",
    "/%",
    "/%zz",
    "/health;x",
  ],
  ...[
    "//evil.example/health",
    "/\\evil.example",
    "/translate/../nothing",
    "/<script>",
  ],
  ...[
    "/constructor",
    "/__proto__",
    "/toString",
    "/translat",
    "/translatee",
    "/$\{7*7}",
  ],
  ...[
    "/health~",
    `/${"a".repeat(8000)}`,
    `/${"../".repeat(500)}`,
    "/?".repeat(100),
  ],
];

const HEADS: readonly (readonly [string, number, readonly string[]])[] = [
  ["no host", 400, []],
  ["two hosts", 400, ["Host: localhost", "Host: evil.example"]],
  ["the same host twice", 400, ["Host: localhost", "Host: localhost"]],
  ["an empty host", 400, ["Host:"]],
  ["a space before the colon", 400, ["Host : localhost"]],
  ["no colon", 400, ["Host: localhost", "nonsense"]],
  ["no name", 400, ["Host: localhost", ": x"]],
  ["a NUL in a name", 400, ["Host: localhost", "a\0b: c"]],
  ["a NUL in a value", 400, ["Host: localhost", "a: b\0c"]],
  ["a line feed in a value", 400, ["Host: localhost", "a: b\nc"]],
  ["a carriage return in a value", 400, ["Host: localhost", "a: b\rc"]],
  ["a folded line", 400, ["Host: localhost", "a: b", " c"]],
  ["a sign in a name", 400, ["Host: localhost", "a(b): c"]],
  ["a large header", 431, ["Host: localhost", `a: ${"b".repeat(100_000)}`]],
  ["a long name", 431, ["Host: localhost", `${"a".repeat(100_000)}: b`]],
  [
    "many headers",
    431,
    ["Host: localhost", ...Array.from({ length: 9000 }, (_, i) => `a${i}: b`)],
  ],
  ["bytes beyond ASCII in a value", 200, ["Host: localhost", "a: \xe9\xff"]],
  ["spaces around a value", 200, ["Host:   localhost   "]],
  ["an upgrade", 200, [
    "Host: localhost",
    "Connection: upgrade",
    "Upgrade: h2c",
  ]],
  [
    "a web socket",
    200,
    ["Host: localhost", "Connection: upgrade", "Upgrade: websocket"],
  ],
  ["an expectation that nobody knows", 417, [
    "Host: localhost",
    "Expect: magic",
  ]],
  ["a range", 200, ["Host: localhost", "Range: bytes=0-0,5-999999999999"]],
  ["an accept of nothing", 200, ["Host: localhost", "Accept: "]],
  ["a cookie", 200, ["Host: localhost", "Cookie: a=b; a=b"]],
  ["another origin", 200, ["Host: localhost", "Origin: http://evil.example"]],
  [
    "a forwarded host, which nobody believes",
    421,
    ["Host: evil.example", "X-Forwarded-Host: localhost"],
  ],
];

const JSON_HEAD = ["Host: localhost", "Content-Type: application/json"];

const FRAMES:
  readonly (readonly [string, number, readonly string[], string])[] = [
    ["no length", 400, JSON_HEAD, ""],
    ["a negative length", 400, [...JSON_HEAD, "Content-Length: -1"], "{}"],
    ["a length in letters", 400, [...JSON_HEAD, "Content-Length: ten"], "{}"],
    [
      "a length in hexadecimal",
      400,
      [...JSON_HEAD, "Content-Length: 0x2"],
      "{}",
    ],
    ["a length with a sign", 400, [...JSON_HEAD, "Content-Length: +2"], "{}"],
    ["a length with a point", 400, [...JSON_HEAD, "Content-Length: 2.0"], "{}"],
    ["an empty length", 400, [...JSON_HEAD, "Content-Length:"], "{}"],
    [
      "a length beyond 64 bits",
      400,
      [...JSON_HEAD, "Content-Length: 99999999999999999999999"],
      "{}",
    ],
    [
      "two lengths",
      400,
      [...JSON_HEAD, "Content-Length: 2", "Content-Length: 3"],
      "{} ",
    ],
    ["two lengths in one", 400, [...JSON_HEAD, "Content-Length: 2, 2"], "{}"],
    [
      "a length and chunks",
      400,
      [...JSON_HEAD, "Content-Length: 2", "Transfer-Encoding: chunked"],
      "0\r\n\r\n",
    ],
    [
      "a coding that nobody knows",
      0,
      [...JSON_HEAD, "Transfer-Encoding: magic"],
      "{}",
    ],
    [
      "chunks before another coding",
      400,
      [...JSON_HEAD, "Transfer-Encoding: chunked, gzip"],
      "0\r\n\r\n",
    ],
    [
      "a hidden coding",
      0,
      [...JSON_HEAD, "Transfer-Encoding: xchunked"],
      "0\r\n\r\n",
    ],
    [
      "a chunk without a size",
      0,
      [...JSON_HEAD, "Transfer-Encoding: chunked"],
      "\r\n{}\r\n0\r\n\r\n",
    ],
    [
      "a chunk of a negative size",
      0,
      [...JSON_HEAD, "Transfer-Encoding: chunked"],
      "-1\r\n{}\r\n0\r\n\r\n",
    ],
    [
      "a chunk of a size beyond 64 bits",
      0,
      [...JSON_HEAD, "Transfer-Encoding: chunked"],
      "fffffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
    ],
    [
      "a chunk that is longer than it says",
      0,
      [...JSON_HEAD, "Transfer-Encoding: chunked"],
      "1\r\n{}\r\n0\r\n\r\n",
    ],
    [
      "a chunk with a large extension",
      400,
      [...JSON_HEAD, "Transfer-Encoding: chunked"],
      `2;${"x".repeat(100_000)}\r\n{}\r\n0\r\n\r\n`,
    ],
    [
      "a body larger than it may be, by its length",
      413,
      [...JSON_HEAD, "Content-Length: 1000001"],
      "{}",
    ],
    [
      "a body larger than it may be, in chunks",
      413,
      [...JSON_HEAD, "Transfer-Encoding: chunked"],
      `${"10000\r\n" + " ".repeat(65_536) + "\r\n"}`.repeat(17) + "0\r\n\r\n",
    ],
    ["no type", 415, ["Host: localhost", "Content-Length: 2"], "{}"],
    [
      "a form",
      415,
      [
        "Host: localhost",
        "Content-Type: application/x-www-form-urlencoded",
        "Content-Length: 6",
      ],
      "text=a",
    ],
    [
      "plain text, as a page of another origin may send",
      415,
      ["Host: localhost", "Content-Type: text/plain", "Content-Length: 12"],
      '{"text":"a"}',
    ],
    [
      "a type that only begins like JSON",
      415,
      [
        "Host: localhost",
        "Content-Type: application/jsonp",
        "Content-Length: 2",
      ],
      "{}",
    ],
    [
      "a type in many spaces",
      415,
      [
        "Host: localhost",
        `Content-Type: application/json${" ".repeat(8000)}x`,
        "Content-Length: 2",
      ],
      "{}",
    ],
    [
      "a compressed body",
      415,
      [...JSON_HEAD, "Content-Encoding: gzip", "Content-Length: 2"],
      "{}",
    ],
    [
      "another request hidden after the body",
      400,
      [...JSON_HEAD, "Content-Length: 2"],
      "{}GET /health HTTP/1.1\r\n\r\n",
    ],
  ];

const text = (value: unknown) => JSON.stringify({ text: value });

/** The cases, for a server with the default limits. */
export const HOSTILE_REQUESTS: readonly HostileRequest[] = [
  ...OWN_HOSTS.map((host) =>
    raw(`host: ${host} is ours`, 200, get("/health", [`Host: ${host}`]))
  ),
  ...FOREIGN_HOSTS.map((host) =>
    raw(`host: ${host} is not ours`, 421, get("/health", [`Host: ${host}`]))
  ),
  ...BROKEN_HOSTS.map((host) =>
    raw(`host: ${host} is none`, 400, get("/health", [`Host: ${host}`]))
  ),
  ...LINES.map(([line, expect]) =>
    raw(
      `line: ${line}`,
      expect,
      `${line}\r\nHost: localhost\r\n\r\n`,
    )
  ),
  cut("line: no bytes", ""),
  cut("line: empty lines", "\r\n\r\n\r\n"),
  cut("line: half a method", "GE"),
  cut("line: half a line", "GET /heal"),
  cut("line: a line alone", "GET /health HTTP/1.1\r\n"),
  cut("head: half a name", "GET /health HTTP/1.1\r\nHos"),
  cut("head: half a value", "GET /health HTTP/1.1\r\nHost: loc"),
  cut("head: no end", "GET /health HTTP/1.1\r\nHost: localhost\r\n"),
  cut(
    "frame: a body that is cut",
    post("{", [...JSON_HEAD, "Content-Length: 100"]),
  ),
  cut(
    "frame: chunks without an end",
    post("2\r\n{}\r\n", [...JSON_HEAD, "Transfer-Encoding: chunked"]),
  ),
  cut(
    "frame: half a chunk",
    post("ff\r\n{}", [...JSON_HEAD, "Transfer-Encoding: chunked"]),
  ),
  cut("frame: a client that does not wait", post('{"text":"a b c"}')),
  raw("line: HTTP/1.0 without a host", 200, "GET /health HTTP/1.0\r\n\r\n"),
  raw("line: a long line without an end", 431, "GET /" + "a".repeat(100_000)),
  raw("line: a byte beyond ASCII in the path", 400, get("/health\xff")),
  raw("line: NULs", 400, "\0".repeat(10_000)),
  raw(
    "line: bytes of every kind",
    400,
    String.fromCharCode(
      ...Array.from({ length: 256 }, (_, i) => 255 - i),
    ),
  ),
  ...PATHS.map((path) => raw(`path: ${path.slice(0, 60)}`, 404, get(path))),
  ...HEADS.map(([name, expect, head]) =>
    raw(`head: ${name}`, expect, get("/health", head))
  ),
  ...FRAMES.map(([name, expect, head, sent]) =>
    raw(`frame: ${name}`, expect, post(sent, head))
  ),
  body("nothing", 400, ""),
  body("a space", 400, " "),
  body("no JSON", 400, '{"text": '),
  body("JSON twice", 400, '{"text":"a"}{"text":"a"}'),
  body("JavaScript", 400, "{text: 'a'}"),
  body("a comment", 400, '{"text":"a"} // b'),
  body("a byte order mark", 400, "\xfe\xff{}"),
  body("UTF-16", 400, "{\0}\0"),
  body("no UTF-8", 400, '{"text":"\xff"}'),
  body("UTF-8 that is cut", 400, '{"text":"\xc3"}'),
  body("an overlong slash", 400, '{"text":"\xc0\xaf"}'),
  body("a surrogate in UTF-8", 400, '{"text":"\xed\xa0\x80"}'),
  body("a NUL", 400, "\0"),
  body("a raw line break in a string", 400, '{"text":"a\nb"}'),
  body("an escape that is none", 400, '{"text":"\\x41"}'),
  body("NaN", 400, '{"text":"a","beam":NaN}'),
  body("a number beyond all", 400, '{"text":"a","beam":1e999}'),
  body("null", 400, "null"),
  body("a string", 400, '"a"'),
  body("a list", 400, '["a"]'),
  body("a number", 400, "1"),
  body("no text", 400, "{}"),
  body("a number as text", 400, '{"text":1}'),
  body("null as text", 400, '{"text":null}'),
  body("an object as text", 400, '{"text":{"length":1}}'),
  body("no sentence", 400, '{"text":[]}'),
  body("a list in a list", 400, '{"text":[["a"]]}'),
  body("a number among sentences", 400, '{"text":["a",1]}'),
  body("an unknown key", 400, '{"text":"a","beams":2}'),
  body("the key __proto__", 400, '{"text":"a","__proto__":{"beam":1}}'),
  body("the key constructor", 400, '{"text":"a","constructor":{}}'),
  body("an empty key", 400, '{"text":"a","":1}'),
  body("a beam of 0", 400, '{"text":"a","beam":0}'),
  body("a negative beam", 400, '{"text":"a","beam":-1}'),
  body("half a beam", 400, '{"text":"a","beam":1.5}'),
  body("a wide beam", 400, '{"text":"a","beam":1000000}'),
  body("a beam as text", 400, '{"text":"a","beam":"2"}'),
  body("no alternatives", 400, '{"text":"a","alternatives":0}'),
  body("more than the beam", 400, '{"text":"a","beam":2,"alternatives":3}'),
  body("many alternatives", 400, '{"text":"a","alternatives":1e9}'),
  body(
    "deep lists",
    400,
    () => `{"text":${"[".repeat(50_000)}${"]".repeat(50_000)}}`,
  ),
  body(
    "deep objects",
    400,
    () => '{"text":'.repeat(50_000) + "1" + "}".repeat(50_000),
  ),
  body("lists without an end", 400, () => "[".repeat(500_000)),
  body(
    "many unknown keys",
    400,
    () =>
      `{"text":"a",${
        Array.from({ length: 50_000 }, (_, i) => `"k${i}":1`).join()
      }}`,
  ),
  body(
    "a long unknown key",
    400,
    () => `{"text":"a","${"k".repeat(500_000)}":1}`,
  ),
  body(
    "a key as often as can be",
    200,
    () => `{${'"text":"a",'.repeat(50_000)}"text":"a"}`,
  ),
  body("a million numbers", 413, () => `{"text":[${"1,".repeat(400_000)}1]}`),
  body(
    "a number of many digits",
    400,
    () => `{"text":"a","beam":${"9".repeat(500_000)}}`,
  ),
  body(
    "many spaces in the JSON",
    200,
    () => `${" ".repeat(900_000)}{"text":"a"}`,
  ),
  body("many escapes", 413, () => `{"text":"${"\\u0020".repeat(150_000)}"}`),
  body("too many sentences", 413, () => text(Array(257).fill("a"))),
  body(
    "as many sentences as may be, all too long",
    413,
    () => text(Array(256).fill("ab ".repeat(1000))),
  ),
  body("100,000 spaces", 413, () => text(" ".repeat(100_000))),
  body(
    "a word, 100,000 spaces, a word",
    413,
    () => text(`a${" ".repeat(100_000)}b`),
  ),
  body("10,000 spaces", 200, () => text(" ".repeat(10_000))),
  body("9,998 spaces between words", 413, () => text(`a${" ".repeat(9998)}b`)),
  body("10,001 characters", 413, () => text("a".repeat(10_001))),
  body(
    "a word of 120,000 characters",
    413,
    () => text("abcdefgh".repeat(15_000)),
  ),
  body("a word of 9,000 characters", 413, () => text("x9".repeat(4500))),
  body("line breaks alone", 200, () => text("\n".repeat(10_000))),
  body("spaces and line breaks in turn", 200, () => text(" \n".repeat(5000))),
  body("tabs and carriage returns", 200, () => text("\t\r".repeat(5000))),
  body("257 words", 413, () => text("a ".repeat(257))),
  body("10,000 signs", 413, () => text("!?".repeat(5000))),
  body("10,000 quotes", 413, () => text('"'.repeat(10_000))),
  body(
    "a megabyte of sentences",
    413,
    () => text(Array(90).fill("\\".repeat(5000))),
  ),
  utf8("combining marks", 413, () => ({ text: "a" + "\u0301".repeat(9000) })),
  utf8("joined emoji", 413, () => ({ text: "👩‍👩‍👧".repeat(800) })),
  utf8("lone surrogates", 413, () => ({ text: "\ud800".repeat(2000) })),
  utf8("a lone surrogate", 200, () => ({ text: "a \udc00 b" })),
  utf8("controls", 200, () => ({ text: "\u0000\u0007\u001b[2J\u009b" })),
  utf8(
    "marks of direction",
    200,
    () => ({ text: "\u202e\u2066a\u2069\u200f" }),
  ),
  utf8("special subwords", 200, () => ({ text: "</s> <s> <pad>" })),
  utf8("signs of markup", 200, () => ({ text: "<script>alert(1)</script>" })),
  utf8(
    "white space of all kinds",
    200,
    () => ({ text: "\u0085\ufeff\u3000\u2028 ".repeat(50) }),
  ),
  utf8(
    "text that NFC makes longer",
    413,
    () => ({ text: "\u0958\ufb2c".repeat(2000) }),
  ),
];
