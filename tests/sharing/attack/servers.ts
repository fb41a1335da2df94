/** Servers that answer as none should: what they write, and what a remote and a download make of it. */
import type { Expectation } from "./manifests.ts";

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

export interface ServerCase {
  readonly name: string;
  readonly answer: Answer;
  /** Of a short text that a remote has. */
  readonly remote: Expectation;
  /** Of a file that is downloaded. */
  readonly download: Expectation;
}

/** What is asked for. */
export const BODY = '{"schema":1,"manifests":[]}\n';

const whole = `content-length: ${BODY.length}\r\n`;
const ok = (headers: string) =>
  `HTTP/1.1 200 OK\r\n${headers}connection: close\r\n\r\n`;

function status(
  code: number,
  remote: Expectation,
  download: Expectation = { refused: `status ${code}` },
): ServerCase {
  return {
    name: `status ${code}`,
    answer: {
      head: `HTTP/1.1 ${code} So\r\n${whole}connection: close\r\n\r\n`,
      body: BODY,
    },
    remote,
    download,
  };
}

function answered(
  name: string,
  answer: Answer,
  remote: Expectation,
  download: Expectation = remote,
): ServerCase {
  return { name, answer, remote, download };
}

const UNREACHABLE = { refused: "Cannot reach" };
const UNREACHED = { refused: "it cannot be reached" };
const SILENT = { refused: "it fell silent" };

export const SERVERS: readonly ServerCase[] = [
  answered("as any", { head: ok(whole), body: BODY }, "taken"),
  answered("without a length", { head: ok(""), body: BODY }, "taken"),
  answered("no head", { head: "" }, UNREACHABLE, UNREACHED),
  answered("no HTTP", { head: "SSH-2.0-So\r\n" }, UNREACHABLE, UNREACHED),
  answered(
    "HTTP of another time",
    { head: "HTTP/9.9 200 OK\r\n\r\n" },
    UNREACHABLE,
    UNREACHED,
  ),
  answered(
    "a head without end",
    { head: "HTTP/1.1 200 OK\r\n", hangs: true },
    SILENT,
  ),
  answered("timeout from the beginning", { head: "", hangs: true }, SILENT),
  answered(
    "timeout after the head",
    { head: ok(whole), hangs: true },
    SILENT,
  ),
  answered(
    "timeout in the middle",
    { head: ok(whole), body: BODY.slice(0, 9), hangs: true },
    { refused: "fewer than" },
  ),
  answered(
    "a byte now and then",
    { head: ok("content-length: 100000\r\n"), drip: 20 },
    { refused: "fewer than" },
  ),
  answered(
    "a byte now and then, of no length",
    { head: ok(""), drip: 20 },
    { refused: "fewer than" },
  ),
  answered(
    "fewer bytes than were said",
    { head: ok("content-length: 100\r\n"), body: BODY },
    UNREACHABLE,
    UNREACHED,
  ),
  answered(
    "a length of two minds",
    { head: ok(`${whole}content-length: 3\r\n`), body: BODY },
    UNREACHABLE,
    UNREACHED,
  ),
  answered(
    "a negative length",
    { head: ok("content-length: -1\r\n"), body: BODY },
    UNREACHABLE,
    UNREACHED,
  ),
  answered(
    "a length beyond numbers",
    { head: ok("content-length: 99999999999999999999\r\n"), body: BODY },
    UNREACHABLE,
    UNREACHED,
  ),
  answered(
    "what is said to be gzip, which nobody asked for",
    { head: ok(`${whole}content-encoding: gzip\r\n`), body: BODY },
    "taken",
  ),
  answered(
    "chunks that are none",
    { head: ok("transfer-encoding: chunked\r\n"), body: BODY },
    UNREACHABLE,
    UNREACHED,
  ),
  answered(
    "a chunk of all there is",
    {
      head: ok("transfer-encoding: chunked\r\n"),
      body: "ffffffffffffffff\r\n" + BODY,
    },
    UNREACHABLE,
    UNREACHED,
  ),
  answered(
    "a header of a megabyte",
    { head: ok(`x: ${"y".repeat(1 << 20)}\r\n${whole}`), body: BODY },
    UNREACHABLE,
    UNREACHED,
  ),
  answered(
    "a hundred thousand headers",
    { head: ok("x: y\r\n".repeat(100_000) + whole), body: BODY },
    UNREACHABLE,
    UNREACHED,
  ),
  answered(
    "a header with a zero byte",
    { head: ok(`x: a\0b\r\n${whole}`), body: BODY },
    UNREACHABLE,
    UNREACHED,
  ),
  answered(
    "bytes without end",
    { head: ok(""), body: BODY, flood: 50e6 },
    { refused: "it has more than" },
    { refused: "it sends more than" },
  ),
  answered(
    "no text",
    { head: ok("content-length: 2\r\n"), body: "\xff\xfe" },
    { refused: "no text in UTF-8" },
    "taken",
  ),
  answered(
    "a web page",
    { head: ok("content-length: 15\r\n"), body: "<!doctype html>" },
    "taken",
    { refused: "a web page in place of data" },
  ),
  answered(
    "a part that nobody asked for",
    {
      head:
        `HTTP/1.1 206 Partial\r\ncontent-range: bytes 5-9/10\r\n${whole}connection: close\r\n\r\n`,
      body: BODY,
    },
    { refused: "status 206" },
    // Of a part from elsewhere, the hash of the whole tells.
    "taken",
  ),
  status(100, UNREACHABLE, UNREACHED),
  status(201, { refused: "status 201" }, "taken"),
  status(204, { refused: "status 204" }),
  status(304, { refused: "status 304" }),
  ...[400, 401, 402, 403, 405, 406, 409, 411, 413, 414, 415, 416, 418, 451]
    .map((code) => status(code, { refused: `status ${code}` })),
  // What is not there is not there.
  status(404, "taken"),
  status(410, "taken"),
  ...[408, 429, 500, 501, 502, 503, 504, 507, 511, 599]
    .map((code) => status(code, { refused: `status ${code}` })),
  status(999, { refused: "status 999" }),
  status(0, UNREACHABLE, UNREACHED),
];

