/** The page's script: its theme, tables that sort, and views. */
/// <reference lib="dom" />
import type { ViewData, ViewName } from "../view_data.ts";
import { openAttention } from "./attention.ts";
import { openCurves } from "./curves.ts";
import { openChanges, openRanks, openSizes } from "./scores.ts";
import { openSentences } from "./sentences.ts";
import { openSimilarity } from "./similarity.ts";
import { makeSortable } from "./table.ts";
import { openTimes } from "./times.ts";
import { type Draw, show } from "./view.ts";

const VIEWS: {
  readonly [Name in ViewName]: (data: ViewData[Name]) => Draw;
} = {
  sizes: openSizes,
  ranks: openRanks,
  changes: openChanges,
  curves: openCurves,
  similarity: openSimilarity,
  attention: openAttention,
  times: openTimes,
  sentences: openSentences,
};

/** The system's theme where none is chosen. */
const theme = document.querySelector<HTMLSelectElement>("#theme");
theme?.addEventListener("change", () => {
  const { dataset } = document.documentElement;
  if (theme.value === "") delete dataset.theme;
  else dataset.theme = theme.value;
});

/** Makes the choices of a link to a view, `#id?field=value`, and no others, and goes there. */
function follow(link: string, behavior: ScrollBehavior = "auto"): void {
  const [id, choices] = link.split("?");
  const figure = document.getElementById(id.slice(1));
  if (choices === undefined || figure === null) return;
  const form = figure.querySelector("form");
  form?.reset();
  for (const [name, value] of new URLSearchParams(choices)) {
    const field = form?.elements.namedItem(name);
    const isNoOption = field instanceof HTMLSelectElement &&
      ![...field.options].some((option) => option.value === value);
    if (
      field !== null && field !== undefined && "value" in field && !isNoOption
    ) {
      field.value = value;
    }
  }
  form?.dispatchEvent(new Event("input"));
  figure.scrollIntoView({ behavior });
}
addEventListener("hashchange", () => follow(location.hash));
document.addEventListener("click", ({ target }) => {
  const link = target instanceof Element ? target.closest("a") : null;
  // One that was followed before changes nothing in the address.
  if (link?.hash === location.hash) follow(link.hash);
});

for (const table of document.querySelectorAll("table")) makeSortable(table);
for (const figure of document.querySelectorAll<HTMLElement>("[data-view]")) {
  show(figure, VIEWS[figure.dataset.view as ViewName]);
}
// The browser went there before the views were drawn, which move what is below them; they are drawn in the next frame.
requestAnimationFrame(() =>
  requestAnimationFrame(() => {
    const [id] = location.hash.slice(1).split("?");
    document.getElementById(id)?.scrollIntoView({ behavior: "instant" });
    follow(location.hash, "instant");
  })
);
