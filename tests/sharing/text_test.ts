/** Short texts of a web server: a slow one is waited for, one that falls silent or is too long is refused. */
import { assertEquals, assertRejects } from "@std/assert";
import { openRemote } from "../../sharing/remotes/open.ts";
import { readText } from "../../sharing/remotes/text.ts";

const NETWORK = { attempts: 1, wait: 1, timeout: 1000, minimumBytes: 1 };
const MOST = 100_000;

/** Sends a letter every tenth of a second, `times` times, and then ends or falls silent. */
function letters(times: number, ends: boolean): ReadableStream<Uint8Array> {
  let timer: ReturnType<typeof setInterval> | undefined;
  return new ReadableStream({
    start: (controller) => {
      let sent = 0;
      timer = setInterval(() => {
        if (sent < times) controller.enqueue(new TextEncoder().encode("x"));
        else clearInterval(timer);
        if (sent++ === times && ends) controller.close();
      }, 100);
    },
    cancel: () => clearInterval(timer),
  });
}

/** Answers by path, and the text that is read or a part of the refusal. */
const ANSWERS: Readonly<
  Record<string, readonly [() => BodyInit, string | { refused: string }]>
> = {
  "/slower-than-the-timeout": [() => letters(20, true), "x".repeat(20)],
  "/silent": [() => letters(3, false), { refused: "it fell silent" }],
  "/as-long-as-allowed": [() => "ü".repeat(MOST / 2), "ü".repeat(MOST / 2)],
  "/longer": [() => "ü".repeat(MOST / 2) + ".", {
    refused: `it has more than ${MOST} bytes`,
  }],
  "/with-a-mark-of-order": [() => "\uFEFF{}", "\uFEFF{}"],
  "/empty": [() => "", ""],
};

Deno.test("a text of a web server is read as it is, or refused in a sentence", async () => {
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    ({ url }) => new Response(ANSWERS[new URL(url).pathname][0]()),
  );
  const address = `http://127.0.0.1:${server.addr.port}/`;
  const remote = openRemote(address, { network: NETWORK });
  for (const [path, [, expected]] of Object.entries(ANSWERS)) {
    const read = () => readText(remote, path.slice(1), MOST);
    if (typeof expected === "string") assertEquals(await read(), expected);
    else await assertRejects(read, Error, expected.refused);
  }
});
