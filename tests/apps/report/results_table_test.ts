/** The table of results as the page has it. */
import { assertStringIncludes } from "@std/assert";
import { differencesTables } from "../../../apps/report/sections/differences.ts";
import { resultsTable } from "../../../apps/report/sections/results_table.ts";
import { comparedOf } from "../../../nmt/metrics/significance/planned.ts";
import { System } from "../../../schemas/results.ts";

function system(name: string, to: System["bleu"]["to"]): System {
  const figure = { score: 30, to };
  const scores = { bleu: figure, chrf: figure };
  return System.parse({
    ...{ system: name, parameters: 1000, ...scores },
    runs: [{ name, model: name, signature: "nrefs:1", ...scores }],
  });
}

Deno.test("a difference to the teacher has its interval beside it where there is one", () => {
  const cellOf = (teacher: System["bleu"]["to"]["teacher"]) =>
    resultsTable(
      [system("teacher", {}), system("rkd", { teacher })],
      "all",
      "rkd",
    ).markup;
  assertStringIncludes(
    cellOf({ difference: 7.5, low: 6.4, high: 8.6 }),
    'data-value="7.5">+7.5 (+6.4\u00a0to\u00a0+8.6)<',
  );
  assertStringIncludes(
    cellOf({ difference: -0.5, low: -1.25, high: 0.31 }),
    ">\u22120.5 (\u22121.3\u00a0to\u00a0+0.3)<",
  );
  assertStringIncludes(cellOf({ difference: 7.5 }), 'data-value="7.5">+7.5<');
});

Deno.test("the highest BLEU comes first, the student that is chosen is marked, and int8 stands beside it", () => {
  const low = system("low", {});
  const int8 = { bleu: 29.5, bytes: 1_500_000 };
  const high = { ...system("high", {}), int8 };
  high.bleu = { ...high.bleu, score: 31 };
  const { markup } = resultsTable([low, high], "all", "low");
  const [, , first, second] = markup.split('<tr role="row"');
  assertStringIncludes(first, ">high<");
  assertStringIncludes(first, ">29.5 (\u22121.50)<");
  assertStringIncludes(first, ">1.5\u00a0MB<");
  assertStringIncludes(second, ' class="best"');
  assertStringIncludes(second, ">★ low<");
});

Deno.test("differences are planned with a result, or exploratory", () => {
  const planned = {
    ...{ difference: -0.5, low: -0.9, high: -0.1, p: 0.02 } as const,
    ...{ tails: 2, planned: "non-inferiority", margin: 1 } as const,
    pMargin: 0.004,
  };
  const { markup } = differencesTables(comparedOf([
    system("teacher", {}),
    system("rkd", { teacher: { difference: -1, p: 0.3, tails: 2 } }),
    system("ckd", { teacher: planned }),
  ], 1));
  assertStringIncludes(markup, ">ckd - teacher<");
  for (const column of ["planned, non-inferiority by 1", "shown"]) {
    assertStringIncludes(markup, `>${column}<`);
  }
  assertStringIncludes(markup, ">\u22120.90 to \u22120.10<");
  assertStringIncludes(markup, ">exploratory<");
  assertStringIncludes(
    differencesTables(comparedOf([system("teacher", {})], 0)).markup,
    "No systems were compared.",
  );
});
