/** The model card of a run of several source languages. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { pipeline } from "../../fixtures/command.ts";
import { makeRun, temporary } from "../../fixtures/made_run.ts";

Deno.test("the card of a model of several source languages has all, a command that says one, and traces where they are joined", async () => {
  using folder = temporary();
  const records = makeRun(folder.path, {
    experiment: "quick",
    set: ['sourceLanguages={"tr":{}}'],
  });
  const { code, out, err } = await pipeline(
    ...["describe", "teacher", "--format", "model-card"],
    ...["--experiment", "quick", "--artifacts", folder.path],
  );
  assertEquals(code, 0, err);
  assertStringIncludes(out, "# teacher: pt, tr to en");
  assertStringIncludes(out, "language:\n  - pt\n  - tr\n  - en\n");
  assertStringIncludes(
    out,
    "deno task translate --model teacher --from pt < source.txt",
  );
  const { train } = records.get("join")?.outputs ?? {};
  assertStringIncludes(out, `\`${train.sha256}\``);
});
