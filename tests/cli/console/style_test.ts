/** When there are colours, and when lines are redrawn. */
import { assertEquals } from "@std/assert";
import { canRedraw, wantsColour } from "../../../cli/console/style.ts";

Deno.test("colours follow NO_COLOR, FORCE_COLOR, TERM and the terminal", () => {
  const cases = [
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: "1" }, true, false],
    [{ NO_COLOR: "" }, true, true],
    [{ TERM: "dumb" }, true, false],
    [{ FORCE_COLOR: "1" }, false, true],
    [{ FORCE_COLOR: "0" }, true, false],
    [{ FORCE_COLOR: "" }, false, false],
    [{ FORCE_COLOR: "1", NO_COLOR: "1", TERM: "dumb" }, false, true],
  ] as const;
  for (const [env, isTerminal, expected] of cases) {
    assertEquals(wantsColour(env, isTerminal), expected, JSON.stringify(env));
  }
});

Deno.test("lines are redrawn unless the terminal cannot, or CI looks on", () => {
  const cases = [
    [{}, true],
    [{ CI: "" }, true],
    [{ CI: "false" }, true],
    [{ CI: "true" }, false],
    [{ CI: "1" }, false],
    [{ TERM: "dumb" }, false],
  ] as const;
  for (const [env, expected] of cases) {
    assertEquals(canRedraw(env), expected, JSON.stringify(env));
  }
});
