/** Plots of the main result: BLEU against parameters, and BLEU of each system with its confidence interval. */
import * as Plot from "@observablehq/plot";
import type { System } from "../../../schemas/results.ts";
import { type Markup, markup } from "../html/markup.ts";
import { figure, parameterText } from "../html/numbers.ts";
import { drawn } from "../html/plot.ts";
import { FAMILIES, type Family, type Trained } from "../trained.ts";

const WIDTH = 360;
const MARGIN = { left: 42, right: 14 };
/** Pixels between systems that stand side by side, at most, and those by which such systems differ in size. */
const STEP = 11, NEAR = 20;

interface Scored {
  readonly system: string;
  readonly family: Family;
  readonly row: System;
}

/** The systems of a language pair that are evaluated. */
export function scoredOf(trained: readonly Trained[]): Scored[] {
  return trained.flatMap(({ system, family, row }) =>
    row === undefined ? [] : [{ system, family, row }]
  );
}

/** The colour that the page has for a family. */
export const colorOf = (family: Family) =>
  `var(--${family === "soft" ? "soft-targets" : family})`;

/** BLEU against parameters: systems of about one size side by side, the best of them named. */
export function bleuBySize(systems: readonly Scored[]): Markup {
  const sizes = systems.map(({ row }) => row.parameters);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const room = Math.max(0.12 * (most - least), 0.04 * most);
  const domain = [least - room, most + room].map((size) => size / 1e6);
  const groups = sideBySide(systems, domain);
  const middle = (domain[0] + domain[1]) / 2;
  const placed = groups.flatMap((group) =>
    group.map((scored, place) => ({
      ...scored,
      isBest: place === 0,
      isRight: scored.x > middle,
    }))
  );
  const bounds = systems.flatMap(({ row: { bleu } }) => [
    bleu.low ?? bleu.score,
    bleu.high ?? bleu.score,
  ]);
  return drawn(
    {
      width: WIDTH,
      height: 280,
      marginLeft: MARGIN.left,
      marginRight: MARGIN.right,
      marginBottom: 40,
      marginTop: 24,
      x: { label: "parameters (millions)", domain, ticks: 5 },
      y: {
        label: "BLEU",
        domain: [Math.min(...bounds), Math.max(...bounds)],
        grid: true,
        nice: true,
        ticks: 6,
      },
      marks: [
        ...placed.flatMap(({ row, family, x, dx }) => {
          const { score, low, high } = row.bleu;
          return [
            ...low === undefined || high === undefined ? [] : [
              Plot.ruleX([x], {
                y1: low,
                y2: high,
                dx,
                stroke: colorOf(family),
                strokeWidth: 1.5,
              }),
            ],
            Plot.dot([x], {
              x,
              y: score,
              dx,
              r: 4,
              symbol: FAMILIES[family].symbol,
              fill: colorOf(family),
            }),
          ];
        }),
        // Names last: on what stands beside them.
        ...placed.filter(({ isBest }) => isBest).map(
          ({ row: { bleu }, family, system, x, dx, isRight }) =>
            Plot.text([system], {
              x,
              y: bleu.high ?? bleu.score,
              dx: dx + (isRight ? 6 : -6),
              dy: -8,
              textAnchor: isRight ? "end" : "start",
              fill: colorOf(family),
              stroke: "var(--surface)",
              strokeWidth: 4,
              fontWeight: "bold",
            }),
        ),
      ],
    },
    `BLEU against parameters. ${
      groups.map((group) =>
        `About ${parameterText(group[0].row.parameters)}: ${
          group.map(({ system, row }) =>
            `${system} ${figure(row.bleu.score, 1)}`
          ).join(", ")
        }`
      ).join(". ")
    }.`,
  );
}

interface Placed extends Scored {
  /** Millions of parameters, and how many pixels beside that it stands. */
  readonly x: number;
  readonly dx: number;
}

/**
 * Systems of about one size around their mean, the best first, as far apart as the next ones and the sides of the plot
 * allow; `domain` in millions of parameters.
 */
function sideBySide(
  systems: readonly Scored[],
  domain: readonly number[],
): Placed[][] {
  const pixels = (WIDTH - MARGIN.left - MARGIN.right) / (domain[1] - domain[0]);
  const groups: Scored[][] = [];
  const sizeOf = ({ row }: Scored) => row.parameters / 1e6;
  for (const system of systems.toSorted((a, b) => sizeOf(a) - sizeOf(b))) {
    const group = groups.at(-1);
    const isNear = group !== undefined &&
      (sizeOf(system) - sizeOf(group[0])) * pixels < NEAR;
    if (isNear) group.push(system);
    else groups.push([system]);
  }
  const centers = groups.map((group) =>
    group.reduce((sum, system) => sum + sizeOf(system), 0) / group.length
  );
  return groups.map((group, i) => {
    // The next group takes its half of a gap; a side of the plot takes nothing.
    const gaps = [
      centers[i - 1] ?? 2 * domain[0] - centers[i],
      centers[i + 1] ?? 2 * domain[1] - centers[i],
    ].map((other) => Math.abs(other - centers[i]) * pixels);
    const step = Math.min(STEP, 0.8 * Math.min(...gaps) / group.length);
    return group.toSorted((a, b) => b.row.bleu.score - a.row.bleu.score)
      .map((system, place) => ({
        ...system,
        x: sizeOf(system),
        dx: (centers[i] - sizeOf(system)) * pixels +
          (place - (group.length - 1) / 2) * step,
      }));
  });
}

/** A row a system, the best first; the interval, and the teacher's score as a line through all. */
export function bleuByRank(systems: readonly Scored[]): Markup {
  const ranked = systems.toSorted((a, b) =>
    b.row.bleu.score - a.row.bleu.score
  );
  const teacher = systems.find(({ family }) => family === "teacher");
  const longest = Math.max(...ranked.map(({ system }) => system.length));
  return drawn(
    {
      width: WIDTH,
      height: 60 + 20 * ranked.length,
      marginLeft: 16 + 6.2 * longest,
      marginRight: 38,
      marginTop: 18,
      marginBottom: 38,
      x: { label: "BLEU", grid: true, nice: true, ticks: 5 },
      y: {
        label: null,
        domain: ranked.map(({ system }) => system),
        tickSize: 0,
      },
      marks: [
        ...teacher === undefined ? [] : [
          Plot.ruleX([teacher.row.bleu.score], {
            stroke: colorOf("teacher"),
            strokeDasharray: "3 3",
          }),
        ],
        ...ranked.flatMap(({ system, family, row: { bleu } }) => {
          const { score, low, high } = bleu;
          return [
            ...low === undefined || high === undefined ? [] : [
              Plot.ruleY([system], {
                x1: low,
                x2: high,
                stroke: colorOf(family),
                strokeWidth: 1.5,
              }),
            ],
            Plot.dot([system], {
              x: score,
              y: Plot.identity,
              r: 4,
              symbol: FAMILIES[family].symbol,
              fill: colorOf(family),
            }),
            Plot.text([system], {
              y: Plot.identity,
              text: () => figure(score, 1),
              frameAnchor: "right",
              textAnchor: "start",
              dx: 8,
            }),
          ];
        }),
      ],
    },
    `BLEU of each system, the best first: ${
      ranked.map(({ system, row: { bleu: { score, low, high } } }) =>
        `${system} ${figure(score, 1)}${
          low === undefined || high === undefined
            ? ""
            : ` (${figure(low, 1)} to ${figure(high, 1)})`
        }`
      ).join(", ")
    }.`,
  );
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
