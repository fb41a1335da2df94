/** Series of numbers in a fixed room, and their bars. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { createSeries, sparkline } from "../../../cli/console/sparkline.ts";

Deno.test("bars go from the lowest number to the highest", () => {
  assertEquals(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8), "▁▂▃▄▅▆▇█");
  assertEquals(sparkline([7, 0, 3.4], 8), "█▁▄");
  assertEquals(sparkline([5, 5], 8), "▁▁");
  assertEquals(sparkline([], 8), "");
});

Deno.test("more numbers than bars are means of neighbours", () => {
  assertEquals(sparkline([0, 0, 4, 4, 7, 7], 3), "▁▅█");
  assertEquals(
    [...sparkline(Array.from({ length: 1001 }, (_, i) => i), 9)].length,
    9,
  );
});

Deno.test("a long series is as many means, the first of its first numbers and the last of its last", () => {
  const series = createSeries(16);
  const count = 100_003;
  for (let i = 0; i < count; i++) series.add(i);
  series.add(NaN);
  const means = series.means();
  assert(means.length > 7 && means.length <= 17, String(means.length));
  assert(means.every((mean, i) => i === 0 || mean > means[i - 1]));
  // Whole means are of 8,192 numbers.
  assertAlmostEquals(means[0], 8191 / 2, 1e-9);
  assert(means[means.length - 1] > count - 8192);
});
