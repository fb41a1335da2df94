/** The time and disk estimate as one line. */
import { roughly } from "../../base/durations.ts";
import type { Estimate } from "../../engine/graph/estimate.ts";

/** One line, such as `about 12 minutes and 0.6 GB of disk`. */
export function estimateText(
  { seconds, bytes, by, unknown }: Estimate,
): string {
  return `about ${roughly(seconds)} and ${roughSize(bytes)} of disk, by ${by}` +
    (unknown.length === 0
      ? ""
      : `; not counted, as its data is not known yet: ${unknown.join(", ")}`);
}

function roughSize(bytes: number): string {
  return bytes >= 50e6
    ? `${Number((bytes / 1e9).toPrecision(bytes < 1e9 ? 1 : 2))} GB`
    : `${Math.ceil(bytes / 1e6)} MB`;
}
