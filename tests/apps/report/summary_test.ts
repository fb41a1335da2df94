/** What the summary of a report says of the best student's differences. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { readManifest } from "../../../engine/store/manifest.ts";
import { startRunLog } from "../../../engine/store/run_log.ts";
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
    ...to("ckd-regular", { ...superiority, p: 0.0001 }),
    ...to("teacher", {
      ...{ planned: "non-inferiority", margin: 1.5, low: -1.9, high: -0.1 },
      ...{ p: 0.02, pMargin: 0.03 },
    }),
  });
  for (
    const part of [
      "Not shown to be better than rkd: +1.0 (+0.1 to +1.9) BLEU, planned p = 0.060 by Holm&#39;s correction.",
      "Better than ckd-regular: +2.0 (+0.1 to +1.9) BLEU, planned p &lt; 0.001 by",
      "Not shown to be less than 1.5 BLEU worse than teacher: \u22121.0",
      "<caption>planned differences on the test set",
    ]
  ) assertStringIncludes(page, part);
  assertMatch(
    page,
    /<details><summary>\d+ exploratory differences?<\/summary>[^]*?<caption>exploratory differences on the test set/,
  );
});

Deno.test("the facts of a run that made nothing name the run that did, and what it would cost again has the values of the run", async () => {
  using folder = temporary();
  makeRun(folder.path, { set: ["students.rkd.alpha=0.45"] });
  const pageOf = async () => {
    const { code, out, err } = await pipeline(
      ...["report", "--experiment", "tiny", "--artifacts", folder.path],
    );
    assertEquals(code, 0, err);
    return Deno.readTextFileSync(out.trim());
  };
  const fact = (page: string, term: string) =>
    new RegExp(`<dt>${term}</dt><dd>(.*?)</dd>`).exec(page)?.[1];
  const page = await pageOf();
  assertEquals(fact(page, "run"), "000001");
  assertEquals(fact(page, "made by"), undefined);
  assertEquals(
    page.match(
      /deno task pipeline --experiment tiny --set students\.rkd\.alpha=0\.45 --force --dry-run/g,
    )?.length,
    2,
  );
  const states = Object.fromEntries(
    Object.keys(readManifest(folder.path)?.nodes ?? {})
      .map((name) => [name, "cached"]),
  );
  const idle = startRunLog(folder.path, { experiment: "tiny" });
  idle.append({ event: "end", seconds: 0, outcome: "done", states });
  const later = await pageOf();
  assertEquals(fact(later, "run"), "000002");
  assertMatch(fact(later, "nodes") ?? "", /^\d+ cached$/);
  assertEquals(fact(later, "made by"), "run 000001");
});
