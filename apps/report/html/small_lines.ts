/** A small picture of lines without axes: their course, beside text with the figures. */
import { type Markup, markup } from "./markup.ts";

export interface SmallLine {
  /** A CSS colour. */
  readonly color: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** Units of the picture, and of its edge. */
const WIDTH = 240, HEIGHT = 48, EDGE = 2;

/** The least and the most of values, of which there may be more than a call takes arguments. */
export function rangeOf(
  values: readonly number[],
): { readonly least: number; readonly most: number } {
  return values.reduce(
    ({ least, most }, value) => ({
      least: Math.min(least, value),
      most: Math.max(most, value),
    }),
    { least: Infinity, most: -Infinity },
  );
}

/** All lines on one scale; `label` is what the picture says to those who do not see it. */
export function smallLines(
  label: string,
  lines: readonly SmallLine[],
): Markup {
  const all = lines.flatMap(({ points }) => points);
  const place = (of: "x" | "y", size: number) => {
    const { least, most } = rangeOf(all.map((point) => point[of]));
    const scale = most === least ? 0 : (size - 2 * EDGE) / (most - least);
    return (value: number) => EDGE + scale * (value - least);
  };
  const [x, y] = [place("x", WIDTH), place("y", HEIGHT)];
  return markup`<svg class="lines" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${label}">${
    lines.map(({ color, points }) =>
      markup`<polyline style="stroke:${color}" points="${
        points.map((point) =>
          `${x(point.x).toFixed(1)},${(HEIGHT - y(point.y)).toFixed(1)}`
        ).join(" ")
      }"/>`
    )
  }</svg>`;
}
