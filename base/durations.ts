/** Formats durations, exact and rounded. */

/**
 * Seconds exactly: `0.4 s`, `42 s`, `3m 05s`, `2h 10m`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { duration } from "./durations.ts";
 *
 * assertEquals(duration(185), "3m 05s");
 * ```
 */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}m ${two(whole % 60)}s`;
  return `${Math.floor(minutes / 60)}h ${two(minutes % 60)}m`;
}

/** Seconds of an estimate, rounded to two digits. */
export function roughly(seconds: number): string {
  const [amount, unit] = seconds < 90
    ? [seconds, "second"]
    : seconds < 90 * 60
    ? [seconds / 60, "minute"]
    : seconds < 48 * 3600
    ? [seconds / 3600, "hour"]
    : [seconds / 86400, "day"];
  const number = Math.max(1, Number(amount.toPrecision(2)));
  return `${number} ${unit}${number === 1 ? "" : "s"}`;
}
