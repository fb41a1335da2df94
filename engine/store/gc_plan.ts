/** Garbage collection, plan: results that nothing keeps, objects that only they name, and leftovers. */
import { basename, dirname, join } from "@std/path";
import { lstatIfThere } from "../../base/stat.ts";
import { inputError, isInputError } from "../../base/input_error.ts";
import type { CachedResult, Manifest } from "../../schemas/manifest.ts";
import { FILES } from "./artifact_folder.ts";
import { isTemporary, namesIn } from "../files/atomic.ts";
import { type Checkpoint, isInUse, listCheckpoints } from "./checkpoints.ts";
import type { GcItem, GcPlan } from "./gc_sweep.ts";
import { bytesOf, diskUsage, filesUnder } from "../files/disk.ts";
import { readRuns, type RecordedRun } from "./run_log.ts";
import {
  foldersOfManifests,
  manifestPath,
  readCache,
  readNamedManifest,
} from "./manifest.ts";
import { ROOT } from "../keys/project.ts";
import { listObjects, type StoredObjects } from "./object_store.ts";

/** How long checkpoints stay whose node no kept run began: a training may be worth days. */
const CHECKPOINT_MILLISECONDS = 14 * 24 * 3600 * 1000;

/** How long temporary files stay at the top: a run with nothing to do writes the index without the lock. */
const WRITING_MILLISECONDS = 60_000;

export interface GcOptions {
  /** How many of the last runs keep the results that they used. */
  readonly keepLast: number;
  /** Milliseconds; younger results and checkpoints stay. */
  readonly olderThan?: number;
  /** Bytes of objects; results go, the oldest first, until the objects take no more. */
  readonly maxSize?: number;
  /** Further manifests that keep what they name. */
  readonly manifests: readonly Manifest[];
  /** Milliseconds. */
  readonly now: number;
}

/** Plans what to remove now; only reads, so it may be called during a run. */
export function planGc(
  folder: string,
  options: GcOptions,
): GcPlan {
  const manifests = [...manifestsFor(folder), ...options.manifests];
  const runs = readRuns(folder);
  const cache = readCache(folder);
  const store = listObjects(folder);
  const kept = new Set([
    ...manifests.flatMap(keysOf),
    ...lastRuns(runs, options.keepLast)
      .flatMap(({ nodes }) => [...nodes.keys()]),
  ]);
  const chosen = choose(manifests, cache.results, store.objects, kept, options);
  const work = listCheckpoints(folder);
  const isOver = (checkpoint: Checkpoint) =>
    !isWanted(checkpoint, cache.results.get(checkpoint.key), kept, options) &&
    !isInUse(folder, checkpoint.key);
  const over = new Set(work.checkpoints.filter(isOver));
  const nodes = nodeNames(manifests, runs);
  const named = (key: string) => ({
    node: nodes.get(key),
    experiments: experimentsOf(runs, key),
    key,
  });
  const itemOf = (checkpoint: Checkpoint): GcItem => ({
    ...named(checkpoint.key),
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
      ...named(key),
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

/**
 * The manifests that keep results: the folder's own, its committed results, and those of the project.
 *
 * @throws an input error if one of them cannot be read, as it is not known what it keeps
 */
function manifestsFor(folder: string): Manifest[] {
  const paths = [folder, join(ROOT, "artifacts")].flatMap(foldersOfManifests)
    .map(manifestPath).filter((path) => lstatIfThere(path) !== undefined);
  return [...new Set(paths)].map(readWhole);
}

function readWhole(path: string): Manifest {
  try {
    return readNamedManifest(path);
  } catch (error) {
    if (!isInputError(error)) throw error;
    const reason = error.message.replace(/^Cannot \w+ |;.*|\.$/gs, "");
    const isCommitted = basename(dirname(dirname(path))) === "results";
    const remedy = isCommitted
      ? "restore it with git"
      : "run the pipeline, which writes it anew";
    throw inputError(
      `Cannot tell what may be removed: ${reason}; ${remedy}, and run gc again.`,
    );
  }
}

/** The kept runs, newest first; failed and interrupted ones do not count. */
function lastRuns(
  runs: readonly RecordedRun[],
  count: number,
): RecordedRun[] {
  let left = count;
  const kept: RecordedRun[] = [];
  for (const run of runs.toReversed()) {
    if (left === 0) break;
    kept.push(run);
    if (run.outcome === "done") left--;
  }
  return kept;
}

interface Choice {
  readonly results: readonly CachedResult[];
  readonly objects: readonly string[];
  readonly bytes: { readonly freed: number; readonly kept: number };
}

/** Chooses the results to remove, oldest first, and the objects that nothing names then. */
function choose(
  manifests: readonly Manifest[],
  results: ReadonlyMap<string, CachedResult>,
  stored: StoredObjects["objects"],
  kept: ReadonlySet<string>,
  { now, olderThan, maxSize }: GcOptions,
): Choice {
  const claims = countClaims(manifests, results);
  const usage = diskUsage([...stored.values()].flat());
  const before = usage.bytes();
  const objects: string[] = [];
  const drop = (sha: string) => {
    const files = stored.get(sha);
    if (files === undefined) return;
    usage.drop(files);
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
    if (maxSize !== undefined && usage.bytes() <= maxSize) break;
    chosen.push(result);
    for (const sha of hashesOf(result.outputs)) {
      const left = (claims.get(sha) ?? 0) - 1;
      claims.set(sha, left);
      if (left === 0) drop(sha);
    }
  }
  const bytes = { freed: before - usage.bytes(), kept: usage.bytes() };
  return { results: chosen, objects, bytes };
}

/** The number of results and recorded nodes that name each object. */
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

/**
 * Whether a checkpoint is kept: never if the node has finished since, always if a kept run began the node, otherwise for
 * a limited time.
 */
function isWanted(
  { key, written }: Checkpoint,
  result: CachedResult | undefined,
  kept: ReadonlySet<string>,
  { now, olderThan }: GcOptions,
): boolean {
  if (result !== undefined && Date.parse(result.time) >= written) return false;
  const limit = olderThan ?? CHECKPOINT_MILLISECONDS;
  return kept.has(key) || now - written < limit;
}

function rootLeftovers(folder: string, now: number): string[] {
  return namesIn(folder).filter((name) => isTemporary(name, FILES))
    .map((name) => join(folder, name))
    .filter((path) =>
      filesUnder(path).every(({ written }) =>
        now - written > WRITING_MILLISECONDS
      )
    );
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

function experimentsOf(runs: readonly RecordedRun[], key: string): string[] {
  const used = runs.filter(({ nodes }) => nodes.has(key));
  return [...new Set(used.flatMap(({ experiment }) => experiment ?? []))];
}

function keysOf({ nodes }: Manifest): string[] {
  return Object.values(nodes).map(({ key }) => key);
}

function hashesOf(outputs: CachedResult["outputs"]): Set<string> {
  return new Set(Object.values(outputs).map(({ sha256 }) => sha256));
}
