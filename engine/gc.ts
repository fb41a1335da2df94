/** Removes what no kept result needs: plans it, tells it, and removes it so that a kill at any moment leaves all else whole. */
import { format as formatBytes } from "@std/fmt/bytes";
import { join } from "@std/path";
import { z } from "zod";
import { inputError } from "../schemas/errors.ts";
import {
  type CachedResult,
  type Json,
  type Manifest,
  MANIFEST_SCHEMA,
  parseManifest,
} from "../schemas/manifest.ts";
import { readIfThere, removeIfThere, statIfThere } from "./atomic.ts";
import { manifestPath, readCached, readManifest } from "./manifest.ts";
import { duration } from "./progress.ts";
import type { Progress } from "./stage.ts";

const DAY_MILLISECONDS = 24 * 3600 * 1000;

/** How long the checkpoints of an unfinished node stay that no kept run began: a training may be worth days. */
const CHECKPOINT_DAYS = 14;

/** A run with nothing to do saves the index without the lock, so its temporary file may be in use for a moment. */
const WRITING_MILLISECONDS = 60_000;

export interface CollectionOptions {
  /** How many of the last runs keep the results that they used. */
  readonly keepLast: number;
  /** Milliseconds; younger results and checkpoints stay. */
  readonly olderThan?: number;
  /** Bytes of objects; results go, the oldest first, until the objects take no more. */
  readonly maxSize?: number;
  /** Kept beside the folder's own. */
  readonly manifests: readonly Manifest[];
  /** Milliseconds. */
  readonly now: number;
}

/** A result, or the checkpoints of an unfinished one. */
export interface Item {
  /** Undefined where no record of a run names it. */
  readonly node?: string;
  readonly key: string;
  /** When it was made or last written. */
  readonly time: string;
  /** What it took to make, of a result. */
  readonly seconds?: number;
  readonly bytes: number;
}

/** What goes, and what stays of it. */
export interface Collection {
  /** Oldest first. */
  readonly results: readonly Item[];
  /** Their SHA-256. */
  readonly objects: readonly string[];
  readonly checkpoints: readonly Item[];
  /** Paths of files that were cut off or damaged. */
  readonly leftovers: readonly string[];
  /** What is freed; a file of several names counts once, when its last name goes. */
  readonly bytes: {
    readonly objects: number;
    readonly checkpoints: number;
    readonly leftovers: number;
  };
  readonly kept: {
    readonly results: number;
    readonly objects: number;
    /** Of the objects. */
    readonly bytes: number;
    readonly checkpoints: readonly Item[];
  };
}

/** A manifest that the user names to be kept. */
export function readKeptManifest(path: string): Manifest {
  let text: string | undefined;
  try {
    text = readIfThere(path);
  } catch (error) {
    throw inputError(`Cannot read manifest "${path}": ${reasonOf(error)}.`);
  }
  if (text === undefined) {
    throw inputError(`Cannot read manifest "${path}": there is no such file.`);
  }
  return parseManifest(text, path);
}

/** What would be removed as things are now; reads only, also while a run is going on. */
export function planCollection(
  folder: string,
  options: CollectionOptions,
): Collection {
  const own = readManifest(folder);
  const manifests = [...own === undefined ? [] : [own], ...options.manifests];
  const runs = readRuns(folder);
  const cache = readCache(folder);
  const store = readStore(folder);
  const kept = new Set([
    ...manifests.flatMap(keysOf),
    ...lastRuns(folder, runs, own, options.keepLast)
      .flatMap(({ keys }) => [...keys]),
  ]);
  const chosen = choose(manifests, cache.results, store.objects, kept, options);
  const work = readWork(folder);
  const isOver = (checkpoint: Checkpoint) =>
    !isWanted(checkpoint, cache.results.get(checkpoint.key), kept, options) &&
    !isHeld(workPath(folder, checkpoint.key));
  const over = new Set(work.checkpoints.filter(isOver));
  const nodes = nodeNames(manifests, runs);
  const itemOf = (checkpoint: Checkpoint): Item => ({
    node: nodes.get(checkpoint.key),
    key: checkpoint.key,
    time: new Date(checkpoint.written).toISOString(),
    bytes: bytesOf(checkpoint.files),
  });
  const leftovers = [
    ...cache.damaged,
    ...store.leftovers,
    ...work.leftovers,
    ...rootLeftovers(folder, options.now),
  ];
  return {
    results: chosen.results.map(({ key, time, seconds, outputs }) => ({
      node: nodes.get(key),
      key,
      time,
      seconds,
      bytes: Object.values(outputs).reduce((sum, { bytes }) => sum + bytes, 0),
    })),
    objects: chosen.objects,
    checkpoints: [...over].map(itemOf),
    leftovers,
    bytes: {
      objects: chosen.bytes.freed,
      checkpoints: bytesOf([...over].flatMap(({ files }) => files)),
      leftovers: bytesOf(leftovers.flatMap(filesUnder)),
    },
    kept: {
      results: cache.results.size - chosen.results.length,
      objects: store.objects.size - chosen.objects.length,
      bytes: chosen.bytes.kept,
      checkpoints: work.checkpoints
        .filter((checkpoint) => !over.has(checkpoint)).map(itemOf),
    },
  };
}

