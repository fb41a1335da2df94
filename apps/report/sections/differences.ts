/** The table of differences: planned comparisons with their results, and the exploratory ones. */
import { COMPARED_COLUMNS, comparedOf } from "../../../nmt/metrics/planned.ts";
import type { System } from "../../../schemas/results.ts";
import { type Markup, markup } from "../html/markup.ts";
import { count } from "../html/numbers.ts";
import { type Cell, sortableTable } from "../html/table.ts";

/** A table for each language pair and test set; Holm's correction is over the planned comparisons of all. */
export function differencesTables(systems: readonly System[]): Markup {
  const all = comparedOf(systems);
  if (all.length === 0) {
    return markup`<p class="aside">No systems were compared.</p>`;
  }
  const columns = COMPARED_COLUMNS.filter(({ cell }) =>
    all.some((row) => cell(row) !== "")
  );
  const titles = columns.map(({ title }) => title);
  const tables = [...Map.groupBy(all, ({ pair }) => pair)].map(
    ([pair, compared]) =>
      sortableTable(
        `${pair === undefined ? "" : `${pair}: `}differences on the test set`,
        titles,
        compared.map((row) => columns.map(({ cell }) => cellOf(cell(row)))),
      ),
  );
  return markup`<p>${READING}</p>${
    all.length <= IN_SIGHT
      ? tables
      : markup`<details><summary>All ${
        count(all.length, "difference")
      }</summary>${tables}</details>`
  }`;
}

/** More differences than these are opened by a click. */
const IN_SIGHT = 24;

const READING =
  "Planned comparisons were named before the systems were trained: they come first, with p by Holm's correction and the result at 0.05. All others are exploratory. Detectable is the difference that such a test shows with a power of 80 %.";

/** A number sorts as one. */
function cellOf(text: string): Cell {
  const value = Number(text);
  return {
    text: text.replace(/(^|to )-/g, "$1\u2212"),
    value: text === "" || Number.isNaN(value) ? text : value,
  };
}
