/** The table of results as the page has it. */
import { assertStringIncludes } from "@std/assert";
import { resultsTable } from "../../../apps/report/sections/results_table.ts";
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
    resultsTable([system("teacher", {}), system("rkd", { teacher })], "all")
      .markup;
  assertStringIncludes(
    cellOf({ difference: 7.5, low: 6.4, high: 8.6 }),
    'data-value="7.5">+7.5 (+6.4 to +8.6)<',
  );
  assertStringIncludes(
    cellOf({ difference: -0.5, low: -1.25, high: 0.31 }),
    ">\u22120.5 (\u22121.3 to +0.3)<",
  );
  assertStringIncludes(cellOf({ difference: 7.5 }), 'data-value="7.5">+7.5<');
});
