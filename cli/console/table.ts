/** Tables of text, ages and counts, as commands print them. */
import { duration } from "../../base/durations.ts";
import { cut } from "./screen.ts";

/**
 * Columns as wide as their widest cell; `show` may colour a cell, which must not change its width. What does not fit into
 * `width` is cut off the last column, and left out where too little of that would stay.
 */
export function table(
  rows: readonly (readonly string[])[],
  show = (cell: string, _row: number, _column: number) => cell,
  width = Infinity,
): string {
  const widths = rows[0].map((_, i) =>
    Math.max(...rows.map((row) => row[i].length))
  );
  const before = widths.slice(0, -1).reduce((sum, each) => sum + each + 2, 0);
  const room = width - before;
  if (room < widths[widths.length - 1]) {
    const kept = room < LEAST && widths.length > 1
      ? rows.map((row) => row.slice(0, -1))
      : rows.map((row) => [
        ...row.slice(0, -1),
        cut(row[row.length - 1], Math.max(1, room)),
      ]);
    return table(kept, show, room < LEAST ? width : Infinity);
  }
  return rows.map((row, i) =>
    row.map((cell, j) => show(cell, i, j) + " ".repeat(widths[j] - cell.length))
      .join("  ").trimEnd()
  ).join("\n");
}

/** A cell that is cut keeps so many columns. */
const LEAST = 12;

/**
 * The tables of a Markdown text, no wider than a terminal: columns that do not fit follow in a table of their own, which has
 * the first one too.
 */
export function stacked(text: string, width = Infinity): string {
  return text.replace(/^(?:\|.*\n?)+/gm, (table) => {
    const lines = table.trimEnd().split("\n");
    if (lines[0].length <= width) return table;
    const rows = lines.map((line) => line.slice(1, -1).split("|"));
    const parts: number[][] = [];
    let left = 0;
    for (const [i, { length }] of rows[0].entries()) {
      if (i === 0) continue;
      if (length >= left) {
        parts.push([0]);
        left = width - rows[0][0].length - 2;
      }
      parts[parts.length - 1].push(i);
      left -= length + 1;
    }
    return parts.map((part) =>
      rows.map((row) => `|${part.map((i) => row[i]).join("|")}|`).join("\n")
    ).join("\n\n") + (table.endsWith("\n") ? "\n" : "");
  });
}

/** How long ago a time was; nothing for a time in the future. */
export function age(time: string, now: number): string {
  const seconds = Math.max(0, now - Date.parse(time)) / 1000;
  const days = Math.floor(seconds / 86400);
  return days < 2 ? duration(seconds) : `${days} days`;
}

/** A count and its noun, such as `2 objects`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** How many reasons or names are told where there may be many. */
const FEW = 3;

/** The first reasons, and how many more there are: `explain` and `--json` have them all. */
export function fewReasons(reasons: readonly string[]): string {
  const more = reasons.length - FEW;
  return reasons.slice(0, FEW).join("; ") +
    (more > 0 ? `; and ${counted(more, "more reason")}` : "");
}

/** The first names, and how many more there are. */
export function fewNames(names: readonly string[]): string {
  const more = names.length - FEW;
  return names.slice(0, FEW).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
