/** Small pictures of lines. */
import { assertMatch } from "@std/assert";
import { smallLines } from "../../../apps/report/html/small_lines.ts";

Deno.test("a line has as many points as it likes, from edge to edge", () => {
  const points = Array.from({ length: 300_000 }, (_, x) => ({ x, y: -x }));
  assertMatch(
    smallLines("falls", [{ color: "red", points }]).markup,
    /points="2\.0,2\.0 .* 238\.0,46\.0"/,
  );
});
