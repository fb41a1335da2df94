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
  /** Why it could not measure, and what is to be done. */
  missing: z.string().optional(),
});
export type Report = z.infer<typeof Report>;

/** Runs a measuring process; what its last line reports. */
export async function runReport(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Report> {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    // Python would leave its compiled modules in the repository.
    env: { PYTHONDONTWRITEBYTECODE: "1", ...env },
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (!success) {
    throw new Error(`"${command} ${args.join(" ")}" failed: ${text(stderr)}`);
  }
  return Report.parse(JSON.parse(text(stdout).split("\n").at(-1) ?? ""));
}
