/** What the benchmarks tell: medians, a table of text, how far they are. */

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? sorted[middle]
    : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Says on a terminal how far it is; an empty line takes it away. */
export function progress(line: string): void {
  if (!Deno.stderr.isTerminal()) return;
  Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${line}`));
}

/** Rows of cells below their heads, each column as wide as its widest cell. */
export function columns(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
): string[] {
  const widths = heads.map((head, i) =>
    Math.max(head.length, ...rows.map((row) => row[i].length))
  );
  return [heads, ...rows].map((cells) =>
    cells.map((cell, i) => cell.padEnd(widths[i])).join("  ").trimEnd()
  );
}
