/** Tables of text, ages and counts, as commands print them. */
import { duration } from "../../base/durations.ts";

/** Columns as wide as their widest cell; `show` may colour a cell, which must not change its width. */
export function table(
  rows: readonly (readonly string[])[],
  show = (cell: string, _row: number, _column: number) => cell,
): string {
  const widths = rows[0].map((_, i) =>
    Math.max(...rows.map((row) => row[i].length))
  );
  return rows.map((row, i) =>
    row.map((cell, j) => show(cell, i, j) + " ".repeat(widths[j] - cell.length))
      .join("  ").trimEnd()
  ).join("\n");
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

/** The first three reasons, and how many more there are: `explain` and `--json` have them all. */
export function fewReasons(reasons: readonly string[]): string {
  const more = reasons.length - 3;
  return reasons.slice(0, 3).join("; ") +
    (more > 0 ? `; and ${more} more reasons` : "");
}
