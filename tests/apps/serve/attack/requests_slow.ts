/** A server under many hostile requests: what mutated ones give, its health meanwhile, its memory, its descriptors and its end. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { random } from "../../../../nmt/random.ts";
import { Health } from "../../../../schemas/http_api.ts";
import { exchange, watchHealth } from "../raw.ts";
import { LONG, SENTENCES, trainedStudent } from "../../../fixtures/trained.ts";
import { trials } from "../../../fixtures/trials.ts";
import {
  byClients,
  linesOf,
  serve,
  type Served,
  serveWith,
  texts,
} from "../served.ts";
import { HOSTILE_REQUESTS, type HostileRequest } from "./requests.ts";

const CLIENTS = 8;
const RANDOM = trials(1000);
const SEED = Number(Deno.env.get("ATTACK_SEED") ?? 1);
/** A longer wait for /health would mean that a request blocks the server. */
const HEALTH_MS = 5000;
const REQUESTS = 20_000;
const GROWTH = 50e6;
/** Bytes of a request that is sent in each of many rounds; larger ones come in few. */
const SMALL = 20_000;

const run = await trainedStudent();

async function assertTranslates(server: Served): Promise<void> {
  await texts(await server.translate({ text: SENTENCES[0] }));
}

const sentTo = async (server: Served, request: HostileRequest) => {
  const { status, text } = await exchange(
    server.url,
    request.bytes(),
    request,
  );
  assertEquals(status, request.expect, `${request.name}: ${text.slice(-300)}`);
  return text;
};

/** A request changed in some places: bytes are flipped, put in, taken out, doubled or cut off. */
function mutated(
  bytes: Uint8Array<ArrayBuffer>,
  next: () => number,
): Uint8Array<ArrayBuffer> {
  let list = [...bytes.subarray(0, SMALL)];
  const at = () => Math.floor(next() * list.length);
  const changes = 1 + Math.floor(next() * 6);
  for (let change = 0; change < changes; change++) {
    const start = at(), count = 1 + Math.floor(next() * 20);
    const kind = Math.floor(next() * 5);
    if (kind === 0) list[start] = Math.floor(next() * 256);
    if (kind === 1) list.splice(start, 0, Math.floor(next() * 256));
    if (kind === 2) list.splice(start, count);
    if (kind === 3) list.splice(start, 0, ...list.slice(start, start + count));
    if (kind === 4 && next() < 0.2) list = list.slice(0, start);
  }
  return Uint8Array.from(list);
}

Deno.test(`${RANDOM} requests mutated at random are answered or closed, never with 500, and /health answers throughout`, async () => {
  await using server = await serve("--model", run.exported);
  await assertTranslates(server);
  const next = random("hostile requests", SEED);
  const requests = Array.from({ length: RANDOM }, () => {
    const of = Math.floor(next() * HOSTILE_REQUESTS.length);
    return mutated(HOSTILE_REQUESTS[of].bytes(), next);
  });
  const longest = watchHealth(server.url);
  await byClients(CLIENTS, RANDOM, async (i) => {
    // All of the hostile ones as they are meanwhile, the large ones as well.
    if (i % 4 === 0) {
      const { length } = HOSTILE_REQUESTS;
      await sentTo(server, HOSTILE_REQUESTS[(i / 4) % length]);
    }
    const { status, text } = await exchange(server.url, requests[i], {
      patience: 300,
    });
    const what = new TextDecoder("latin1").decode(requests[i]);
    assert(status !== -1, `${i}: no answer to ${what.slice(0, 500)}`);
    assert(status !== 500, `${i}: ${text} to ${what.slice(0, 500)}`);
  });
  const milliseconds = await longest();
  assert(milliseconds <= HEALTH_MS, `${milliseconds} ms`);
  await assertTranslates(server);
  server.signal("SIGTERM");
  assertEquals((await server.ended()).err, "");
});