export interface RedirectCase {
  /** PORT is that of the server itself. */
  readonly location: string;
  /** Hosts that are allowed, with PORT too. */
  readonly allowed?: string;
  readonly remote: Expectation;
  /** Left out where it would leave this machine. */
  readonly download?: Expectation;
}

const ELSEWHERE = { refused: "a remote answers by itself" };
const NO_ADDRESS = { refused: "no address of the web" };

function redirect(
  location: string,
  remote: Expectation,
  download?: Expectation,
  allowed?: string,
): RedirectCase {
  return { location, remote, download, allowed };
}

/** A download that begins on this machine may go on here. */
export const REDIRECTS: readonly RedirectCase[] = [
  redirect("/whole", "taken", "taken"),
  redirect("whole", "taken", "taken"),
  redirect("http://127.0.0.1:PORT/whole", "taken", "taken"),
  redirect("http://localhost:PORT/whole", ELSEWHERE, "taken"),
  redirect(
    "http://localhost:PORT/whole",
    "taken",
    "taken",
    "localhost:PORT",
  ),
  redirect(
    "http://localhost:PORT/whole",
    "taken",
    "taken",
    "example.org, localhost:PORT",
  ),
  redirect("http://localhost:PORT/whole", ELSEWHERE, "taken", "localhost"),
  redirect("//localhost:PORT/whole", ELSEWHERE, "taken"),
  redirect("http://127.0.0.1:1/whole", ELSEWHERE, {
    refused: "it cannot be reached",
  }),
  redirect("http://169.254.169.254/latest/meta-data/", ELSEWHERE),
  redirect("http://[fd00:ec2::254]/latest/", ELSEWHERE),
  redirect("http://10.0.0.1/", ELSEWHERE),
  redirect("http://192.168.1.1/", ELSEWHERE),
  redirect("http://172.16.0.1/", ELSEWHERE),
  redirect("http://100.64.0.1/", ELSEWHERE),
  redirect("http://0/", ELSEWHERE),
  redirect("http://0x7f.1:1/", ELSEWHERE),
  redirect("http://2130706433:1/", ELSEWHERE),
  redirect("http://[::1]:1/", ELSEWHERE),
  redirect("http://[::ffff:169.254.169.254]/", ELSEWHERE),
  redirect("http://metadata.google.internal/", ELSEWHERE),
  redirect("https://example.org/", ELSEWHERE),
  redirect("http://127.0.0.1.example.org/", ELSEWHERE),
  redirect("http://127.0.0.1:PORT@example.org/", ELSEWHERE),
  redirect("file:///etc/passwd", NO_ADDRESS, NO_ADDRESS),
  redirect("ftp://example.org/", NO_ADDRESS, NO_ADDRESS),
  redirect("data:text/plain,x", NO_ADDRESS, NO_ADDRESS),
  redirect("javascript:x", NO_ADDRESS, NO_ADDRESS),
  redirect("blob:x", NO_ADDRESS, NO_ADDRESS),
  redirect("http://", NO_ADDRESS, NO_ADDRESS),
  redirect("http://[", NO_ADDRESS, NO_ADDRESS),
  redirect("http://127.0.0.1:99999/", NO_ADDRESS, NO_ADDRESS),
  redirect("/circle", { refused: "leads on more than" }, {
    refused: "leads on more than",
  }),
];

/** Where a download that began in the public network is led to, and whether it follows. */
export const PRIVATE_HOSTS: Readonly<Record<string, boolean>> = {
  "http://localhost/": true,
  "http://a.localhost/": true,
  "http://printer.local/": true,
  "http://metadata.google.internal/": true,
  "http://router.home.arpa/": true,
  "http://127.0.0.1/": true,
  "http://127.1/": true,
  "http://0/": true,
  "http://0x7f000001/": true,
  "http://2130706433/": true,
  "http://017700000001/": true,
  "http://10.1.2.3/": true,
  "http://172.16.0.1/": true,
  "http://172.31.255.255/": true,
  "http://192.168.0.1/": true,
  "http://169.254.169.254/": true,
  "http://100.64.0.1/": true,
  "http://100.127.255.255/": true,
  "http://[::]/": true,
  "http://[::1]/": true,
  "http://[fc00::1]/": true,
  "http://[fd00:ec2::254]/": true,
  "http://[fe80::1]/": true,
  "http://[febf::1]/": true,
  "http://[::ffff:10.0.0.1]/": true,
  "http://[::ffff:169.254.169.254]/": true,
  "http://[::127.0.0.1]/": true,
  "http://[64:ff9b::a9fe:a9fe]/": true,
  "http://LOCALHOST./": true,
  "http://172.15.0.1/": false,
  "http://172.32.0.1/": false,
  "http://100.128.0.1/": false,
  "http://11.0.0.1/": false,
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
