/** Formats numbers for the report. */
import { number } from "../../../nmt/metrics/layout.ts";
import type { Difference } from "../../../schemas/results.ts";

/** `1,438,208` or `38.0`. */
export function figure(value: number, digits = 0): string {
  return number(value, digits);
}

/** `+0.4`, `−2.1`. */
export function signed(value: number, digits: number): string {
  const size = figure(Math.abs(value), digits);
  if (Number(size.replaceAll(",", "")) === 0) return size;
  return `${value < 0 ? "\u2212" : "+"}${size}`;
}

/** `+7.5`, or with its interval `+7.5 (+6.4 to +8.6)`. */
export function differenceText(
  { difference, low, high }: Difference,
  digits: number,
): string {
  const text = signed(difference, digits);
  return low === undefined || high === undefined
    ? text
    : `${text} (${signed(low, digits)} to ${signed(high, digits)})`;
}

/** How many parameters, on one line: `1.44 M`, `93.2 k`. */
export function parameterText(value: number): string {
  return value < 1e6
    ? `${figure(value / 1e3, 1)}\u00a0k`
    : `${figure(value / 1e6, 2)}\u00a0M`;
}

/** `1 node`, `3 nodes`. */
export function count(value: number, what: string): string {
  return `${figure(value)} ${what}${value === 1 ? "" : "s"}`;
}