Deno.test(`memory grows by less than 50 MB over ${REQUESTS} hostile requests`, async () => {
  await using server = await serve("--model", run.exported);
  const large = HOSTILE_REQUESTS.filter((r) => r.bytes().length > SMALL);
  const small = HOSTILE_REQUESTS.filter((r) => !large.includes(r));
  const send = (i: number) =>
    sentTo(
      server,
      i % 100 === 99
        ? large[Math.floor(i / 100) % large.length]
        : small[i % small.length],
    );
  const flood = (count: number) =>
    byClients(CLIENTS, count, async (i) => void await send(i));
  // Garbage comes and goes, most of it of the large ones: the least of several looks has little of it.
  const least = async () => {
    const found: number[] = [];
    for (let look = 0; look < 12; look++) {
      for (const request of large) await sentTo(server, request);
      found.push(await server.metric("process_resident_memory_bytes"));
    }
    return Math.min(...found);
  };
  // The heaps of its threads fill up first.
  await flood(REQUESTS);
  const sizes = [await least()];
  const hasGrown = () =>
    sizes.length < 2 ||
    sizes[sizes.length - 1] - sizes[sizes.length - 2] >= GROWTH;
  // What leaks grows each time; heaps that fill up, and garbage that waits, do not.
  while (hasGrown() && sizes.length < 4) {
    await flood(REQUESTS);
    sizes.push(await least());
  }
  assert(!hasGrown(), `${sizes.join(", ")} bytes`);
  assertEquals(await server.metric("ckd_requests_under_way"), 0);
});

Deno.test("told to stop amid hostile requests, a server refuses what comes, ends what is under way and exits with 0", async () => {
  await using server = await serve("--model", run.exported);
  const text = [...Array(200).fill(LONG), SENTENCES[3]];
  const whole = server.translate({ text, beam: 8 });
  const stream = server.translate({ text, beam: 8 }, {
    accept: "application/x-ndjson",
  });
  await server.until("ckd_requests_under_way", (count) => count === 2);
  let isDone = false;
  const flood = byClients(CLIENTS, Infinity, async (i) => {
    if (isDone) throw new Error("done");
    const { length } = HOSTILE_REQUESTS;
    await exchange(server.url, HOSTILE_REQUESTS[i % length].bytes(), {
      patience: 300,
    });
  }).catch(() => {});
  server.signal("SIGTERM");
  let response = await fetch(`${server.url}/health`);
  while (response.status === 200) {
    await response.body?.cancel();
    response = await fetch(`${server.url}/health`);
  }
  assertEquals(Health.parse(await response.json()).status, "stopping");
  const refused = await server.translate({ text: "o gato" });
  assertEquals(refused.status, 503);
  assertMatch(await refused.text(), /"Cannot [^\n]*\."/);
  assertEquals((await texts(await whole)).length, text.length);
  assertEquals((await linesOf(await stream)).length, text.length);
  const { code, out, err } = await server.ended();
  isDone = true;
  await flood;
  assertEquals([code, err], [0, ""]);
  assertMatch(
    out,
    /^Serving no-kd, pt to en, fp32, at http:\S+\nStopped: .*\n$/,
  );
});

const HALVES = [
  "GET /health HTTP/1.1\r\nHost: localhost\r\nA: ",
  "POST /translate HTTP/1.1\r\nHost: localhost\r\n" +
  "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
  "",
];

for (const [descriptors, count] of [[256, 500], [128, 300]] as const) {
  Deno.test(`with ${descriptors} descriptors and ${count} half-open connections a server goes on serving`, async () => {
    await using server = await serveWith(descriptors, "--model", run.exported);
    const { hostname, port } = new URL(server.url);
    const connections: Deno.TcpConn[] = [];
    try {
      for (let i = 0; i < count; i++) {
        const connection = await Deno.connect({ hostname, port: Number(port) });
        connections.push(connection);
        const half = HALVES[i % HALVES.length];
        await connection.write(new TextEncoder().encode(half)).catch(() => {});
        if (i % 50 === 49) {
          await exchange(
            server.url,
            new TextEncoder().encode(
              "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
            ),
            { seconds: 5 },
          ).then(({ status }) => assertEquals(status, 200));
        }
      }
      for (let i = 0; i < 20; i++) await assertTranslates(server);
    } finally {
      for (const connection of connections) connection.close();
    }
    await assertTranslates(server);
    server.signal("SIGTERM");
    const { code, err } = await server.ended();
    assertEquals([code, err], [0, ""]);
  });
}

Deno.test("a head that does not arrive is answered with 408 after ten seconds, and its connection closed", async () => {
  await using server = await serve("--model", run.exported);
  const { status } = await exchange(
    server.url,
    new TextEncoder().encode(HALVES[0]),
  );
  assertEquals(status, 408);
});
