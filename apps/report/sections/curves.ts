/** Learning curves: a small plot for each system, over the curves of the others. */
import * as Plot from "@observablehq/plot";
import type { Curve } from "../../../schemas/results.ts";
import { type Markup, markup } from "../html/markup.ts";
import { figure } from "../html/numbers.ts";
import { drawn } from "../html/plot.ts";
import { colorOf } from "./scores.ts";
import type { Trained } from "../trained.ts";

interface Validated {
  readonly node: string;
  readonly step: number;
  readonly nll: number;
}

/** Validation loss by step of each system that has a curve; all plots share their axes. */
export function curvePlots(
  trained: readonly Trained[],
  curves: Readonly<Record<string, Curve>>,
): Markup | undefined {
  const pointsOf = (system: Trained): Validated[] =>
    system.curves.flatMap((node) =>
      (curves[node] ?? []).map((point) => ({ ...point, node }))
    );
  const all = trained.flatMap(pointsOf);
  if (all.length === 0) return undefined;
  const steps = all.map(({ step }) => step);
  const losses = all.map(({ nll }) => nll);
  const axes = {
    x: [0, Math.max(...steps)],
    y: [Math.min(...losses), Math.max(...losses)],
  };
  return markup`<div class="plots">${
    trained.map((system) => {
      const own = pointsOf(system);
      const best = Math.min(...own.map(({ nll }) => nll));
      return own.length === 0 ? undefined : markup`<figure>
<figcaption>${system.system} <span class="aside">${
        figure(best, 3)
      }</span></figcaption>
${curvePlot(system, own, all, axes, best)}</figure>`;
    })
  }</div>`;
}

function curvePlot(
  { system, family }: Trained,
  own: readonly Validated[],
  all: readonly Validated[],
  axes: { readonly x: readonly number[]; readonly y: readonly number[] },
  best: number,
): Markup {
  const line = { x: "step", y: "nll", z: "node" };
  return drawn(
    {
      width: 172,
      height: 120,
      marginLeft: 26,
      marginRight: 8,
      marginTop: 8,
      marginBottom: 22,
      x: { label: null, domain: axes.x, ticks: 3, tickFormat: "~s" },
      y: { label: null, domain: axes.y, ticks: 4, grid: true },
      marks: [
        Plot.line(all, { ...line, stroke: "var(--faint)", strokeWidth: 1 }),
        Plot.line(own, { ...line, stroke: colorOf(family), strokeWidth: 2 }),
      ],
    },
    `Learning curve of ${system}: ${own.length} validations, the lowest loss ${
      figure(best, 3)
    }.`,
  );
}
