/** The translation server under load: many clients, its limits, memory, and how it stops. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { Refused } from "../../../schemas/http_api.ts";
import { ROOT } from "../../fixtures/command.ts";
import { exchange, watchHealth } from "./raw.ts";
import { LONG, SENTENCES, trainedStudent } from "../../fixtures/trained.ts";
import {
  byClients,
  serve,
  streamed,
  texts,
  translatedDirectly,
} from "./served.ts";

const CLIENTS = 16;

const run = await trainedStudent();

const sentences = SENTENCES.filter((_, i) => i % 4 === 0).slice(0, 1000);
const direct = await translatedDirectly(run.exported, sentences);

const refusal = async (response: Response, status: number) => {
  const { error } = Refused.parse(await response.json());
  assertEquals(response.status, status, error);
  assertMatch(error, /^Cannot [^\n]*\.$/);
  return error;
};

Deno.test("many clients at once", async (t) => {
  await using server = await serve("--artifacts", run.artifacts);

  await t.step(
    `${sentences.length} sentences of ${CLIENTS} clients come back as they are translated directly, each to who asked`,
    async () => {
      assertEquals(sentences.length, 1000);
      assert(new Set(direct).size > 500, "the model says too much the same");
      const found: string[] = [];
      const times: number[] = [];
      const start = performance.now();
      await byClients(CLIENTS, sentences.length, async (i) => {
        const begin = performance.now();
        [found[i]] = await texts(
          await server.translate({ text: sentences[i] }),
        );
        times.push(performance.now() - begin);
      });
      const seconds = (performance.now() - start) / 1000;
      assertEquals(found, direct);
      times.sort((a, b) => a - b);
      const percentile = (part: number) =>
        times[Math.ceil(part * times.length) - 1].toFixed(0);
      console.log(
        `${CLIENTS} clients, ${sentences.length} sentences: p50 ${
          percentile(0.5)
        } ms, p95 ${percentile(0.95)} ms, ${
          (sentences.length / seconds).toFixed(0)
        } sentences/s`,
      );
    },
  );

  await t.step(
    "batches and streams of many sizes are whole, in order or with their index",
    async () => {
      const starts = Array.from({ length: 60 }, (_, i) => i * 16);
      await byClients(CLIENTS, starts.length, async (i) => {
        const size = 1 + (i * 7) % 16;
        const part = (all: readonly string[]) =>
          all.slice(starts[i], starts[i] + size);
        const text = part(sentences);
        if (i % 2 === 0) {
          const found = await texts(await server.translate({ text }));
          assertEquals(found, part(direct));
          return;
        }
        const accept = { accept: "application/x-ndjson" };
        const response = await server.translate({ text }, accept);
        assertEquals(await streamed(response), part(direct));
      });
    },
  );

  await t.step(
    "a stream gives a line before the last sentence is done",
    async () => {
      const response = await fetch(`${server.url}/translate?stream`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ text: [sentences[0], ...Array(8).fill(LONG)] }),
      });
      const reader = response.body?.getReader();
      const first = await reader?.read();
      assertMatch(new TextDecoder().decode(first?.value), /^\{"index":0/);
      assert(await server.metric("ckd_requests_under_way") === 1);
      while (await reader?.read().then(({ done }) => !done));
    },
  );

  await t.step(
    "what would take quadratic time is read at once, or refused by its characters",
    async () => {
      const longest = watchHealth(server.url);
      for (
        const [text, status, what] of [
          [" ".repeat(100_000), 413, "100000"],
          [`a${" \n".repeat(4999)}b`, 200, ""],
          ["abcdefgh".repeat(15_000), 413, "120000"],
          ["abcdefgh".repeat(1250), 413, "subwords"],
        ] as const
      ) {
        const response = await server.translate({ text });
        assertEquals(response.status, status, text.slice(0, 10));
        assertStringIncludes(await response.text(), what);
      }
      // A longer wait would mean that reading blocks the server.
      assert(await longest() < 5000);
    },
  );
});

Deno.test("small limits", async (t) => {
  await using server = await serve(
    ...["--model", run.exported, "--int8", "--concurrency", "1"],
    ...["--queue", "600", "--max-sentences", "600", "--requests", "4"],
    ...["--timeout", "3", "--allow-host", "translate.example"],
  );

  await t.step(
    "a name that is allowed is answered, with any port",
    async () => {
      for (
        const [host, status] of [["translate.example:99", 200], ["a", 421]]
      ) {
        const text = `GET /health HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
        const bytes = new TextEncoder().encode(text);
        assertEquals((await exchange(server.url, bytes)).status, status);
      }
    },
  );

  await t.step(
    "what does not fit in the queue is refused with 429, and told when to ask again",
    async () => {
      const first = server.translate({ text: Array(600).fill(LONG), beam: 10 });
      await server.until("ckd_waiting_sentences", (waiting) => waiting > 500);
      const response = await server.translate({ text: Array(200).fill("a") });
      assertEquals(response.headers.get("retry-after"), "1");
      assertStringIncludes(await refusal(response, 429), "are waiting of 600");
      const { status } = await first;
      assert(status === 200 || status === 503);
      await (await first).body?.cancel();
    },
  );

  await t.step(
    "a request that its client gave up is not worked on",
    async () => {
      await server.until("ckd_requests_under_way", (count) => count === 0);
      await server.until("ckd_waiting_sentences", (count) => count === 0);
      const done = () => server.metric("ckd_sentence_seconds_count");
      const before = await done();
      // Without a stream, Deno tells of it where the body came with the head.
      for (
        const [accept, text] of [
          ["application/json", Array(120).fill("g")],
          ["application/x-ndjson", Array(600).fill(LONG)],
        ] as const
      ) {
        const client = new AbortController();
        const request = server.translate(
          { text, beam: 10 },
          { accept },
          client.signal,
        ).then((response) => response.text());
        await server.until("ckd_waiting_sentences", (waiting) => waiting > 20);
        client.abort();
        const outcome = await request.catch(({ name }: Error) => name);
        assertEquals(outcome, "AbortError");
        await server.until("ckd_waiting_sentences", (waiting) => waiting === 0);
        await server.until("ckd_requests_under_way", (count) => count === 0);
        const status = `ckd_requests_total{route="/translate",status="499"}`;
        assert(
          accept !== "application/json" || await server.metric(status) === 1,
        );
      }
      // Of each, no more than were begun.
      await texts(await server.translate({ text: "o gato" }));
      assert(await done() - before < 600, `${await done() - before} were done`);
    },
  );

  await t.step(
    "more requests at once than may be are refused, slow ones are given up",
    async () => {
      const { port, hostname } = new URL(server.url);
      const slow = await Promise.all(Array.from({ length: 4 }, async () => {
        const connection = await Deno.connect({ hostname, port: Number(port) });
        await connection.write(new TextEncoder().encode(
          "POST /translate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
        ));
        return connection;
      }));
      await server.until("ckd_requests_under_way", (count) => count === 4);
      const refused = await server.translate({ text: "o gato" });
      assertStringIncludes(await refusal(refused, 429), "4 are under way of 4");
      for (const connection of slow) {
        let answer = "";
        // Head and body may come apart.
        for await (
          const piece of connection.readable.pipeThrough(
            new TextDecoderStream(),
          )
        ) {
          answer += piece;
          if (/\r\n\r\n.*\}$/s.test(answer.trimEnd())) break;
        }
        assertMatch(answer, /^HTTP\/1\.1 503 /);
        assertStringIncludes(answer, "within 3 s");
      }
      assertEquals(await server.metric("ckd_requests_under_way"), 0);
    },
  );
});

Deno.test("a word of 120,000 characters is refused by translate in one sentence", async () => {
  const word = "abcdefgh".repeat(15_000);
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--allow-all", "cli/tasks.ts", "translate"],
      ...["--artifacts", run.artifacts],
    ],
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  // It may end before it has read all.
  const [{ code, stderr }] = await Promise.all([
    process.output(),
    new Blob([`o gato\n${word}\n`]).stream().pipeTo(process.stdin)
      .catch(() => {}),
  ]);
  assertEquals(code, 2);
  assertMatch(
    new TextDecoder().decode(stderr),
    /^Cannot [^\n]*subwords[^\n]*\.\n$/,
  );
});
