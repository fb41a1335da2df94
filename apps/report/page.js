"use strict";

/** The theme that is asked for; the system's own where nothing is. */
const theme = document.getElementById("theme");
theme.addEventListener("change", () => {
  const root = document.documentElement;
  if (theme.value === "") delete root.dataset.theme;
  else root.dataset.theme = theme.value;
});

/** A link to a node opens what is told of it. */
function openTarget() {
  const target = document.getElementById(
    decodeURIComponent(location.hash.slice(1)),
  );
  if (target?.localName !== "details") return;
  target.open = true;
  const stage = target.closest(".stage");
  if (stage) stage.open = true;
  target.scrollIntoView();
  target.querySelector("summary").focus({ preventScroll: true });
}
addEventListener("hashchange", openTarget);
document.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  // A second click on the same node changes no address.
  if (link?.getAttribute("href") === location.hash) openTarget();
});
openTarget();

/** Sorts by a column, numbers first from the greatest; what has no value comes last. */
function sortBy(header) {
  const table = header.closest("table");
  const body = table.tBodies[0];
  const index = [...header.parentNode.children].indexOf(header);
  const valueOf = (row) => row.children[index].dataset.value;
  const rows = [...body.rows];
  const isText = rows.some((row) => valueOf(row) !== "" && isNaN(valueOf(row)));
  const before = header.getAttribute("aria-sort");
  const sign = before === null
    ? (isText ? 1 : -1)
    : before === "ascending"
    ? -1
    : 1;
  rows.sort((a, b) => {
    const [one, other] = [valueOf(a), valueOf(b)];
    if (one === "" || other === "") return (one === "") - (other === "");
    return sign * (isText ? one.localeCompare(other) : one - other);
  });
  for (const other of header.parentNode.children) {
    other.removeAttribute("aria-sort");
  }
  header.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
  body.append(...rows);
}
for (const button of document.querySelectorAll("[data-sort]")) {
  button.addEventListener("click", () => sortBy(button.parentNode));
}

/** Shows, of what stands for all choices, what is chosen. */
for (const shown of document.querySelectorAll("[data-selects]")) {
  const selects = shown.dataset.selects.split(" ")
    .map((id) => document.getElementById(id)).filter((select) => select);
  const choose = () => {
    for (const each of shown.children) {
      each.hidden = selects.some(({ dataset: { choice }, value }) =>
        each.dataset[choice] !== "" && each.dataset[choice] !== value
      );
    }
  };
  // A browser keeps what was chosen when a page is loaded again.
  choose();
  for (const select of selects) select.addEventListener("change", choose);
}
