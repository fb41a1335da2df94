/** Tables that fit the terminal. */
import { assert, assertEquals } from "@std/assert";
import {
  fewNames,
  fewReasons,
  stacked,
  table,
} from "../../../cli/console/table.ts";

const ROWS = [
  ["node", "state", "reason"],
  ["student:rkd", "stale", "config.alpha 0.5 -> 0.7; input states is stale"],
];

Deno.test("a table that is too wide is cut in its last column, or left without it", () => {
  for (const width of [80, 60, 40, 32, 24, 12]) {
    const lines = table(ROWS, undefined, width).split("\n");
    assert(lines.every((line) => line.length <= width), lines.join("\n"));
  }
  assertEquals(
    table(ROWS, undefined, 40).split("\n")[1],
    "student:rkd  stale  config.alpha 0.5 ->…",
  );
  assertEquals(table(ROWS, undefined, 24).split("\n")[1], "student:rkd  stale");
  assertEquals(table(ROWS, undefined, 80), table(ROWS));
});

Deno.test("of many reasons and names the first three are told, and how many more there are", () => {
  const names = ["a", "b", "c", "d", "e"];
  assertEquals(fewReasons(names.slice(0, 3)), "a; b; c");
  assertEquals(
    fewReasons(names.slice(0, 4)),
    "a; b; c; and 1 more reason",
  );
  assertEquals(fewReasons(names), "a; b; c; and 2 more reasons");
  assertEquals(fewNames(names.slice(0, 3)), "a, b, c");
  assertEquals(fewNames(names), "a, b, c and 2 more");
});

const MARKDOWN = `## pt-en

| system  | BLEU | chrF | p (rkd) |
| ------- | ---: | ---: | ------: |
| teacher | 40.7 | 58.4 |         |

after
`;

Deno.test("a Markdown table that is too wide follows in parts, each with the first column; nothing is lost", () => {
  assertEquals(stacked(MARKDOWN, 35), MARKDOWN);
  assertEquals(stacked(MARKDOWN), MARKDOWN);
  assertEquals(
    stacked(MARKDOWN, 26),
    `## pt-en

| system  | BLEU | chrF |
| ------- | ---: | ---: |
| teacher | 40.7 | 58.4 |

| system  | p (rkd) |
| ------- | ------: |
| teacher |         |

after
`,
  );
  for (const cell of ["BLEU", "chrF", "p (rkd)"]) {
    assert(stacked(MARKDOWN, 12).includes(cell));
  }
});
