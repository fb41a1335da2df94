/** A table with columns that sort by a click; on a narrow screen each row is a card. */
import { type Markup, markup } from "./markup.ts";

/** What is shown, and what is sorted by. */
export interface Cell {
  readonly text: string;
  readonly value: number | string;
}

/** The first cell of a row names it; undefined where there is nothing to show. */
export function sortableTable(
  caption: string,
  titles: readonly string[],
  rows: readonly (readonly (Cell | undefined)[])[],
): Markup {
  // The roles are those that the elements have until a narrow screen shows them as cards.
  return markup`<table class="sortable" role="table"><caption>${caption}</caption>
<thead role="rowgroup"><tr role="row">${
    titles.map((title) =>
      markup`<th scope="col" role="columnheader"><button type="button" data-sort>${title}</button></th>`
    )
  }</tr></thead>
<tbody role="rowgroup">${
    rows.map((row) =>
      markup`<tr role="row">${
        row.map((cell, i) => {
          const { text = "", value = "" } = cell ?? {};
          return i === 0
            ? markup`<th scope="row" role="rowheader" data-value="${value}">${text}</th>`
            : markup`<td role="cell" data-title="${
              titles[i]
            }" data-value="${value}">${text}</td>`;
        })
      }</tr>`
    )
  }</tbody></table>`;
}
