/** Draws BLEU: against parameters, in order, and in two runs. */
/// <reference lib="dom" />
import * as Plot from "@observablehq/plot";
import type { ScoreChange, ScoredSystem } from "../view_data.ts";
import { type Draw, pictured } from "./view.ts";

const ROW = 24;
/** Pixels that two names need between them. */
const LINE = 14;
/** Pixels a character of a name takes at most. */
const CHARACTER = 7;

const millions = ({ parameters }: ScoredSystem) => parameters / 1e6;
const from = ({ low, score }: ScoredSystem) => low ?? score;
const to = ({ high, score }: ScoredSystem) => high ?? score;

/** The size, the score and the interval of the system under the pointer. */
const tooltip = {
  channels: {
    system: "system",
    "learns from": "family",
    parameters: ({ parameters }: ScoredSystem) =>
      parameters.toLocaleString("en"),
    BLEU: ({ score }: ScoredSystem) => score.toFixed(2),
    "95 % interval": ({ low, high }: ScoredSystem) =>
      low === undefined || high === undefined
        ? undefined
        : `${low.toFixed(2)} to ${high.toFixed(2)}`,
  },
  tip: {
    lineHeight: 1.3,
    format: { x: false, y: false, fill: false, symbol: false },
  },
} as const;

/** Each system stands at its size; of names that would cover each other, the best system's is shown. */
export function openSizes(systems: readonly ScoredSystem[]): Draw {
  return ({ width }) => {
    const sizes = systems.map(millions);
    const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
    const room = Math.max(0.12 * (most - least), 0.06 * most);
    const bounds = systems.flatMap((system) => [from(system), to(system)]);
    const height = Math.min(420, Math.max(280, 0.6 * width));
    const middle = (least + most) / 2;
    const options: Plot.PlotOptions = {
      width,
      height,
      marginLeft: 44,
      marginTop: 28,
      marginBottom: 42,
      x: {
        label: "parameters (millions)",
        domain: [Math.max(0, least - room), most + room],
        ticks: Math.round(width / 90),
      },
      y: {
        label: "BLEU",
        domain: [Math.min(...bounds), Math.max(...bounds)],
        nice: true,
        grid: true,
      },
      symbol: { type: "identity" },
    };
    const scale = Plot.scale({ y: { ...options.y, range: [height - 42, 28] } });
    const named = systems.toSorted((a, b) => b.score - a.score)
      .filter((system, i, all) =>
        all.slice(0, i).every((other) =>
          Math.abs(millions(other) - millions(system)) > 2 * room ||
          Math.abs(scale.apply(other.score) - scale.apply(system.score)) > LINE
        )
      );
    const names = (isLeft: boolean) =>
      Plot.text(
        named.filter((system) => millions(system) > middle === isLeft),
        {
          x: millions,
          y: "score",
          text: "system",
          dx: isLeft ? -9 : 9,
          textAnchor: isLeft ? "end" : "start",
          fill: "color",
          stroke: "var(--surface)",
          strokeWidth: 4,
          fontWeight: "bold",
        },
      );
    const picture = Plot.plot({
      ...options,
      marks: [
        Plot.ruleX(systems, {
          ...{ x: millions, y1: from, y2: to },
          ...{ stroke: "color", strokeOpacity: 0.4, strokeWidth: 1.5 },
        }),
        names(false),
        names(true),
        Plot.dot(systems, {
          ...{ x: millions, y: "score", r: 5 },
          ...{ fill: "color", symbol: "symbol" },
          ...tooltip,
        }),
      ],
    });
    return pictured(picture, `BLEU against parameters: ${listed(systems)}.`);
  };
}

/** The frame of a picture that has a row a system, with room for the longest name and as many characters before it. */
function rowFrame(
  systems: readonly string[],
  { width, marginRight, before = 0 }: {
    readonly width: number;
    readonly marginRight: number;
    readonly before?: number;
  },
): Plot.PlotOptions {
  const longest = before + Math.max(...systems.map(({ length }) => length));
  return {
    ...{ width, height: 64 + ROW * systems.length },
    marginLeft: Math.min(0.45 * width, 20 + CHARACTER * longest),
    ...{ marginRight, marginBottom: 42 },
    x: { label: "BLEU", grid: true, nice: true, ticks: 5 },
  };
}

/** A row a system, the best first; the teacher's score is a line through all. */
export function openRanks(systems: readonly ScoredSystem[]): Draw {
  const ranked = systems.toSorted((a, b) => b.score - a.score);
  const best = ranked.find(({ isBest }) => isBest)?.system;
  const names = ranked.map(({ system }) => system);
  return ({ width }) => {
    const y = "system";
    const picture = Plot.plot({
      ...rowFrame(names, { width, marginRight: 44, before: 2 }),
      y: {
        label: null,
        domain: names,
        tickFormat: (name: string) => name === best ? `★ ${name}` : name,
      },
      symbol: { type: "identity" },
      marks: [
        Plot.ruleX(ranked.filter(({ isTeacher }) => isTeacher), {
          ...{ x: "score", stroke: "color", strokeDasharray: "3 3" },
        }),
        Plot.ruleY(ranked, {
          ...{ x1: from, x2: to, y },
          ...{ stroke: "color", strokeWidth: 1.5 },
        }),
        Plot.dot(ranked, {
          ...{ x: "score", y, r: 5, fill: "color", symbol: "symbol" },
          ...tooltip,
        }),
        Plot.text(ranked, {
          y,
          text: ({ score }: ScoredSystem) => score.toFixed(1),
          frameAnchor: "right",
          textAnchor: "start",
          dx: 8,
        }),
      ],
    });
    return pictured(picture, `BLEU, the best first: ${listed(ranked)}.`);
  };
}

function listed(systems: readonly ScoredSystem[]): string {
  return systems.map(({ system, score, low, high }) =>
    `${system} ${score.toFixed(1)}${
      low === undefined || high === undefined
        ? ""
        : ` (${low.toFixed(1)} to ${high.toFixed(1)})`
    }`
  ).join(", ");
}

export function openChanges(changes: readonly ScoreChange[]): Draw {
  const names = changes.map(({ system }) => system);
  return ({ width }) => {
    const y = "system";
    const picture = Plot.plot({
      ...rowFrame(names, { width, marginRight: 16 }),
      y: { label: null, domain: names },
      marks: [
        Plot.ruleY(changes, {
          ...{ x1: "before", x2: "now", y, stroke: "var(--muted)" },
        }),
        Plot.dot(changes, {
          ...{ x: "before", y, r: 5 },
          ...{ stroke: "var(--muted)", fill: "var(--surface)" },
        }),
        Plot.dot(changes, {
          ...{
            x: "now",
            y,
            r: 5,
            fill: "var(--combined)",
            tip: { lineHeight: 1.3 },
          },
          channels: { before: "before" },
        }),
      ],
    });
    const label = changes.map(({ system, before, now }) =>
      `${system} ${before.toFixed(1)}, now ${now.toFixed(1)}`
    ).join("; ");
    return pictured(picture, `BLEU before and now: ${label}.`);
  };
}
