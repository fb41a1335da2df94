/** Servers that answer as none should: what they send, and what a remote and a download make of it. */

/** How a server answers a request for one file, byte by byte. */
export interface Answer {
  readonly head: string;
  readonly body?: string;
  /** The body comes a byte at a time, so many milliseconds apart, as long as anybody listens. */
  readonly drip?: number;
  /** The connection stays open, and nothing more comes. */
  readonly hangs?: boolean;
  /** Bytes of zeros behind the body. */
  readonly flood?: number;
}

/** A part of the refusal; undefined if what was sent is accepted. */
type Refused = string | undefined;

/** An answer, and what comes of it for a short text that a remote has and for a file that is downloaded. */
export type ServerCase = readonly [
  answer: Answer,
  remote: Refused,
  download: Refused,
];

/** What is asked for. */
export const BODY = '{"schema":1,"manifests":[]}\n';

const accepted = undefined;
const whole = `content-length: ${BODY.length}\r\n`;

/** A head with some lines of headers, after which the connection closes. */
const head = (status: string, headers: string) =>
  `HTTP/1.1 ${status}\r\n${headers}connection: close\r\n\r\n`;
const ok = (headers: string) => head("200 OK", headers);

/** What a remote and a download both accept or refuse. */
const both = (answer: Answer, refused: Refused): ServerCase => [
  answer,
  refused,
  refused,
];
const unreachable = (head: string, body = BODY): ServerCase => [
  { head, body },
  "Cannot reach",
  "it cannot be reached",
];

const SILENT = "it fell silent";
const SLOW = "fewer than";

export const SERVERS: Readonly<Record<string, ServerCase>> = {
  "as any": both({ head: ok(whole), body: BODY }, accepted),
  "without a length": both({ head: ok(""), body: BODY }, accepted),
  "no head": unreachable("", ""),
  "no HTTP": unreachable("SSH-2.0-So\r\n", ""),
  "HTTP of another version": unreachable("HTTP/9.9 200 OK\r\n\r\n", ""),
  "status 0": unreachable(head("0 So", whole)),
  "status 100": unreachable(head("100 So", whole)),
  "a head without end": both(
    { head: "HTTP/1.1 200 OK\r\n", hangs: true },
    SILENT,
  ),
  "nothing": both({ head: "", hangs: true }, SILENT),
  "nothing after the head": both({ head: ok(whole), hangs: true }, SILENT),
  "nothing after the middle": both(
    { head: ok(whole), body: BODY.slice(0, 9), hangs: true },
    SLOW,
  ),
  "a byte now and then": both(
    { head: ok("content-length: 100000\r\n"), drip: 20 },
    SLOW,
  ),
  "a byte now and then, of no length": both({ head: ok(""), drip: 20 }, SLOW),
  "fewer bytes than were said": unreachable(ok("content-length: 100\r\n")),
  "two lengths": unreachable(ok(`${whole}content-length: 3\r\n`)),
  "a negative length": unreachable(ok("content-length: -1\r\n")),
  "a length beyond numbers": unreachable(
    ok("content-length: 99999999999999999999\r\n"),
  ),
  "what is said to be gzip, which nobody asked for": both(
    { head: ok(`${whole}content-encoding: gzip\r\n`), body: BODY },
    accepted,
  ),
  "chunks that are none": unreachable(ok("transfer-encoding: chunked\r\n")),
  "a chunk of all there is": unreachable(
    ok("transfer-encoding: chunked\r\n"),
    "ffffffffffffffff\r\n" + BODY,
  ),
  "a header of a megabyte": unreachable(
    ok(`x: ${"y".repeat(1 << 20)}\r\n${whole}`),
  ),
  "a hundred thousand headers": unreachable(
    ok("x: y\r\n".repeat(100_000) + whole),
  ),
  "a header with a zero byte": unreachable(ok(`x: a\0b\r\n${whole}`)),
  "bytes without end": [
    { head: ok(""), body: BODY, flood: 50e6 },
    "it has more than",
    "it sends more than",
  ],
  "no text": [
    { head: ok("content-length: 2\r\n"), body: "\xff\xfe" },
    "no text in UTF-8",
    accepted,
  ],
  "a web page": [
    { head: ok("content-length: 15\r\n"), body: "<!doctype html>" },
    accepted,
    "a web page in place of data",
  ],
  "a part that nobody asked for": [
    {
      head: head("206 Part", `content-range: bytes 5-9/10\r\n${whole}`),
      body: BODY,
    },
    "status 206",
    // The hash of the whole would be wrong.
    accepted,
  ],
  "status 201": [
    { head: head("201 So", whole), body: BODY },
    "status 201",
    accepted,
  ],
  // What is not there is not there.
  ...Object.fromEntries(
    [404, 410].map((status) => [
      `status ${status}`,
      [
        { head: head(`${status} So`, whole), body: BODY },
        accepted,
        `status ${status}`,
      ],
    ]),
  ),
  ...Object.fromEntries(
    [204, 304, 400, 401, 403, 408, 416, 429, 500, 503, 599, 999].map((
      status,
    ) => [
      `status ${status}`,
      both(
        { head: head(`${status} So`, whole), body: BODY },
        `status ${status}`,
      ),
    ]),
  ),
};

