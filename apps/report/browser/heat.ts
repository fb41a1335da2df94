/** Draws a table of numbers as squares, with its scale, its labels in full and each value under the pointer. */
/// <reference lib="dom" />
import * as Plot from "@observablehq/plot";
import { element, pictured } from "./view.ts";

export interface Heat {
  readonly title: string;
  /** What it says to those who do not see it. */
  readonly label: string;
  /** Names of rows and columns; of equal ones each has its own place. */
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly rowTitle: string;
  readonly columnTitle: string;
  /** [row][column], from 0. */
  readonly values: readonly (readonly number[])[];
  /** The value of the full colour. */
  readonly most: number;
  readonly isFramed?: (row: number, column: number) => boolean;
  /** Pixels, where there is room. */
  readonly square: { readonly width: number; readonly height: number };
  readonly hasNumbers?: boolean;
}

/** Pixels of a square that still has room for a label, and beside the last one. */
const NARROWEST = 13, RIGHT = 8;
/** Pixels a character takes at most. */
const CHARACTER = 7;

interface Square {
  readonly row: number;
  readonly column: number;
  readonly value: number;
}

/** `room` is how many pixels wide the picture may be: it gets narrower, then scrolls. */
export function heatMap(heat: Heat, room: number): HTMLElement {
  const { rows, columns, values, isFramed } = heat;
  const squares: Square[] = values.flatMap((all, row) =>
    all.map((value, column) => ({ row, column, value }))
  );
  const longest = (names: readonly string[]) =>
    CHARACTER * Math.max(...names.map((name) => [...name].length));
  const left = 34 + longest(rows);
  const square = {
    height: heat.square.height,
    width: Math.max(
      NARROWEST,
      Math.min(
        heat.square.width,
        Math.floor((room - left - RIGHT) / columns.length),
      ),
    ),
  };
  const isTurned = longest(columns) > square.width;
  const bottom = 38 + (isTurned ? longest(columns) : 12);
  const place = { x: "column", y: "row" } as const;
  const width = left + square.width * columns.length + RIGHT;
  const picture = Plot.plot({
    width,
    height: 8 + square.height * rows.length + bottom,
    marginLeft: left,
    marginRight: RIGHT,
    marginTop: 8,
    marginBottom: bottom,
    padding: 0,
    x: {
      domain: columns.map((_, i) => i),
      tickFormat: (i: number) => columns[i],
      tickRotate: isTurned ? -90 : 0,
      tickSize: 0,
      label: heat.columnTitle,
      labelAnchor: "center",
      labelArrow: "none",
      labelOffset: bottom - 10,
    },
    y: {
      domain: rows.map((_, i) => i),
      tickFormat: (i: number) => rows[i],
      tickSize: 0,
      label: heat.rowTitle,
      labelAnchor: "center",
      labelArrow: "none",
      labelOffset: left - 10,
    },
    opacity: { type: "linear", domain: [0, heat.most], range: [0, 1] },
    marks: [
      Plot.frame({ stroke: "var(--line)" }),
      Plot.cell(squares, {
        ...place,
        fill: "var(--heat)",
        fillOpacity: "value",
        inset: 0.5,
      }),
      Plot.cell(
        squares.filter(({ row, column }) => isFramed?.(row, column) === true),
        { ...place, stroke: "currentColor", strokeWidth: 2, inset: 1.5 },
      ),
      heat.hasNumbers === true
        ? Plot.text(squares, {
          ...place,
          text: ({ value }: Square) => value.toFixed(2),
        })
        : null,
      Plot.tip(
        squares,
        Plot.pointer({
          ...{ ...place, lineHeight: 1.3 },
          title: ({ row, column, value }: Square) =>
            `${heat.rowTitle} ${rows[row]}\n${heat.columnTitle} ${
              columns[column]
            }\n${value.toFixed(2)}`,
        }),
      ),
    ],
  });
  return element(
    "div",
    { class: "heat" },
    element("p", { class: "aside" }, heat.title),
    element(
      "div",
      width > room ? { class: "scroll", tabindex: "0" } : {},
      pictured(picture, heat.label),
    ),
    scale(heat.most),
  );
}

/** What the colours mean. */
function scale(most: number): HTMLElement {
  return element(
    "p",
    { class: "scale aside" },
    "0 ",
    element("span", { class: "ramp" }),
    ` ${most}`,
  );
}
