/** A table with columns that sort by a click; on a narrow screen each row is a card. */
import { type Markup, markup } from "./markup.ts";

/** What is shown, and what is sorted by. */
export interface Cell {
  readonly text: string;
  readonly value: number | string;
}

/** How a table is shown at first. */
interface Order {
  /** The title of the column that it is sorted by, the greatest first. */
  readonly column: string;
  /** The row that stands out. */
  readonly marked: number;
}

/** The first cell of a row names it; undefined where there is nothing to show. */
export function sortableTable(
  caption: string,
  titles: readonly string[],
  rows: readonly (readonly (Cell | undefined)[])[],
  order?: Order,
): Markup {
  const isText = titles.map((_, i) =>
    i > 0 &&
    rows.some((row) => Number.isNaN(Number(row[i]?.value ?? "")))
  );
  const aligned = (i: number) => isText[i] ? markup` class="text"` : undefined;
  // The roles are those that the elements have until a narrow screen shows them as cards.
  return markup`<table class="sortable" role="table"><caption>${caption}</caption>
<thead role="rowgroup"><tr role="row">${
    titles.map((title, i) =>
      markup`<th scope="col" role="columnheader"${aligned(i)}${
        title === order?.column ? markup` aria-sort="descending"` : undefined
      }><button type="button" data-sort>${title}</button></th>`
    )
  }</tr></thead>
<tbody role="rowgroup">${
    rows.map((row, i) =>
      markup`<tr role="row"${
        i === order?.marked ? markup` class="best"` : undefined
      }>${
        row.map((cell, i) => {
          const { text = "", value = "" } = cell ?? {};
          return i === 0
            ? markup`<th scope="row" role="rowheader" data-value="${value}">${
              unbroken(text)
            }</th>`
            : markup`<td role="cell"${aligned(i)} data-title="${
              titles[i]
            }" data-value="${value}">${unbroken(text)}</td>`;
        })
      }</tr>`
    )
  }</tbody></table>`;
}

/** A number and its unit, its deviation, or what is in brackets stay on one line. */
function unbroken(text: string): string {
  return text.replace(
    /\([^()]*\)|\d (?=%|(?:[kMG]B?|B)\b)|± /g,
    (part) => part.replaceAll(" ", "\u00a0"),
  );
}
