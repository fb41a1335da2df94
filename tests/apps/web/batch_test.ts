/** Which sentences the page translates together. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { batchOf, WINDOW } from "../../../apps/web/page/model/batch.ts";
import { openInPageRuntime } from "../../../bench/parity/page_runtime.ts";
import { exportedGraphs } from "../../../nmt/export/graphs.ts";
import { temporary } from "../../fixtures/made_run.ts";
import { randomModel, randomSources } from "../../nmt/fixtures/plain_search.ts";

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

Deno.test("the bench translates in the page's batches: the first sentence alone, then growing ones", async () => {
  using folder = temporary();
  const path = join(folder.path, "translate.onnx");
  const graphs = exportedGraphs(randomModel(23, 3), "float32", 1);
  Deno.writeFileSync(path, graphs.translate);
  const translator = await openInPageRuntime(path);
  const sources = randomSources(23, WINDOW + 10, 8, 3);
  const done: number[] = [];
  const options = { beam: 2, lengthPenalty: 1, maximumLength: 5 };
  const found = await translator.translate(sources, {
    ...options,
    report: (count) => done.push(count),
  });
  assertEquals(done.slice(0, 5), [1, 3, 7, 15, 23]);
  assertEquals(done.at(-1), sources.length);
  const [alone] = await translator.translate(sources.slice(-1), options);
  assertEquals(found.at(-1)?.ids, alone.ids);
  await translator.dispose();
});
