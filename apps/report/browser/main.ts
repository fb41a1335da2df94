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

for (const table of document.querySelectorAll("table")) makeSortable(table);
for (const figure of document.querySelectorAll<HTMLElement>("[data-view]")) {
  show(figure, VIEWS[figure.dataset.view as ViewName]);
}
