/** The translation server: its answers and refusals, metrics, health and API description. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { Health, TranslateAnswer } from "../../../schemas/http_api.ts";
import { exchange } from "./raw.ts";
import { SENTENCES, trainedStudent } from "../../fixtures/trained.ts";
import { HOSTILE_REQUESTS } from "./attack/requests.ts";
import { serve, streamed, texts, translatedDirectly } from "./served.ts";

const run = await trainedStudent();

Deno.test("a server of the best student", async (t) => {
  await using server = await serve("--artifacts", run.artifacts);

  const sentences = SENTENCES.filter((_, i) => i % 75 === 0);
  const direct = await translatedDirectly(run.exported, sentences);

  await t.step(
    "a batch comes back as it is translated directly, and a stream line by line",
    async () => {
      assert(new Set(direct).size > sentences.length / 2);
      const whole = await server.translate({ text: sentences });
      assertEquals(await texts(whole), direct);
      const accept = { accept: "application/x-ndjson" };
      const response = await server.translate({ text: sentences }, accept);
      assertEquals(await streamed(response), direct);
    },
  );

  await t.step(
    "beam, alternatives, white space and nothing at all",
    async () => {
      const [greedy] = await texts(
        await server.translate({ text: sentences[0], beam: 1 }),
      );
      assert(greedy.length > 0);
      const response = await server.translate({
        text: ["", ` ${sentences[0].replace(" ", "\n")}\n`],
        beam: 4,
        alternatives: 3,
      });
      const { translations: [empty, wrapped] } = TranslateAnswer.parse(
        await response.json(),
      );
      assertEquals(empty.text, "");
      const { alternatives = [] } = wrapped;
      assertEquals(alternatives.length, 3);
      assertEquals(alternatives[0].text, wrapped.text);
      assertEquals(new Set(alternatives.map(({ text }) => text)).size, 3);
      assertEquals(
        await texts(
          await server.translate({
            text: sentences[0],
            beam: 4,
            alternatives: 3,
          }),
        ),
        [wrapped.text],
      );
    },
  );

  await t.step(
    `each of ${HOSTILE_REQUESTS.length} hostile requests gives what it must, in one sentence and without a trace of the program`,
    async () => {
      const names = new Set(HOSTILE_REQUESTS.map(({ name }) => name));
      assertEquals(names.size, HOSTILE_REQUESTS.length);
      for (const request of HOSTILE_REQUESTS) {
        const { name, expect } = request;
        const { status, text } = await exchange(
          server.url,
          request.bytes(),
          request,
        );
        assertEquals(status, expect, `${name}: ${text.slice(-300)}`);
        assert(!/^access-control-/im.test(text), name);
        const body = text.slice(text.indexOf("\r\n\r\n") + 4);
        if (expect < 400 || body === "" && name.includes("HEAD")) continue;
        assertMatch(JSON.parse(body).error, /^Cannot [^\n]{10,}\.$/, name);
        assert(!/file:|\.ts|at async/.test(body), `${name}: ${body}`);
      }
      assertEquals(
        await texts(await server.translate({ text: sentences })),
        direct,
      );
    },
  );

  await t.step(
    "metrics count what was done, in Prometheus's format",
    async () => {
      const response = await fetch(`${server.url}/metrics`);
      assertMatch(
        response.headers.get("content-type") ?? "",
        /^text\/plain; version=0\.0\.4/,
      );
      const text = await response.text();
      for (const line of text.trimEnd().split("\n")) {
        assertMatch(
          line,
          /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z]+="[^"]*",?)+\})? [0-9.e+-]+)$/,
        );
      }
      const buckets = [
        ...text.matchAll(/^ckd_sentence_seconds_bucket.* (\d+)$/gm),
      ]
        .map(([, count]) => Number(count));
      assertEquals(buckets, buckets.toSorted((a, b) => a - b));
      assert(await server.metric("ckd_sentence_seconds_count") > 100);
      assert(
        await server.metric(
          'ckd_requests_total{route="/translate",status="413"}',
        ) > 0,
      );
    },
  );

  await t.step(
    "the OpenAPI document has the limits, and every reference in it leads somewhere",
    async () => {
      const document = await (await fetch(`${server.url}/openapi.json`)).json();
      assertEquals(document.openapi, "3.1.0");
      for (const path of Object.keys(document.paths)) {
        const { status, body } = await fetch(server.url + path);
        await body?.cancel();
        assertEquals(status, path === "/translate" ? 405 : 200, path);
      }
      const { post } = document.paths["/translate"];
      const { schema } = post.requestBody.content["application/json"];
      assertEquals(schema.required, ["text"]);
      assertEquals(schema.properties.beam.maximum, 10);
      assertEquals(schema.properties.text.anyOf[1].maxItems, 256);
      const references = [
        ...JSON.stringify(document).matchAll(
          /"\$ref":"#\/components\/schemas\/(\w+)"/g,
        ),
      ];
      assert(references.length > 10);
      for (const [, name] of references) {
        const { type, anyOf } = document.components.schemas[name];
        assert(type === "object" || anyOf.length === 2, name);
      }
    },
  );

  await t.step(
    "health says what is served, on a connection that stays open",
    async () => {
      const response = await fetch(`${server.url}/health`);
      assertEquals(response.headers.get("keep-alive"), "timeout=65");
      const health = Health.parse(await response.json());
      assertEquals([health.status, health.system, health.precision], [
        "ready",
        "no-kd",
        "fp32",
      ]);
    },
  );
});

const ALLOWED = "https://app.example";

/** What a page of an origin is not, though it looks like one that is allowed. */
const OTHERS = [
  ...["https://evil.example", "https://app.example.evil", "null", "*", ""],
  ...["http://app.example", "https://app.example:8443", "https://app.example/"],
  ...[
    "https://a.app.example",
    "https://APP.example",
    "https://evilapp.example",
  ],
  ...[`${ALLOWED}, https://evil.example`, `${ALLOWED} https://evil.example`],
  ...["https://app.example.", "https://app.example@evil.example"],
];