export function isEmpty(collection: Collection): boolean {
  return removals(collection).length === 0;
}

/** Whether all that a collection removes is removed by another as well. */
export function isWithin(collection: Collection, other: Collection): boolean {
  const names = new Set(removals(other));
  return removals(collection).every((name) => names.has(name));
}

/**
 * Removes what was planned, under the folder's lock. What names comes before what is named: a kill leaves no result
 * without its objects, and what it leaves over is found by the next plan.
 */
export function collect(
  folder: string,
  { results, objects, checkpoints, leftovers }: Collection,
  tell: (progress: Progress) => void,
): void {
  const steps = [
    ...results.map(({ key }) => () => removeIfThere(cachePath(folder, key))),
    ...objects.map((sha) => () => removeObject(folder, sha)),
    ...checkpoints.map(({ key }) => () => removeWhole(workPath(folder, key))),
    ...leftovers.map((path) => () => removeIfThere(path)),
    () => removeEmptyFolders(folder),
  ];
  try {
    for (const [done, step] of steps.entries()) {
      step();
      tell({ done: done + 1, total: steps.length, unit: "removals" });
    }
  } catch (error) {
    const isRefused = error instanceof Deno.errors.PermissionDenied ||
      error instanceof Error && error.message.includes("os error 30");
    if (!isRefused) throw error;
    throw inputError(
      `Cannot remove from the artifact folder "${folder}": ${
        reasonOf(error)
      }; make it writable and run gc again.`,
    );
  }
}

