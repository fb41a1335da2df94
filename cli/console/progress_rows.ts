/** The lines of a run on a terminal: one or two for each running node and one for the run, as wide as the terminal. */
import { format as formatBytes } from "@std/fmt/bytes";
import { cut, type Size, widthOf } from "./screen.ts";
import { sparkline } from "./sparkline.ts";
import type { Progress } from "../../engine/graph/stage.ts";
import { NEVER_RAN } from "../../engine/run/plan.ts";
import type { Paint, Tone } from "./style.ts";
import { duration, roughly } from "../../base/durations.ts";

/** A running node, as it is now. */
export interface RunningNode {
  readonly name: string;
  /** Since it began. */
  readonly seconds: number;
  readonly reasons: readonly string[];
  readonly progress?: Progress;
  /** Units a second, and the seconds that the rest takes at that speed. */
  readonly rate?: number;
  readonly left?: number;
  /** The values of the figure that its notes begin with. */
  readonly series?: readonly number[];
}

/** The whole run. */
export interface RunSummary {
  readonly nodes: number;
  readonly done: number;
  readonly cached: number;
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
  /** Undefined if too little is known. */
  readonly left?: number;
  /** Whether it was interrupted and waits for the running nodes. */
  readonly stopping: boolean;
}

/** A piece of a line; those with the lowest rank stay when there is little room. */
interface Cell {
  readonly text: string;
  readonly rank: number;
  readonly tone?: Tone;
  /** Whether it may be shortened. */
  readonly elastic?: boolean;
}

const GAP = "  ";

/** The fewest columns for which a node has one line; with fewer it has two. */
const ONE_LINE = 120;

/** Columns of the progress bar; the least width with a bar; columns of a sparkline with and without it. */
const BAR = 16, WIDE = 72, SPARKS = { wide: 12, narrow: 8 };

/** All lines, each narrower than the terminal; nodes for which it is too low are only counted. */
export function screenRows(
  running: readonly RunningNode[],
  run: RunSummary | undefined,
  { columns, rows }: Size,
  paint: Paint,
): string[] {
  // A line that reaches the last column may break, and the cursor stands in a line of its own.
  const width = columns - 1;
  const room = Math.max(0, rows - 1 - (run === undefined ? 0 : 1));
  const names = Math.max(0, ...running.map(({ name }) => widthOf(name)));
  const rowsWith = (linesEach: 1 | 2) =>
    running.map((node) => nodeRows(node, names, width, linesEach, paint));
  let each = rowsWith(columns < ONE_LINE ? 2 : 1);
  if (each.flat().length > room) each = rowsWith(1);
  const fitting = each.length <= room
    ? each
    : each.slice(0, Math.max(0, room - 1));
  const more = each.length - fitting.length;
  return [
    ...fitting.flat(),
    ...more > 0 && room > 0
      ? [paint("faint", cut(`and ${more} more`, width))]
      : [],
    ...run === undefined || rows < 2
      ? []
      : [line(summaryCells(run), width, paint)],
  ];
}

function nodeRows(
  node: RunningNode,
  names: number,
  width: number,
  linesEach: 1 | 2,
  paint: Paint,
): string[] {
  const head = headCells(node, names, width);
  const tail = tailCells(node, width >= WIDE ? SPARKS.wide : SPARKS.narrow);
  return linesEach === 1 || node.series === undefined
    ? [line([...head, ...tail], width, paint)]
    : [
      line(head, width, paint),
      GAP + line(tail, width - GAP.length, paint),
    ];
}

function headCells(
  { name, progress, left, seconds, reasons }: RunningNode,
  names: number,
  width: number,
): Cell[] {
  // A long name is cut so that its progress fits.
  const label: Cell = {
    text: padded(cut(name, Math.max(8, width - 16)), names, width),
    rank: 0,
    tone: "strong",
  };
  if (progress === undefined) {
    // What runs for the first time needs no reason.
    const because = reasons.filter((reason) => reason !== NEVER_RAN).join("; ");
    return [
      label,
      { text: `running for ${duration(seconds)}`, rank: 1 },
      { text: because, rank: 9, tone: "faint", elastic: true },
    ];
  }
  const { done, total, unit } = progress;
  const part = total > 0 ? Math.min(1, done / total) : 0;
  return [
    label,
    ...width >= WIDE
      ? [{ text: bar(part), rank: 5, tone: "good" as const }]
      : [],
    { text: `${Math.floor(100 * part)} %`.padStart(5), rank: 1 },
    ...left === undefined ? [] : [{ text: `${duration(left)} left`, rank: 2 }],
    { text: amount(done, total, unit), rank: 4 },
  ];
}

