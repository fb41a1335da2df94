/** Sorts a table by the column whose button is pressed. */
/// <reference lib="dom" />

export function makeSortable(table: HTMLTableElement): void {
  for (const button of table.querySelectorAll("[data-sort]")) {
    const header = button.closest("th");
    button.addEventListener("click", () => {
      if (header !== null) sortBy(table, header);
    });
  }
}

/** Numbers from the greatest at first; what has no value comes last. */
function sortBy(table: HTMLTableElement, header: HTMLTableCellElement): void {
  const [body] = table.tBodies;
  const valueOf = (row: HTMLTableRowElement) =>
    row.cells[header.cellIndex].dataset.value ?? "";
  const rows = [...body.rows];
  const isText = rows.some((row) => Number.isNaN(Number(valueOf(row))));
  const before = header.ariaSort;
  const isAscending = before === null ? isText : before === "descending";
  rows.sort((a, b) => {
    const [one, other] = [valueOf(a), valueOf(b)];
    if (one === "" || other === "") {
      return Number(one === "") - Number(other === "");
    }
    const order = isText
      ? one.localeCompare(other)
      : Number(one) - Number(other);
    return isAscending ? order : -order;
  });
  for (const other of table.querySelectorAll("th")) other.ariaSort = null;
  header.ariaSort = isAscending ? "ascending" : "descending";
  body.append(...rows);
}
