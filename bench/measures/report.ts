/** Medians, progress, and the JSON line of a measuring process. */
import { z } from "zod";

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

/** The line that a measuring process prints; `peak_mb` is the largest resident memory of the process. */
export const Report = z.object({
  figures: z.record(z.string(), z.number()),
  peak_mb: z.number(),
  version: z.string(),
  threads: z.number(),
});
export type Report = z.infer<typeof Report>;
