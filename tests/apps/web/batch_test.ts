/** Which sentences the page translates together. */
import { assertEquals } from "@std/assert";
import { batchOf } from "../../../apps/web/page/model/batch.ts";

const length = ({ length }: string) => length;

Deno.test("a batch is the first sentence and those that are nearest to it in length", () => {
  const waiting = ["four", "a", "seven77", "five5", "six666", "fou2"];
  assertEquals(batchOf(waiting, length, 4), [
    ...["four", "fou2", "five5", "six666"],
  ]);
  assertEquals(batchOf(waiting, length, 1), ["four"]);
  assertEquals(batchOf(waiting, length, 100).toSorted(), waiting.toSorted());
});

Deno.test("of nothing there is no batch", () => {
  assertEquals(batchOf([], length, 8), []);
});

Deno.test("of long sentences there are fewer in a batch, and one at least", () => {
  const waiting = [300, 310, 290, 500, 320].map((n) => "x".repeat(n));
  const lengths = batchOf(waiting, length, 8).map(length);
  assertEquals(lengths, [300, 310, 290]);
  assertEquals(batchOf(["x".repeat(2000), "x"], length, 8).map(length), [2000]);
});
