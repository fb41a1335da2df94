/** The texts and the JSON of `gc`: what is removed and what stays. */
import { format as formatBytes } from "@std/fmt/bytes";
import type { Json } from "../../schemas/manifest.ts";
import {
  type GcItem,
  type GcPlan,
  isEmpty,
} from "../../engine/store/gc_sweep.ts";
import type { GcOptions } from "../../engine/store/gc_plan.ts";
import { duration } from "../../base/durations.ts";
import { age, counted, fewNames, table } from "./table.ts";

/** The results that go, then a summary, then what stays. */
export function planText(
  plan: GcPlan,
  { now, maxSize }: GcOptions,
): string {
  const { results, kept } = plan;
  const list = table([
    ["experiment", "node", "key", "age", "took", "size"],
    ...results.map((item) => [
      fewNames(item.experiments) || "?",
      item.node ?? "?",
      item.key.slice(0, 12),
      age(item.time, now),
      duration(item.seconds ?? 0),
      formatBytes(item.bytes),
    ]),
  ]);
  const working = kept.checkpoints.map((item) =>
    `${item.node ?? item.key.slice(0, 12)} (${formatBytes(item.bytes)}, ${
      age(item.time, now)
    } old)`
  );
  return [
    ...results.length === 0 ? [] : [list, ""],
    isEmpty(plan) ? "Nothing to remove." : summary(plan),
    "",
    `Kept: ${counted(kept.results, "result")} with ${
      counted(kept.objects, "object")
    }, ${formatBytes(kept.bytes)}.`,
    ...working.length === 0
      ? []
      : [`Kept: checkpoints of unfinished nodes: ${working.join(", ")}.`],
    ...maxSize === undefined || kept.bytes <= maxSize ? [] : [
      `What is kept takes more than the ${
        formatBytes(maxSize)
      } of --max-size; nothing else may be removed.`,
    ],
  ].join("\n");
}

/** The shape of `gc --json`. */
export function planJson(
  { results, objects, checkpoints, leftovers, bytes, kept }: GcPlan,
  removed: boolean,
): Json {
  const itemJson = (
    { node, experiments, key, time, seconds, bytes }: GcItem,
  ) => ({
    node: node ?? null,
    experiments,
    key,
    time,
    seconds: seconds ?? null,
    bytes,
  });
  return {
    removed,
    results: results.map(itemJson),
    objects: objects.length,
    checkpoints: checkpoints.map(itemJson),
    leftovers: leftovers.length,
    bytes: freed({ bytes }),
    kept: { ...kept, checkpoints: kept.checkpoints.map(itemJson) },
  };
}

/** What was removed, in one line. */
export function removedText(plan: GcPlan): string {
  const { results, objects } = plan;
  return `Removed ${counted(results.length, "result")} and ${
    counted(objects.length, "object")
  }; ${formatBytes(freed(plan))} are free again.`;
}

function summary(
  { results, objects, checkpoints, leftovers, bytes }: GcPlan,
): string {
  const rows: readonly (readonly [string, number, number | undefined])[] = [
    ["results", results.length, undefined],
    ["objects that nothing kept names", objects.length, bytes.objects],
    ["checkpoints", checkpoints.length, bytes.checkpoints],
    ["files that were cut off", leftovers.length, bytes.leftovers],
  ];
  return table([
    ["what", "how many", "size"],
    ...rows.filter(([, count]) => count > 0).map(([what, count, size]) => [
      what,
      String(count),
      size === undefined ? "" : formatBytes(size),
    ]),
  ]);
}

function freed({ bytes }: Pick<GcPlan, "bytes">): number {
  return bytes.objects + bytes.checkpoints + bytes.leftovers;
}
