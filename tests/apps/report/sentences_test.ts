/** Which test sentences a report has where all would be too many. */
import { assert, assertEquals } from "@std/assert";
import { keptOf } from "../../../apps/report/sections/sentences.ts";

/** Sentences of 10 characters a side, which a system translates the better the later they are, or the earlier. */
function system(count: number, sign: 1 | -1) {
  return {
    pairs: Array.from({ length: count }, () => ({
      source: "0123456789",
      target: "0123456789",
    })),
    lines: Array.from({ length: count }, () => "0123456789"),
    scores: Array.from({ length: count }, (_, i) => sign * i),
  };
}

Deno.test("all sentences are kept where there is room for them", () => {
  const systems = [system(50, 1), system(50, -1)];
  assertEquals(
    keptOf(systems, 50 * 40),
    Array.from({ length: 50 }, (_, i) => i),
  );
  assertEquals(keptOf([]), []);
});

Deno.test("of too many sentences the worst and best of each system are kept, and others from everywhere, in order and in the room that there is", () => {
  const kept = keptOf([system(1000, 1), system(1000, -1)], 100 * 40);
  assertEquals(kept.length, 100);
  assertEquals(kept, kept.toSorted((a, b) => a - b));
  for (const extreme of [0, 1, 10, 989, 998, 999]) {
    assert(kept.includes(extreme), `${extreme}`);
  }
  for (const from of [100, 300, 500, 700]) {
    assert(kept.some((i) => i >= from && i < from + 200), `${from}`);
  }
});
