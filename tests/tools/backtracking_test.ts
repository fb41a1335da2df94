/** The lint rule against regular expressions whose time grows faster than the text. */
import { assertEquals } from "@std/assert";
import plugin from "../../tools/lint/backtracking.ts";

const found = (source: string, file = "serve/made.ts") =>
  Deno.lint.runPlugin(
    plugin,
    new URL(`../../${file}`, import.meta.url).pathname,
    source,
  ).length;

/** Each takes quadratic time, or worse, on a text of so many of one character. */
const SLOW = [
  String.raw`/\s*[\r\n]\s*/g`,
  String.raw`/\s+$/`,
  String.raw`/(a+)+$/`,
  String.raw`/^(?:a+ba+){2,}!/`,
  String.raw`/\d+\.\d+/`,
  String.raw`/^\s*(.+?)\s*$/`,
  String.raw`new RegExp("\\s+$", "u")`,
];

const FAST = [
  String.raw`/\s+/g`,
  String.raw`/\S+/g`,
  String.raw`/^\d+\.\d+$/`,
  String.raw`/(?<!\s)\s+$/`,
  String.raw`/[\r\n]/`,
  String.raw`new RegExp("[\\r\\n]")`,
  `"\\\\s+$"`,
];

Deno.test("the lint finds expressions that backtrack for longer than the text is long, the one that froze the server first", () => {
  for (const source of SLOW) {
    assertEquals(found(`export const x = ${source};`), 1, source);
  }
});

Deno.test("the lint accepts expressions that are done in linear time", () => {
  for (const source of FAST) {
    assertEquals(found(`export const x = ${source};`), 0, source);
  }
});

Deno.test("expressions of tests meet text of the project only, and are not looked at", () => {
  assertEquals(found(`export const x = ${SLOW[0]};`, "tests/made.ts"), 0);
});

Deno.test("deno task check runs the lint rule", () => {
  const { lint, tasks } = JSON.parse(
    Deno.readTextFileSync(new URL("../../deno.json", import.meta.url)),
  );
  assertEquals(lint.plugins, ["./tools/lint/backtracking.ts"]);
  assertEquals(/\bdeno lint\b/.test(tasks.check), true);
});