/** The results that go, then a summary, then what stays. */
export function collectionText(
  collection: Collection,
  { now, maxSize }: CollectionOptions,
): string {
  const { results, kept } = collection;
  const ages = (item: Item) => age(item, now);
  const list = table([
    ["node", "key", "age", "took", "size"],
    ...results.map((item) => [
      item.node ?? "?",
      item.key.slice(0, 12),
      ages(item),
      duration(item.seconds ?? 0),
      formatBytes(item.bytes),
    ]),
  ]);
  const working = kept.checkpoints.map((item) =>
    `${item.node ?? item.key.slice(0, 12)} (${formatBytes(item.bytes)}, ${
      ages(item)
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

/** A run as its file tells it; a run that was cut off has not told all that it used. */
interface RecordedRun {
  readonly ended: boolean;
  /** Milliseconds. */
  readonly written: number;
  readonly keys: ReadonlySet<string>;
  /** Names of nodes by key. */
  readonly nodes: ReadonlyMap<string, string>;
}

const Event = z.object({
  event: z.string(),
  name: z.string().optional(),
  key: z.string().optional(),
  keys: z.record(z.string(), z.string()).optional(),
});

/** The recorded runs, oldest first. */
function readRuns(folder: string): RecordedRun[] {
  const runs = join(folder, "runs");
  return namesIn(runs).filter((name) => name.endsWith(".jsonl")).sort()
    .map((name) => readRun(join(runs, name)));
}

function readRun(path: string): RecordedRun {
  const nodes = new Map<string, string>();
  let ended = false;
  for (const line of (readIfThere(path) ?? "").split("\n")) {
    const event = parseEvent(line);
    if (event === undefined) continue;
    const { name, key, keys = {} } = event;
    ended ||= event.event === "end";
    for (const [node, key] of Object.entries(keys)) nodes.set(key, node);
    if (name !== undefined && key !== undefined) nodes.set(key, name);
  }
  return {
    ended,
    written: writtenAt(path),
    keys: new Set(nodes.keys()),
    nodes,
  };
}

/** A kill or a full disk may have cut a line off; its node was named by the line that told of its start. */
function parseEvent(line: string): z.infer<typeof Event> | undefined {
  return Event.safeParse(jsonOf(line)).data;
}

/**
 * The runs that are kept, the newest first; one that was cut off does not count. A run that found all made leaves no
 * record but its manifest, which is kept anyway and counts as one.
 */
function lastRuns(
  folder: string,
  runs: readonly RecordedRun[],
  own: Manifest | undefined,
  count: number,
): RecordedRun[] {
  const last = runs.at(-1);
  const named = new Set(own === undefined ? [] : keysOf(own));
  const isRewritten = last?.ended === true &&
    writtenAt(manifestPath(folder)) > last.written &&
    [...last.keys].some((key) => !named.has(key));
  let left = isRewritten ? count - 1 : count;
  const kept: RecordedRun[] = [];
  for (const run of runs.toReversed()) {
    if (left === 0) break;
    kept.push(run);
    if (run.ended) left--;
  }
  return kept;
}

interface Cache {
  readonly results: ReadonlyMap<string, CachedResult>;
  /** Paths of entries that no run can use. */
  readonly damaged: readonly string[];
}

function readCache(folder: string): Cache {
  const results = new Map<string, CachedResult>();
  const damaged: string[] = [];
  const cache = join(folder, "cache");
  for (const name of namesIn(cache)) {
    const [, key] = /^([0-9a-f]{64})\.json$/.exec(name) ?? [];
    const result = key === undefined ? undefined : readCached(folder, key);
    if (result !== undefined) results.set(result.key, result);
    else if (key !== undefined || isTemporary(name)) {
      refuseNewer(join(cache, name));
      damaged.push(join(cache, name));
    }
  }
  return { results, damaged };
}

/** A newer version may know what it is for. */
function refuseNewer(path: string): void {
  const newer = z.object({ schema: z.int().gt(MANIFEST_SCHEMA) });
  if (!newer.safeParse(jsonOf(readIfThere(path) ?? "")).success) return;
  throw inputError(
    `Cannot tell what may be removed: "${path}" was written by a newer version; update the project.`,
  );
}

interface FileOnDisk {
  /** Equal for the names of one file. */
  readonly identity: string;
  readonly bytes: number;
  /** Milliseconds. */
  readonly written: number;
}

interface StoredObjects {
  /** The files of each object by its SHA-256, a folder's listing among them. */
  readonly objects: ReadonlyMap<string, readonly FileOnDisk[]>;
  readonly leftovers: readonly string[];
}

function readStore(folder: string): StoredObjects {
  const objects = new Map<string, FileOnDisk[]>();
  const leftovers: string[] = [];
  for (const prefix of prefixes(folder)) {
    for (const name of namesIn(join(folder, "objects", prefix))) {
      const path = join(folder, "objects", prefix, name);
      const [, rest] = /^([0-9a-f]{62})(\.files\.json)?$/.exec(name) ?? [];
      if (rest !== undefined) {
        const sha = prefix + rest;
        objects.set(sha, [...objects.get(sha) ?? [], ...filesUnder(path)]);
      } else if (isTemporary(name)) leftovers.push(path);
    }
  }
  return { objects, leftovers };
}

function prefixes(folder: string): string[] {
  return entriesOf(join(folder, "objects"))
    .filter(({ name, isDirectory }) =>
      isDirectory && /^[0-9a-f]{2}$/.test(name)
    ).map(({ name }) => name);
}

interface Choice {
  readonly results: readonly CachedResult[];
  readonly objects: readonly string[];
  readonly bytes: { readonly freed: number; readonly kept: number };
}

/** The results that go, the oldest first, and the objects that nothing names then. */
function choose(
  manifests: readonly Manifest[],
  results: ReadonlyMap<string, CachedResult>,
  stored: StoredObjects["objects"],
  kept: ReadonlySet<string>,
  { now, olderThan, maxSize }: CollectionOptions,
): Choice {
  const claims = countClaims(manifests, results);
  const scales = weigh(stored.values());
  const before = scales.bytes();
  const objects: string[] = [];
  const drop = (sha: string) => {
    const files = stored.get(sha);
    if (files === undefined) return;
    scales.drop(files);
    objects.push(sha);
  };
  for (const sha of stored.keys()) if (!claims.has(sha)) drop(sha);
  const limit = new Date(now - (olderThan ?? 0)).toISOString();
  const candidates = [...results.values()]
    .filter(({ key, time }) =>
      !kept.has(key) && (olderThan === undefined || time < limit)
    ).sort((a, b) => a.time < b.time ? -1 : 1);
  const chosen: CachedResult[] = [];
  for (const result of candidates) {
    if (maxSize !== undefined && scales.bytes() <= maxSize) break;
    chosen.push(result);
    for (const sha of hashesOf(result.outputs)) {
      const left = (claims.get(sha) ?? 0) - 1;
      claims.set(sha, left);
      if (left === 0) drop(sha);
    }
  }
  const bytes = { freed: before - scales.bytes(), kept: scales.bytes() };
  return { results: chosen, objects, bytes };
}

/** How many results and manifests' nodes name each object. */
function countClaims(
  manifests: readonly Manifest[],
  results: ReadonlyMap<string, CachedResult>,
): Map<string, number> {
  const claims = new Map<string, number>();
  const records = manifests.flatMap(({ nodes }) => Object.values(nodes));
  for (const { outputs } of [...records, ...results.values()]) {
    for (const sha of hashesOf(outputs)) {
      claims.set(sha, (claims.get(sha) ?? 0) + 1);
    }
  }
  return claims;
}

interface Scales {
  bytes(): number;
  drop(files: Iterable<FileOnDisk>): void;
}

/** The bytes of files while some are dropped; a file of several names counts until the last one is. */
function weigh(objects: Iterable<readonly FileOnDisk[]>): Scales {
  const names = new Map<string, number>();
  let bytes = 0;
  for (const file of [...objects].flat()) {
    const count = names.get(file.identity) ?? 0;
    if (count === 0) bytes += file.bytes;
    names.set(file.identity, count + 1);
  }
  return {
    bytes: () => bytes,
    drop: (files) => {
      for (const file of files) {
        const left = (names.get(file.identity) ?? 0) - 1;
        names.set(file.identity, left);
        if (left === 0) bytes -= file.bytes;
      }
    },
  };
}

/** What a node that did not finish has left for its next start. */
interface Checkpoint {
  readonly key: string;
  readonly files: readonly FileOnDisk[];
  /** Milliseconds; when one of the files was last written. */
  readonly written: number;
}

interface Work {
  readonly checkpoints: readonly Checkpoint[];
  /** Paths, those of folders that hold no checkpoint among them. */
  readonly leftovers: readonly string[];
}

function readWork(folder: string): Work {
  const checkpoints: Checkpoint[] = [];
  const leftovers: string[] = [];
  for (const { name, isDirectory } of entriesOf(join(folder, "work"))) {
    const path = workPath(folder, name);
    const isNode = isDirectory && /^[0-9a-f]{64}$/.test(name);
    const files = isNode ? filesUnder(join(path, "work")) : [];
    if (files.length > 0) {
      const written = files.reduce((a, b) => Math.max(a, b.written), 0);
      checkpoints.push({ key: name, files, written });
    } else if (isNode ? !isHeld(path) : isTemporary(name)) leftovers.push(path);
  }
  return { checkpoints, leftovers };
}

/**
 * Whether a checkpoint may still save work: none where the node has finished since, always where a kept run began the
 * node, and else for a time.
 */
function isWanted(
  { key, written }: Checkpoint,
  result: CachedResult | undefined,
  kept: ReadonlySet<string>,
  { now, olderThan }: CollectionOptions,
): boolean {
  if (result !== undefined && Date.parse(result.time) >= written) return false;
  const limit = olderThan ?? CHECKPOINT_DAYS * DAY_MILLISECONDS;
  return kept.has(key) || now - written < limit;
}

/** Whether a stage works in a node's folder: that of a killed run may live a moment longer. */
function isHeld(path: string): boolean {
  using file = ifThere(() => Deno.openSync(join(path, "lock")));
  return file !== undefined && !file.tryLockSync();
}

function rootLeftovers(folder: string, now: number): string[] {
  return namesIn(folder).filter(isTemporary).map((name) => join(folder, name))
    .filter((path) =>
      filesUnder(path).every(({ written }) =>
        now - written > WRITING_MILLISECONDS
      )
    );
}

/** How the atomic writes of this project name what they have not finished. */
function isTemporary(name: string): boolean {
  return /\.\d+\.tmp$/.test(name);
}

function nodeNames(
  manifests: readonly Manifest[],
  runs: readonly RecordedRun[],
): Map<string, string> {
  return new Map([
    ...runs.flatMap(({ nodes }) => [...nodes]),
    ...manifests.flatMap(({ nodes }) =>
      Object.entries(nodes).map(([name, { key }]) => [key, name] as const)
    ),
  ]);
}

function keysOf({ nodes }: Manifest): string[] {
  return Object.values(nodes).map(({ key }) => key);
}

function hashesOf(outputs: CachedResult["outputs"]): Set<string> {
  return new Set(Object.values(outputs).map(({ sha256 }) => sha256));
}

function freed({ bytes }: Pick<Collection, "bytes">): number {
  return bytes.objects + bytes.checkpoints + bytes.leftovers;
}

/** Names of all that goes, each of its kind. */
function removals(collection: Collection): string[] {
  const { results, objects, checkpoints, leftovers } = collection;
  return [
    ...results.map(({ key }) => `result ${key}`),
    ...objects.map((sha) => `object ${sha}`),
    ...checkpoints.map(({ key }) => `checkpoint ${key}`),
    ...leftovers.map((path) => `leftover ${path}`),
  ];
}

function removeObject(folder: string, sha: string): void {
  const path = join(folder, "objects", sha.slice(0, 2), sha.slice(2));
  removeWhole(path);
  removeIfThere(`${path}.files.json`);
}

/** A folder goes out of the way in one step first, so that nobody takes what is left of it for the whole. */
function removeWhole(path: string): void {
  if (ifThere(() => Deno.lstatSync(path))?.isDirectory !== true) {
    return removeIfThere(path);
  }
  const aside = `${path}.${Deno.pid}.tmp`;
  removeIfThere(aside);
  Deno.renameSync(path, aside);
  removeIfThere(aside);
}

function removeEmptyFolders(folder: string): void {
  for (const prefix of prefixes(folder)) {
    const path = join(folder, "objects", prefix);
    if (namesIn(path).length === 0) Deno.removeSync(path);
  }
}

function cachePath(folder: string, key: string): string {
  return join(folder, "cache", `${key}.json`);
}

function workPath(folder: string, key: string): string {
  return join(folder, "work", key);
}

/** The files at and below a path; links are not followed. */
function filesUnder(path: string): FileOnDisk[] {
  const info = ifThere(() => Deno.lstatSync(path));
  if (info === undefined) return [];
  if (info.isDirectory) {
    return namesIn(path).flatMap((name) => filesUnder(join(path, name)));
  }
  return [{
    identity: info.ino === null ? path : `${info.dev}:${info.ino}`,
    bytes: info.size,
    written: info.mtime?.getTime() ?? 0,
  }];
}

function writtenAt(path: string): number {
  return statIfThere(path)?.mtime?.getTime() ?? 0;
}

function bytesOf(files: readonly FileOnDisk[]): number {
  return weigh([files]).bytes();
}

/** The value of a text, or undefined where it is cut off or no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function namesIn(path: string): string[] {
  return entriesOf(path).map(({ name }) => name);
}

function entriesOf(path: string): Deno.DirEntry[] {
  return ifThere(() => [...Deno.readDirSync(path)]) ?? [];
}

/** What a run that is going on has moved away is not there. */
function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function summary({ bytes, ...collection }: Collection): string {
  const { results, objects, checkpoints, leftovers } = collection;
  const rows: readonly (readonly [string, number, number | undefined])[] = [
    ["results", results.length, undefined],
    ["objects that nothing else names", objects.length, bytes.objects],
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

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, i) =>
    Math.max(...rows.map((row) => row[i].length))
  );
  return rows.map((row) =>
    row.map((cell, i) => cell.padEnd(widths[i])).join("  ").trimEnd()
  ).join("\n");
}

function age({ time }: Item, now: number): string {
  const milliseconds = Math.max(0, now - Date.parse(time));
  const days = Math.floor(milliseconds / DAY_MILLISECONDS);
  return days < 2 ? duration(milliseconds / 1000) : `${days} days`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/ \(os error \d+\).*$/, "");
}
