/** What the summary of a report says of the best student's differences. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { pipeline } from "../../fixtures/command.ts";
import { makeRun, temporary } from "../../fixtures/made_run.ts";

Deno.test("the summary has a verdict by the corrected test of planned comparisons, and none by an exploratory p", async () => {
  using folder = temporary();
  makeRun(folder.path);
  const path = join(folder.path, "manifest.json");
  const manifest = JSON.parse(Deno.readTextFileSync(path));
  const pageWith = async (metrics: Record<string, number | string>) => {
    const record = structuredClone(manifest);
    Object.assign(record.nodes.compare.metrics, metrics);
    Deno.writeTextFileSync(path, JSON.stringify(record));
    const { code, out, err } = await pipeline(
      ...["report", "--experiment", "tiny", "--artifacts", folder.path],
    );
    assertEquals(code, 0, err);
    return Deno.readTextFileSync(out.trim());
  };
  const to = (baseline: string, figures: Record<string, number | string>) =>
    Object.fromEntries(
      Object.entries(figures)
        .map(([what, value]) => [`no-kd.bleu.to.${baseline}.${what}`, value]),
    );
  assertStringIncludes(
    await pageWith(to("teacher", { low: -1.75, high: -0.21, p: 0.01 })),
    "<li>To teacher: \u22121.0 (\u22121.8 to \u22120.2) BLEU, exploratory p = 0.010.</li>",
  );
  // Each is below 0.05 by itself; corrected for three, only the last is.
  const superiority = { planned: "superiority", low: 0.1, high: 1.9 };
  const page = await pageWith({
    ...to("rkd", { ...superiority, p: 0.04 }),
    ...to("ckd-regular", { ...superiority, p: 0.001 }),
    ...to("teacher", {
      ...{ planned: "non-inferiority", margin: 1.5, low: -1.9, high: -0.1 },
      ...{ p: 0.02, pMargin: 0.03 },
    }),
  });
  for (
    const part of [
      "Not shown to be better than rkd: +1.0 (+0.1 to +1.9) BLEU, planned p = 0.060 by Holm&#39;s correction.",
      "Better than ckd-regular: +2.0 (+0.1 to +1.9) BLEU, planned p = 0.003 by",
      "Not shown to be less than 1.5 BLEU worse than teacher: \u22121.0",
      "<caption>planned differences on the test set",
    ]
  ) assertStringIncludes(page, part);
  assertMatch(
    page,
    /<details><summary>\d+ exploratory differences?<\/summary>[^]*?<caption>exploratory differences on the test set/,
  );
});
