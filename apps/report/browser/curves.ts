/** Draws learning curves: a choice of value and axis, each value under the pointer, and a zoom by dragging or by numbers. */
/// <reference lib="dom" />
import * as Plot from "@observablehq/plot";
import type { Learned } from "../view_data.ts";
import {
  createLegend,
  endNames,
  lineStyles,
  namesWidth,
} from "./curve_names.ts";
import { type Draw, element, pictured } from "./view.ts";

/** What this module uses of d3, which Plot brings along. */
interface Brush {
  extent(area: readonly (readonly number[])[]): Brush;
  touchable(isTouchable: boolean): Brush;
  on(
    event: "end",
    act: (event: { readonly selection: readonly number[] | null }) => void,
  ): Brush;
}
declare const d3: {
  brushX(): Brush;
  select(element: Element): {
    append(name: string): { call(brush: Brush): void };
  };
};

interface Point {
  readonly name: string;
  readonly system: string;
  /** None where a line is cut at a side of the picture. */
  readonly step?: number;
  readonly x: number;
  readonly y: number;
}

type Value = (point: Learned["points"][number]) => number | undefined;

const VALUES: Readonly<Record<string, readonly [string, Value]>> = {
  nll: ["validation loss", ({ nll }) => nll],
  perplexity: ["validation perplexity", ({ nll }) => Math.exp(nll)],
  bleu: ["validation BLEU", ({ bleu }) => bleu],
  trainingLoss: ["training loss", ({ trainingLoss }) => trainingLoss],
};

const MARGIN = { left: 52, right: 12, top: 24, bottom: 44 };
/** Narrower pictures have no room for names beside the lines. */
const NARROW = 560;

export function openCurves(curves: readonly Learned[]): Draw {
  const styles = lineStyles(curves);
  const legend = createLegend(styles);
  return ({ width, choices, form, redraw }) => {
    const { value, axis } = choices;
    const points = pointsOf(curves, value, axis);
    const [zoomFrom, zoomTo] = ["from", "to"].map((field) =>
      choices[field] === "" ? undefined : Number(choices[field])
    );
    const last = Math.max(...points.map(({ x }) => x));
    const from = Math.min(zoomFrom ?? 0, last);
    const domain = [from, Math.max(zoomTo ?? last, from + last / 1000)];
    const lines = [...Map.groupBy(points, ({ name }) => name).values()]
      .flatMap((line) => within(line, domain));
    const height = Math.min(460, Math.max(320, 0.5 * width));
    const [title] = VALUES[value];
    const isNarrow = width < NARROW;
    const right = isNarrow
      ? MARGIN.right
      : Math.min(0.4 * width, namesWidth(styles));
    const bounds = lines.map(({ y }) => y);
    const options: Plot.PlotOptions = {
      ...{ width, height, marginRight: right },
      ...{ marginLeft: MARGIN.left, marginTop: MARGIN.top },
      marginBottom: MARGIN.bottom,
      x: {
        domain,
        label: axis === "minutes" ? "minutes of training" : "step",
        ticks: Math.round(width / 90),
      },
      y: {
        label: title,
        domain: [Math.min(...bounds), Math.max(...bounds)],
        type: value === "perplexity" ? "log" : "linear",
        nice: true,
        grid: true,
      },
    };
    const { x, y } = options;
    const xScale = Plot.scale({
      x: { ...x, range: [MARGIN.left, width - right] },
    });
    const yScale = Plot.scale({
      y: { ...y, range: [height - MARGIN.bottom, MARGIN.top] },
    });
    const validated = lines.filter(({ step }) => step !== undefined);
    const picture = Plot.plot({
      ...options,
      marks: [
        ...styles.flatMap(({ system, color, dash, seeds, className }) => {
          const isOwn = (point: Point) => point.system === system;
          return [
            Plot.line(lines.filter(isOwn), {
              ...{ x: "x", y: "y", z: "name", className },
              ...{ stroke: color, strokeDasharray: dash },
              strokeWidth: seeds === 1 ? 2 : 1.25,
            }),
            Plot.dot(validated.filter(isOwn), {
              ...{ x: "x", y: "y", fill: color, r: 2.5, className },
            }),
          ];
        }),
        isNarrow ? null : endNames(endsOf(lines), styles, xScale, yScale),
        Plot.tip(
          validated,
          Plot.pointer({
            ...{ x: "x", y: "y", maxRadius: 150, lineHeight: 1.3 },
            title: ({ name, step, x, y }: Point) =>
              `${name}\n${title} ${y.toFixed(3)}\nstep ${
                step?.toLocaleString("en")
              }${axis === "minutes" ? `, ${x.toFixed(1)} min` : ""}`,
          }),
        ),
      ],
    });
    const field = (name: string) =>
      form?.querySelector<HTMLInputElement>(`[name="${name}"]`);
    const zoom = (range: readonly (number | undefined)[]) => {
      ["from", "to"].forEach((name, i) => {
        const input = field(name);
        if (input) input.value = range[i] === undefined ? "" : `${range[i]}`;
      });
      redraw();
    };
    // A finger over the picture scrolls the page.
    const brush = d3.brushX()
      .touchable(false)
      .extent([[MARGIN.left, MARGIN.top], [
        width - right,
        height - MARGIN.bottom,
      ]])
      .on("end", ({ selection }) => {
        const { invert } = xScale;
        if (selection === null || invert === undefined) return;
        const digits = axis === "minutes" ? 2 : 0;
        zoom(selection.map((at) => Number(invert(at).toFixed(digits))));
      });
    d3.select(picture).append("g").call(brush);
    const reset = form?.querySelector<HTMLButtonElement>("[data-reset]");
    if (reset) {
      reset.disabled = zoomFrom === undefined && zoomTo === undefined;
      reset.onclick = () => zoom([]);
    }
    // Steps of one axis are none of the other.
    for (const radio of form?.querySelectorAll('[name="axis"]') ?? []) {
      (radio as HTMLElement).onchange = () => zoom([]);
    }
    legend.show(picture);
    return element(
      "div",
      {},
      pictured(picture, labelOf(curves, title, points)),
      legend.element,
    );
  };
}