/** As wide as the other names, unless they take more than half of the line. */
function padded(name: string, names: number, width: number): string {
  const missing = names > width / 2 ? 0 : names - widthOf(name);
  return name + " ".repeat(Math.max(0, missing));
}

/** The stage's note, and its speed unless the note has one. */
function tailCells(
  { progress, rate, series }: RunningNode,
  sparks: number,
): Cell[] {
  if (progress === undefined) return [];
  const { note = "", unit } = progress;
  const figure = figureOf(note);
  const rest = note.slice(figure?.text.length ?? 0).replace(/^[, ]+/, "");
  const parts = rest.split(", ").filter((part) => part !== "");
  const speeds = parts.filter((part) => part.endsWith("/s"));
  const others = parts.filter((part) => !part.endsWith("/s"));
  const own = speeds.length > 0 || rate === undefined
    ? speeds
    : [speed(rate, unit)];
  return [
    ...figure === undefined || series === undefined ? [] : [{
      text: `${figure.text} ${sparkline(series, sparks)}`,
      rank: 2.5,
      tone: "kept" as const,
    }],
    ...own.map((text) => ({ text, rank: 3 })),
    ...others.map((text, i) => ({ text, rank: 6 + i, tone: "faint" as const })),
  ];
}

function summaryCells(run: RunSummary): Cell[] {
  const { nodes, done, cached, failed, skipped, seconds, left } = run;
  if (run.stopping) {
    return [{
      text: "Stopping what runs; Ctrl-C again ends it at once",
      rank: 0,
      tone: "due",
    }];
  }
  return [
    { text: `${done} of ${nodes} done`, rank: 0, tone: "strong" },
    ...count(cached, "cached", 3, "kept"),
    ...count(failed, "failed", 1, "bad"),
    ...count(skipped, "skipped", 4, "faint"),
    { text: `${duration(seconds)} so far`, rank: 5 },
    ...left === undefined
      ? []
      : [{ text: `about ${roughly(left)} left`, rank: 2 }],
  ];
}

function count(number: number, what: string, rank: number, tone: Tone): Cell[] {
  return number === 0 ? [] : [{ text: `${number} ${what}`, rank, tone }];
}

/** The fewest columns for which a shortened text is shown. */
const SHORTEST = 8;

/** The cells that fit, in their order. The first in rank is always shown, cut if necessary. */
function line(cells: readonly Cell[], width: number, paint: Paint): string {
  let room = width;
  const kept = new Map<Cell, string>();
  for (const cell of cells.toSorted((a, b) => a.rank - b.rank)) {
    const isKept = cell.text !== "" &&
      (kept.size === 0 || widthOf(cell.text) <= room ||
        cell.elastic === true && room >= SHORTEST);
    if (!isKept) continue;
    const text = cut(cell.text, room);
    kept.set(cell, text);
    room -= widthOf(text) + GAP.length;
  }
  return cells.flatMap((cell) => {
    const text = kept.get(cell);
    if (text === undefined) return [];
    return [cell.tone === undefined ? text : paint(cell.tone, text)];
  }).join(GAP);
}

function bar(part: number): string {
  const full = Math.round(BAR * part);
  return "━".repeat(full) + "─".repeat(BAR - full);
}

function amount(done: number, total: number, unit: string): string {
  return unit === "bytes"
    ? `${formatBytes(done)} of ${formatBytes(total)}`
    : `${done.toLocaleString("en")} of ${total.toLocaleString("en")} ${unit}`;
}

function speed(rate: number, unit: string): string {
  if (unit === "bytes") return `${formatBytes(rate)}/s`;
  const digits = rate < 10 ? 1 : 0;
  return `${
    rate.toLocaleString("en", {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    })
  } ${unit}/s`;
}

export interface Figure {
  /** With its name. */
  readonly text: string;
  readonly value: number;
}

/** The figure that a note begins with: `loss 3.214` of `loss 3.214 kd 2.1, 900 tokens/s`. */
export function figureOf(note: string): Figure | undefined {
  const match = /^\p{L}[\p{L} -]* (-?\d+(?:\.\d+)?)(?=[ ,]|$)/u.exec(note);
  return match === null
    ? undefined
    : { text: match[0], value: Number(match[1]) };
}
