/** Short texts of a remote over a real connection: slow ones are waited for, what drips or falls silent, is too long or no text is refused. */
import { assertEquals, assertRejects } from "@std/assert";
import { openRemote } from "../../sharing/remotes/open.ts";
import type { NetworkPolicy } from "../../sharing/remotes/request.ts";
import { readText } from "../../sharing/remotes/text.ts";

const NETWORK = { attempts: 1, wait: 1, timeout: 1000, minimumBytes: 1 };
const MOST = 100_000;

/** Says a letter every tenth of a second, as often as it is told to, and then ends or falls silent. */
function letters(times: number, ends: boolean): ReadableStream<Uint8Array> {
  let timer: ReturnType<typeof setInterval> | undefined;
  return new ReadableStream({
    start: (controller) => {
      let said = 0;
      timer = setInterval(() => {
        if (said < times) controller.enqueue(new TextEncoder().encode("x"));
        else clearInterval(timer);
        if (said++ === times && ends) controller.close();
      }, 100);
    },
    cancel: () => clearInterval(timer),
  });
}

const ANSWERS: Readonly<Record<string, () => BodyInit>> = {
  "/slow": () => letters(20, true),
  "/drips": () => letters(1000, false),
  "/silent": () => letters(3, false),
  "/whole": () => "ü".repeat(MOST / 2),
  "/longer": () => "ü".repeat(MOST / 2) + ".",
  "/other": () => Uint8Array.of(0x7b, 0xff, 0xfe),
  "/marked": () => "\uFEFF{}",
  "/nothing": () => "",
};

Deno.test("a text of a web server is waited for while it comes, and taken as it is or refused in a sentence", async (t) => {
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    ({ url }) => new Response(ANSWERS[new URL(url).pathname]()),
  );
  const open = (network: NetworkPolicy) =>
    openRemote(`http://127.0.0.1:${server.addr.port}/`, {
      network,
    });
  const remote = open(NETWORK);
  const read = (path: string) => readText(remote, path, MOST, NETWORK);
  const refused = async (path: string, part: string) => {
    await assertRejects(() => read(path), Error, part);
  };
  await t.step("one that takes longer than the longest timeout", async () => {
    assertEquals(await read("slow"), "x".repeat(20));
  });
  await t.step("one that falls silent", async () => {
    await refused("silent", "it fell silent");
  });
  await t.step("one that only drips", async () => {
    const hasty = { ...NETWORK, minimumBytes: 15 };
    await assertRejects(
      () => readText(open(hasty), "drips", MOST, hasty),
      Error,
      "it sends fewer than 15 bytes in 1 s",
    );
  });
  await t.step("as long as may be, and longer", async () => {
    assertEquals(await read("whole"), "ü".repeat(MOST / 2));
    await refused("longer", `it has more than ${MOST} bytes`);
  });
  await t.step("no text, a mark of order, nothing", async () => {
    await refused("other", "it is no text in UTF-8");
    assertEquals(await read("marked"), "\uFEFF{}");
    assertEquals(await read("nothing"), "");
  });
});
