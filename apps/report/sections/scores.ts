/** The main result: BLEU against parameters, and BLEU of each system with its confidence interval. */
import { type Markup, markup } from "../html/markup.ts";
import { view } from "../html/view.ts";
import { colorOf, FAMILIES, type Family, type Trained } from "../trained.ts";
import type { ScoredSystem } from "../view_data.ts";

/** The systems of a language pair that are evaluated; `best` is the student that is chosen. */
export function scoredOf(
  trained: readonly Trained[],
  best: string | undefined,
): ScoredSystem[] {
  return trained.flatMap(({ system, family, row }) =>
    row === undefined ? [] : [{
      system,
      family: FAMILIES[family].title,
      color: colorOf(family),
      symbol: FAMILIES[family].symbol,
      isTeacher: family === "teacher",
      isBest: system === best,
      parameters: row.parameters,
      score: row.bleu.score,
      low: row.bleu.low,
      high: row.bleu.high,
    }]
  );
}

export function scorePlots(
  trained: readonly Trained[],
  best: string | undefined,
): Markup {
  const systems = scoredOf(trained, best);
  const hasIntervals = systems.every(({ low }) => low !== undefined);
  return markup`${familyKey(trained)}<div class="figures">${
    view("sizes", systems, { caption: "Quality and size" })
  }${view("ranks", systems, { caption: "Each system" })}</div>
<p class="aside">${
    hasIntervals
      ? "Lines are 95 % confidence intervals over the choice of test sentences. The dashed line is the teacher's score."
      : "There are no confidence intervals, as not all systems were compared with each other."
  }</p>`;
}

/** What the symbols and colours of the families mean, of those that there are. */
export function familyKey(trained: readonly Trained[]): Markup {
  const families = Object.entries(FAMILIES).flatMap(([name, { title }]) => {
    const family = trained.find(({ family }) => family === name)?.family;
    return family === undefined ? [] : [{ family, title }];
  });
  return markup`<ul class="key">${
    families.map(({ family, title }) =>
      markup`<li>${symbol(family)} ${title}</li>`
    )
  }</ul>`;
}

function symbol(family: Family): Markup {
  return markup`<svg class="symbol" viewBox="-7 -7 14 14" aria-hidden="true"><path d="${
    SYMBOLS[FAMILIES[family].symbol]
  }" style="fill:${colorOf(family)}"/></svg>`;
}

/** The symbols of the plots, drawn once more for the key. */
const SYMBOLS: Readonly<
  Record<typeof FAMILIES[Family]["symbol"], string>
> = {
  star: "M0-6 1.5-2 6-2 2.4.8 3.7 5 0 2.5-3.7 5-2.4.8-6-2-1.5-2Z",
  cross: "M-1.5-4.5H1.5V-1.5H4.5V1.5H1.5V4.5H-1.5V1.5H-4.5V-1.5H-1.5Z",
  square: "M-4-4H4V4H-4Z",
  wye: "M-1.5 5V.9L-5-1.2-3.5-3.8 0-1.7 3.5-3.8 5-1.2 1.5.9V5Z",
  triangle: "M0-5 5 4H-5Z",
  diamond: "M0-6 4 0 0 6-4 0Z",
  circle: "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0Z",
};
