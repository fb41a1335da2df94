/** What would run, as a terminal and a pipe show it. */
import { assert, assertEquals } from "@std/assert";
import type { Console } from "../../../cli/console/console.ts";
import { printPreview } from "../../../cli/console/node_reports.ts";
import { quietConsole } from "../fixtures/command_line.ts";

/** All that a dry run prints, on so many columns. */
function previewed(columns?: number): string {
  const { console, printed } = quietConsole();
  const size: Console["size"] = () =>
    columns === undefined ? undefined : { columns, rows: 24 };
  printPreview({ ...console, size }, [], {
    experiment: "paper",
    json: false,
    notices: [],
    estimate: {
      ...{ seconds: 7000, bytes: 7e8, freeBytes: 1e9, memoryBytes: 1e9 },
      ...{ memory: {}, nodes: {}, by: "a matrix product measured now" },
      unknown: Array.from({ length: 65 }, (_, i) => `pair-${i}/states`),
      missing:
        `Cannot use runtime openvino on cpu: found no such file; run it, or take ONNX Runtime by --set 'runtime={"name":"onnx"}': its results have keys of their own, so that all is made anew.`,
    },
  });
  return printed().out;
}

Deno.test("a terminal gets lines that fit, a pipe each sentence in one", () => {
  for (const columns of [80, 40]) {
    for (const line of previewed(columns).split("\n")) {
      assert(line.length < columns, line);
    }
  }
  const whole = previewed();
  assertEquals(
    previewed(40).replace(/\s+/g, " "),
    whole.replace(/\s+/g, " "),
  );
  assertEquals(whole.trimEnd().split("\n").slice(3), [
    "about 1.9 hours, 0.7 GB of disk and 1 GB of memory, by a matrix product measured now; " +
    "not counted, as its data is not known yet: pair-0/states, pair-1/states, pair-2/states and 62 more",
    "",
    "Cannot use runtime openvino on cpu: found no such file; run it, " +
    `or take ONNX Runtime by --set 'runtime={"name":"onnx"}': its results have keys of their own, so that all is made anew.`,
  ]);
});