function pointsOf(
  curves: readonly Learned[],
  value: string,
  axis: string,
): Point[] {
  const [, of] = VALUES[value];
  return curves.flatMap(({ name, system, minutes, points }) => {
    const last = points.at(-1)?.step ?? 0;
    return points.flatMap((point) => {
      const y = of(point);
      const { step } = point;
      if (y === undefined || (axis === "minutes" && minutes === undefined)) {
        return [];
      }
      const x = axis === "minutes" ? (minutes ?? 0) * step / last : step;
      return [{ name, system, step, x, y }];
    });
  });
}

/** The part of a line between two places, cut there. */
function within(line: readonly Point[], [from, to]: readonly number[]) {
  return line.flatMap((point, i): Point[] => {
    const before = line[i - 1];
    const cuts = before === undefined
      ? []
      : [from, to].filter((x) => before.x < x && x < point.x);
    const isInside = point.x >= from && point.x <= to;
    return [
      ...cuts.map((x) => {
        const share = (x - before.x) / (point.x - before.x);
        const y = before.y + share * (point.y - before.y);
        return { ...point, step: undefined, x, y };
      }),
      ...isInside ? [point] : [],
    ];
  });
}

function endsOf(points: readonly Point[]): Point[] {
  return [...Map.groupBy(points, ({ name }) => name).values()]
    .flatMap((all) => all.at(-1) ?? []);
}

function labelOf(
  curves: readonly Learned[],
  title: string,
  points: readonly Point[],
): string {
  const texts = curves.flatMap(({ name }) => {
    const own = points.filter((point) => point.name === name);
    const end = own.at(-1);
    return end === undefined
      ? []
      : [`${name} ${own[0].y.toFixed(2)} to ${end.y.toFixed(2)}`];
  });
  return `Learning curves, ${title} from the first validation to the last: ${
    texts.join(", ")
  }.`;
}