Deno.test("with --cors, pages of that origin may ask and read, and no others, however they call themselves", async () => {
  await using server = await serve(
    ...["--artifacts", run.artifacts, "--cors", ALLOWED],
    ...["--cors", "http://localhost:5173"],
  );
  const ask = async (method: string, origin: string | undefined) => {
    const head = [
      `${method} /translate HTTP/1.1`,
      "Host: localhost",
      ...origin === undefined ? [] : [`Origin: ${origin}`],
      ...method === "OPTIONS" ? ["Access-Control-Request-Method: POST"] : [],
      ...["Content-Type: application/json", "Connection: close"],
    ];
    const body = method === "POST" ? '{"text":"o gato"}' : "";
    const { status, text } = await exchange(
      server.url,
      new TextEncoder().encode(
        [...head, `Content-Length: ${body.length}`, "", body].join("\r\n"),
      ),
    );
    const header = (name: string) =>
      new RegExp(`^${name}: (.*)\r$`, "im").exec(text)?.[1];
    return { status, header };
  };
  for (const origin of [ALLOWED, "http://localhost:5173"]) {
    const asked = await ask("OPTIONS", origin);
    assertEquals(asked.status, 204);
    assertEquals(asked.header("content-length"), undefined);
    assertEquals(asked.header("access-control-allow-methods"), "POST");
    assertEquals(asked.header("access-control-allow-headers"), "content-type");
    for (const { header } of [asked, await ask("POST", origin)]) {
      assertEquals(header("access-control-allow-origin"), origin);
      assertEquals(header("access-control-allow-credentials"), undefined);
      assertEquals(header("vary"), "origin");
    }
    // What is refused can be read too.
    const { status, header } = await ask("PUT", origin);
    assertEquals(status, 405);
    assertEquals(header("access-control-allow-origin"), origin);
  }
  for (const origin of [...OTHERS, undefined]) {
    const asked = await ask("OPTIONS", origin);
    assertEquals(asked.status, 405, origin);
    for (const { header } of [asked, await ask("POST", origin)]) {
      assertEquals(header("access-control-allow-origin"), undefined, origin);
      assertEquals(header("access-control-allow-methods"), undefined, origin);
      assertEquals(header("vary"), "origin", origin);
    }
  }
});

Deno.test("with --cors '*' pages of every origin may ask", async () => {
  await using server = await serve(
    ...["--artifacts", run.artifacts, "--cors", "*"],
  );
  const { headers, body } = await server.translate({ text: "o gato" }, {
    origin: "https://any.example",
  });
  await body?.cancel();
  assertEquals(headers.get("access-control-allow-origin"), "*");
  assertEquals(headers.get("vary"), null);
});

const UNUSABLE: readonly (readonly [string, readonly string[], string])[] = [
  ["a node that is not there", ["--model", "nokd"], 'did you mean "no-kd"'],
  ["a narrow beam", ["--max-beam", "1"], "--max-beam"],
  ["a queue for less than a request", ["--queue", "3"], '"queue"'],
  ["a port that is none", ["--port", "70000"], "from 0 to 65535"],
  ["an origin with a path", ["--cors", "https://a.example/b"], "such as"],
  ["an origin that is any file", ["--cors", "null"], "https://example.org"],
  ["an address of another machine", ["--host", "192.0.2.1"], "--host"],
];

for (const [title, args, part] of UNUSABLE) {
  Deno.test(`${title} is refused in one sentence`, async () => {
    const error = await serve("--artifacts", run.artifacts, ...args)
      .then(() => "it serves", ({ message }: Error) => message);
    assertMatch(error, /^No server: Cannot [^\n]*\.\n$/);
    assertStringIncludes(error, part);
  });
}
