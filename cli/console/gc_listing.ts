/** What gc tells: what goes and what stays, to people and to scripts. */
import { format as formatBytes } from "@std/fmt/bytes";
import type { Json } from "../../schemas/manifest.ts";
import {
  type Collection,
  isEmpty,
  type Item,
} from "../../engine/store/gc_sweep.ts";
import type { CollectionOptions } from "../../engine/store/gc_plan.ts";
import { duration } from "../../base/durations.ts";
import { age, table } from "./listings.ts";

/** The results that go, then a summary, then what stays. */
export function collectionText(
  collection: Collection,
  { now, maxSize }: CollectionOptions,
): string {
  const { results, kept } = collection;
  const list = table([
    ["node", "key", "age", "took", "size"],
    ...results.map((item) => [
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
    isEmpty(collection) ? "Nothing to remove." : summary(collection),
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
export function collectionJson(
  { results, objects, checkpoints, leftovers, bytes, kept }: Collection,
  removed: boolean,
): Json {
  const itemJson = ({ node, key, time, seconds, bytes }: Item) => ({
    node: node ?? null,
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
export function removedText(collection: Collection): string {
  const { results, objects } = collection;
  return `Removed ${counted(results.length, "result")} and ${
    counted(objects.length, "object")
  }; ${formatBytes(freed(collection))} are free again.`;
}

function summary(
  { results, objects, checkpoints, leftovers, bytes }: Collection,
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

function freed({ bytes }: Pick<Collection, "bytes">): number {
  return bytes.objects + bytes.checkpoints + bytes.leftovers;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
