/** Tells the systems of learning curves apart: a dash for each of a colour (of more than twelve some share one), a name where its lines end, and a legend. */
/// <reference lib="dom" />
import * as Plot from "@observablehq/plot";
import type { Drawn, Learned } from "../view_data.ts";
import { element } from "./view.ts";

/** How the lines of a system are drawn; its seeds are drawn alike. */
export interface LineStyle extends Drawn {
  /** As SVG has it; undefined is a line without gaps. */
  readonly dash?: string;
  readonly seeds: number;
  /** Of what is drawn of the system. */
  readonly className: string;
}

/** The end of a line, in the units of the axes. */
interface End {
  readonly system: string;
  readonly x: number;
  readonly y: number;
}

/** Of the systems of one colour, in turn. */
const DASHES = [
  undefined,
  "7 3",
  "2 3",
  "9 3 2 3",
  "14 4",
  "9 3 2 3 2 3",
  "18 3 6 3",
  "4 6",
  "2 6",
  "16 3 2 3 2 3 2 3",
  "24 3",
  "3 3 9 3 9 3",
];
/** Pixels from a name to the next, from a line's end to its name, of a character at most. */
const LINE = 13, LEADER = 20, CHARACTER = 7;

/** Lines that end less than this share of a picture from its side have their names beside it, where no line passes. */
const NEAR = 0.2;

export function lineStyles(curves: readonly Learned[]): LineStyle[] {
  const systems = [...Map.groupBy(curves, ({ system }) => system)];
  const colors = systems.map(([, [{ color }]]) => color);
  return systems.map(([system, seeds], i) => {
    const color = colors[i];
    const before = colors.slice(0, i).filter((other) => other === color);
    return {
      system,
      color,
      seeds: seeds.length,
      className: `curve-${i}`,
      dash: DASHES[before.length % DASHES.length],
    };
  });
}

/** Pixels that names need beside a picture. */
export function namesWidth(styles: readonly LineStyle[]): number {
  const longest = Math.max(...styles.map(({ system }) => system.length));
  return LEADER + 8 + CHARACTER * longest;
}

/**
 * The name of each system where its lines end, moved up or down where others are in the way and tied to each end; nothing where
 * the picture is too low for all. Ranges of the scales are in pixels.
 */
export function endNames(
  ends: readonly End[],
  styles: readonly LineStyle[],
  x: Plot.Scale,
  y: Plot.Scale,
): Plot.Markish[] {
  const { invert: xOf } = x, { invert: yOf } = y;
  const [bottom, top] = y.range as readonly number[];
  const [left, side] = x.range as readonly number[];
  if (!xOf || !yOf || styles.length * LINE > bottom - top) return [];
  const named = styles.flatMap((style) => {
    const own = ends.filter(({ system }) => system === style.system);
    const height = own.reduce((sum, end) => sum + y.apply(end.y), 0);
    const last = Math.max(...own.map((end) => x.apply(end.x)));
    const right = side - last < NEAR * (side - left) ? side : last;
    return own.length === 0
      ? []
      : [{ style, own, height: height / own.length, right }];
  }).sort((a, b) => a.height - b.height);
  const heights = movedApart(named.map(({ height }) => height), top, bottom);
  return named.flatMap(({ style, own, right }, i) => {
    const { color, className, system } = style;
    const [x2, y2] = [xOf(right + LEADER), yOf(heights[i])];
    return [
      Plot.link(own, {
        ...{ x1: "x", y1: "y", x2: () => x2, y2: () => y2, className },
        ...{ stroke: color, strokeOpacity: 0.6 },
      }),
      Plot.text([system], {
        ...{ x: () => x2, y: () => y2, text: [system], fill: color, className },
        ...{ textAnchor: "start", dx: 3 },
        ...{ stroke: "var(--surface)", strokeWidth: 4 },
      }),
    ];
  });
}

/** Ascending places at least a line apart between two bounds, each as near to the given one as the others let it. */
function movedApart(
  places: readonly number[],
  least: number,
  most: number,
): number[] {
  const down = places.slice(), up = places.slice();
  for (let i = 1, j = places.length - 2; j >= 0; i++, j--) {
    down[i] = Math.max(down[i], down[i - 1] + LINE);
    up[j] = Math.min(up[j], up[j + 1] - LINE);
  }
  return places.map((_, i) => {
    const below = most - LINE * (places.length - 1 - i);
    return Math.max(least + LINE * i, Math.min(below, (down[i] + up[i]) / 2));
  });
}

export interface Legend {
  readonly element: HTMLElement;
  /** The picture whose lines are brought out from now on. */
  show(picture: Element): void;
}

/** The systems as buttons: pointer and focus bring out the lines of one; a click keeps them so, and another ends it. */
export function createLegend(styles: readonly LineStyle[]): Legend {
  let picture: Element | undefined;
  let pointed: string | undefined, kept: string | undefined;
  const buttons = styles.map(({ system, color, dash, seeds, className }) => {
    const button = element("button", {
      ...{ type: "button", "aria-pressed": "false", "data-curve": className },
    });
    const line = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    line.setAttribute("class", "line");
    line.setAttribute("viewBox", "0 0 40 6");
    line.setAttribute("aria-hidden", "true");
    line.innerHTML = `<path d="M0 3H40"/>`;
    line.style.stroke = color;
    line.style.strokeDasharray = dash ?? "";
    button.append(line, seeds === 1 ? system : `${system} (${seeds} seeds)`);
    return button;
  });
  const bringOut = () => {
    const front = pointed ?? kept;
    for (const part of picture?.querySelectorAll('[class^="curve-"]') ?? []) {
      const isBehind = front !== undefined && !part.classList.contains(front);
      part.toggleAttribute("data-behind", isBehind);
    }
  };
  const point = (name: string | undefined) => {
    pointed = name;
    bringOut();
  };
  for (const button of buttons) {
    const name = button.dataset.curve;
    button.addEventListener("pointerenter", () => point(name));
    button.addEventListener("pointerleave", () => point(undefined));
    button.addEventListener("focus", () => {
      if (button.matches(":focus-visible")) point(name);
    });
    button.addEventListener("blur", () => point(undefined));
    button.addEventListener("click", () => {
      kept = kept === name ? undefined : name;
      for (const each of buttons) {
        each.ariaPressed = String(each.dataset.curve === kept);
      }
      bringOut();
    });
  }
  return {
    element: element(
      "ul",
      { class: "key", "aria-label": "Systems" },
      ...buttons.map((button) => element("li", {}, button)),
    ),
    show: (shown) => {
      picture = shown;
      bringOut();
    },
  };
}