export interface RedirectCase {
  /** PORT is that of the server itself. */
  readonly location: string;
  /** Hosts that are allowed, with PORT too. */
  readonly allowed?: string;
  readonly remote: Refused;
  /** Not tried if undefined, as it would leave this machine; null if it is accepted. */
  readonly download?: string | null;
}

const LOCALHOST = "http://localhost:PORT/whole";
const ELSEWHERE = "a remote answers by itself";

/** A download that begins on this machine may go on here. */
export const REDIRECTS: readonly RedirectCase[] = [
  ...["/whole", "whole", "http://127.0.0.1:PORT/whole"]
    .map((location) => ({ location, remote: accepted, download: null })),
  ...["localhost:PORT", "example.org, localhost:PORT"].map((allowed) => ({
    ...{ location: LOCALHOST, allowed },
    ...{ remote: accepted, download: null },
  })),
  ...[LOCALHOST, "//localhost:PORT/whole"]
    .map((location) => ({ location, remote: ELSEWHERE, download: null })),
  {
    ...{ location: LOCALHOST, allowed: "localhost" },
    ...{ remote: ELSEWHERE, download: null },
  },
  {
    location: "http://127.0.0.1:1/whole",
    remote: ELSEWHERE,
    download: "it cannot be reached",
  },
  ...[
    "http://169.254.169.254/latest/meta-data/",
    "http://10.0.0.1/",
    "http://0x7f.1:1/",
    "http://[::ffff:169.254.169.254]/",
    "http://metadata.google.internal/",
    "https://example.org/",
    "http://127.0.0.1.example.org/",
    "http://127.0.0.1:PORT@example.org/",
  ].map((location) => ({ location, remote: ELSEWHERE })),
  ...[
    "file:///etc/passwd",
    "ftp://example.org/",
    "data:text/plain,x",
    "http://",
    "http://[",
    "http://127.0.0.1:99999/",
  ].map((location) => ({
    location,
    remote: "no address of the web",
    download: "no address of the web",
  })),
  {
    location: "/circle",
    remote: "leads on more than",
    download: "leads on more than",
  },
];

/** Where a download that began in the public network is led to, and whether it follows. */
export const PRIVATE_HOSTS: Readonly<Record<string, boolean>> = {
  "http://localhost/": true,
  "http://printer.local/": true,
  "http://router.home.arpa/": true,
  "http://127.0.0.1/": true,
  "http://0/": true,
  "http://10.1.2.3/": true,
  "http://172.16.0.1/": true,
  "http://192.168.0.1/": true,
  "http://169.254.169.254/": true,
  "http://100.64.0.1/": true,
  "http://100.127.255.255/": true,
  "http://[::]/": true,
  "http://[::1]/": true,
  "http://[fc00::1]/": true,
  "http://[fe80::1]/": true,
  "http://[::ffff:169.254.169.254]/": true,
  "http://[::127.0.0.1]/": true,
  "http://[64:ff9b::a9fe:a9fe]/": true,
  "http://LOCALHOST./": true,
  "http://172.15.0.1/": false,
  "http://172.32.0.1/": false,
  "http://100.128.0.1/": false,
  "http://8.8.8.8/": false,
  "http://[2001:4860:4860::8888]/": false,
  "http://[::ffff:8.8.8.8]/": false,
  "http://example.org/": false,
  "http://localhost.example.org/": false,
  "http://10.example.org/": false,
};

/** Texts with addresses, and what must not be told of them. */
export const PASSWORDS: Readonly<Record<string, string>> = {
  "https://a@b:sec@ret@host/x": "https://…@b:…@host/x",
  "https://user:secret@example.org/models": "https://user:…@example.org/models",
  "https://secret@example.org/models": "https://…@example.org/models",
  "s3://key:secret@models/of/ours": "s3://key:…@models/of/ours",
  "ftp://user:se@cret@example.org": "ftp://user:…@example.org",
  'Cannot use "https://user:se/cret@example.org/a".':
    'Cannot use "https://user:…@example.org/a".',
  "https://user:1234@example.org/": "https://user:…@example.org/",
  "http://example.org:8000/a@b": "http://example.org:8000/a@b",
  "https://example.org/@scope/name@1.0.0":
    "https://example.org/@scope/name@1.0.0",
  "from https://a:secret@b/ and https://c:secret@d/":
    "from https://a:…@b/ and https://c:…@d/",
  "someone@example.org": "someone@example.org",
};
