/** The estimate of time, disk and memory as one line. */
import { roughly } from "../../base/durations.ts";
import type { Estimate } from "../../engine/graph/estimate.ts";
import { fewNames } from "./table.ts";

/** One line, such as `about 12 minutes, 0.6 GB of disk and 2.1 GB of memory, by ...`. */
export function estimateText(
  { seconds, bytes, freeBytes, memoryBytes, by, unknown }: Estimate,
): string {
  const time = roughly(seconds), disk = `${roughSize(bytes)} of disk`;
  const sizes = memoryBytes === 0
    ? `${time} and ${disk}`
    : `${time}, ${disk} and ${roughSize(memoryBytes)} of memory`;
  return `about ${sizes}, by ${by}` +
    (bytes <= freeBytes
      ? ""
      : `; the disk has only ${roughSize(freeBytes)} left`) +
    (unknown.length === 0
      ? ""
      : `; not counted, as its data is not known yet: ${fewNames(unknown)}`);
}

/** Why the states of a run cannot be recorded; undefined where the disk has room for all that it makes. */
export function tooLargeText(
  { bytes, freeBytes }: Estimate,
): string | undefined {
  return bytes <= freeBytes
    ? undefined
    : `a run that records them takes ${roughSize(bytes)}, and the disk has ${
      roughSize(freeBytes)
    } left`;
}

function roughSize(bytes: number): string {
  return bytes >= 50e6
    ? `${Number((bytes / 1e9).toPrecision(bytes < 1e9 ? 1 : 2))} GB`
    : `${Math.ceil(bytes / 1e6)} MB`;
}
