/** Standard input as lines: whatever comes in which pieces, and what is wrong with a line takes no other with it. */
import { assertEquals } from "@std/assert";
import { linesOf } from "../../../cli/console/input_lines.ts";

async function read(...chunks: readonly (string | Uint8Array)[]) {
  const encoder = new TextEncoder();
  const stream = ReadableStream.from(
    chunks.map((chunk) =>
      typeof chunk === "string" ? encoder.encode(chunk) : chunk
    ),
  );
  const lines: string[] = [];
  try {
    for await (const line of linesOf(stream)) lines.push(line);
    return { lines };
  } catch (error) {
    return { lines, error: error instanceof Error ? error.message : error };
  }
}

Deno.test("lines are the same in whichever pieces they come", async () => {
  const text = "\ufeffum\r\n\ndois 翻訳\n\ufefftrês\nquatro";
  const lines = ["um", "", "dois 翻訳", "\ufefftrês", "quatro"];
  const bytes = new TextEncoder().encode(text);
  for (let size = 1; size <= bytes.length; size++) {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      chunks.push(bytes.slice(at, at + size));
    }
    assertEquals(await read(...chunks), { lines });
  }
  assertEquals(await read(), { lines: [] });
  assertEquals(await read("um\n"), { lines: ["um"] });
});

Deno.test("a broken line is named from 1, after all that were before it", async () => {
  const broken = Uint8Array.of(0x61, 0xff, 0x0a);
  const error = (line: number) =>
    `Cannot translate line ${line} of standard input: it is not valid UTF-8.`;
  assertEquals(await read(broken, "um\n"), { lines: [], error: error(1) });
  assertEquals(await read("um\ndois\n", broken, "três\n"), {
    lines: ["um", "dois"],
    error: error(3),
  });
  assertEquals(await read("um\n", Uint8Array.of(0xe7)), {
    lines: ["um"],
    error: error(2),
  });
});

Deno.test("a line without an end is given up, and not kept in memory for ever", async () => {
  const { lines, error } = await read("um\n", "x".repeat(2_000_000));
  assertEquals(lines, ["um"]);
  assertEquals(
    error,
    "Cannot translate line 2 of standard input: it has 1000000 bytes or more.",
  );
});
