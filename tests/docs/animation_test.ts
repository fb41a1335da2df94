/** The moving picture of a recorded session. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { animation, commandsIn } from "../../docs/pictures/animation.ts";

const SIZE = { columns: 40, rows: 4 };

/** A session of a command that counts to a hundred, and of one that writes what markup is made of. */
const SESSION = [
  {
    command: "count",
    code: 0,
    seconds: 100,
    written: Array.from({ length: 100 }, (_, i) => ({
      seconds: i + 0.5,
      text: `\r\x1b[32m${i + 1}\x1b[39m of 100${i < 99 ? "" : "\r\n"}`,
    })),
  },
  {
    command: 'echo "<a> & b"',
    code: 3,
    seconds: 1,
    written: [{ seconds: 0.1, text: "<a> & b\r\n" }],
  },
];

Deno.test("what was run and how it ended is in the picture, whatever characters it has", async () => {
  const svg = await animation(SESSION, SIZE);
  assertEquals(
    commandsIn(svg),
    SESSION.map(({ command, code, seconds }) => ({ command, code, seconds })),
  );
  assertMatch(svg, />&lt;a> &amp; b<\/tspan>/);
});

Deno.test("a long command is shown at moments of equal distance, each row once, in the terminal's colours", async () => {
  const svg = await animation(SESSION, SIZE);
  const shown = [...svg.matchAll(/class="c2">(\d+)<\/tspan>/g)]
    .map(([, number]) => Number(number));
  // 6.5 seconds of it, 0.4 apart.
  assertEquals(shown.length, 16);
  for (const [i, number] of shown.entries()) {
    assert(Math.abs(number - 100 * (i + 1) / 16) <= 1, shown.join());
  }
  const rows = [...svg.matchAll(/<text id="r\d+">(.*?)<\/text>/g)];
  assertEquals(new Set(rows.map(([, row]) => row)).size, rows.length);
});

Deno.test("the screen has the terminal's rows: what scrolls out is gone", async () => {
  const text = ["one", "two", "three", "four", "five"].join("\r\n");
  const svg = await animation([
    { command: "true", code: 0, seconds: 1, written: [{ seconds: 0, text }] },
  ], SIZE);
  const last = svg.split("<use ").at(-1)?.split("\n")[0] ?? "";
  const [, id] = /href="#(r\d+)"/.exec(last) ?? [];
  assertMatch(svg, new RegExp(`<text id="${id}"><tspan[^>]*>five</tspan>`));
  const frames = svg.split('<g id="s">\n')[1].split("\n</g>")[0].split("\n");
  assertEquals(frames.at(-1)?.match(/<use /g)?.length, SIZE.rows);
});
