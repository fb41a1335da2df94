/** The table of differences: planned comparisons with their results, and the exploratory ones. */
import { pairLabel } from "../nodes.ts";
import {
  columnsOf,
  type Compared,
  plannedOf,
} from "../../../nmt/metrics/significance/planned.ts";
import { type Markup, markup } from "../html/markup.ts";
import { count } from "../html/numbers.ts";
import { type Cell, sortableTable } from "../html/table.ts";

/** Planned ones in sight, exploratory ones folded; Holm's correction is over the planned comparisons of all pairs. */
export function differencesTables(all: readonly Compared[]): Markup {
  if (all.length === 0) {
    return markup`<p class="aside">No systems were compared.</p>`;
  }
  const exploratory = all.filter(({ tested }) => tested === undefined);
  return markup`<p>${READING}</p>${tables(plannedOf(all), "planned")}${
    exploratory.length === 0
      ? undefined
      : markup`<details><summary>${
        count(exploratory.length, "exploratory difference")
      }</summary>${tables(exploratory, "exploratory")}</details>`
  }`;
}

/** A table for each language pair. */
function tables(compared: readonly Compared[], kind: string): Markup[] {
  const columns = columnsOf(compared);
  return [...Map.groupBy(compared, ({ pair }) => pair)].map(([pair, rows]) =>
    sortableTable(
      `${pairLabel(pair)}${kind} differences on the test set`,
      columns.map(({ title }) => title),
      rows.map((row) => columns.map(({ cell }) => cellOf(cell(row)))),
    )
  );
}

const READING =
  "Planned comparisons were named before the systems were trained: they have p by Holm's correction and the result at 0.05. All others are exploratory. Detectable is about the difference that such a test shows with a power of 80 %, of planned ones after that correction.";

/** A number sorts as one. */
function cellOf(text: string): Cell {
  const value = Number(text);
  return {
    text: text.replace(/(^|to )-/g, "$1\u2212"),
    value: text === "" || Number.isNaN(value) ? text : value,
  };
}
