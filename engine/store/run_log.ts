/** Run logs: one file of JSON lines for each run, readable also after a crash, with the logs of its nodes. */
import { join } from "@std/path";
import { z } from "zod";
import { statIfThere } from "../../base/stat.ts";
import type { Json } from "../../schemas/manifest.ts";
import {
  entriesOf,
  jsonIfValid,
  namesIn,
  readIfThere,
} from "../files/atomic.ts";
import { makeFolder, readState } from "../files/state_file.ts";
import { isHeld, withCommitLock } from "./lock.ts";

export interface RunLog {
  /** Name of the run's file and folder; it begins with a number, so that runs are in order even if the clock is wrong. */
  readonly run: string;
  append(event: { readonly event: string; readonly [key: string]: Json }): void;
  logPath(node: string): string;
}

/** Shows other processes that a run goes on, until it is disposed or its process dies. */
export function holdRun(folder: string, run: string): Disposable {
  const file = Deno.openSync(runPath(folder, run), { append: true });
  // A command that looks whether the run goes on holds it for a moment.
  file.lockSync(true);
  return { [Symbol.dispose]: () => file.close() };
}

/** The runs that go on at this moment, wherever their processes are. */
export function runsInProgress(folder: string): string[] {
  return namesIn(join(folder, "runs")).filter((name) => name.endsWith(".jsonl"))
    .map((name) => name.replace(/\.jsonl$/, "")).sort(inOrder)
    .filter((run) => isHeld(runPath(folder, run)));
}

/** The run that makes a key at this moment; a node of its name may be made in another experiment. */
export function runMaking(
  folder: string,
  key: string,
): RecordedRun | undefined {
  const inProgress = runsInProgress(folder);
  return readRuns(folder).findLast(({ run, work }) =>
    inProgress.includes(run) && work.has(key)
  );
}

/** The runs of an experiment that go on at this moment. */
export function inProgressOf(
  folder: string,
  experiment: string,
): RecordedRun[] {
  return runsInProgress(folder).map((run) => readRun(folder, run))
    .filter((run) => isOf(experiment, run));
}

/** Whether a run may be of an experiment: a damaged or old record names none. */
export function isOf(
  experiment: string,
  run: Pick<RecordedRun, "experiment">,
): boolean {
  return run.experiment === undefined || run.experiment === experiment;
}

function runPath(folder: string, run: string): string {
  return join(folder, "runs", `${run}.jsonl`);
}

/** Starts the log of a run; its first event describes the machine. */
export function startRunLog(
  folder: string,
  about: Readonly<Record<string, Json>>,
): RunLog {
  const time = new Date().toISOString();
  const runs = join(folder, "runs");
  const run = withCommitLock(folder, () => {
    const next = `${nextNumber(runs)}-${time.replace(/[:.]/g, "-")}`;
    makeFolder(folder, `runs/${next}`);
    return next;
  });
  const logs = join(runs, run);
  const append: RunLog["append"] = (event) =>
    Deno.writeTextFileSync(runPath(folder, run), JSON.stringify(event) + "\n", {
      append: true,
    });
  append({ event: "start", time, ...about, machine: machine() });
  return { run, append, logPath: (node) => join(logs, logName(node)) };
}

/** One above the highest number. */
function nextNumber(runs: string): string {
  const last = namesIn(runs).reduce((a, b) => Math.max(a, numberOf(b)), 0);
  return String(last + 1).padStart(6, "0");
}

export function logPath(folder: string, run: string, node: string): string {
  return join(folder, "runs", run, logName(node));
}

/** The work on a key that was cut off, in the runs before one since it was last finished. */
export function piecesBefore(
  runs: readonly RecordedRun[],
  key: string,
  last: string,
): { readonly run: string; readonly seconds: number }[] {
  const at = runs.findIndex(({ run }) => run === last);
  const before = at < 0 ? [] : runs.slice(0, at);
  const finished = before.findLastIndex(({ work }) => work.get(key)?.finished);
  return before.slice(finished + 1).flatMap(({ run, work }) => {
    const piece = work.get(key);
    return piece === undefined ? [] : [{ run, seconds: piece.seconds }];
  });
}

/** A run as its log describes it; a truncated, damaged or old log has less. */
export interface RecordedRun {
  readonly run: string;
  /** When it began. */
  readonly time?: string;
  readonly experiment?: string;
  /** The number of the job that it is. */
  readonly job?: string;
  readonly machine?: Json;
  readonly seconds?: number;
  /** `done`, `failed` or `interrupted`; undefined if the log has no end. */
  readonly outcome?: string;
  /** The states of its nodes by name; those of cached nodes only if the log has an end. */
  readonly states: ReadonlyMap<string, string>;
  /** The names of all nodes that it used, by key. */
  readonly nodes: ReadonlyMap<string, string>;
  /** The names of the nodes that it began in order to make. */
  readonly stale: ReadonlySet<string>;
  /** Work by key; for a node that was killed, until its last sign of life. */
  readonly work: ReadonlyMap<string, Work>;
  /** The maximum over its nodes. */
  readonly peakMemoryBytes?: number;
  /** When the log was last written, in milliseconds. */
  readonly written: number;
}

export interface Work {
  readonly seconds: number;
  readonly finished: boolean;
}

/** The recorded runs, oldest first. */
export function readRuns(folder: string): RecordedRun[] {
  return namesIn(join(folder, "runs"))
    .filter((name) => name.endsWith(".jsonl"))
    .map((name) => name.replace(/\.jsonl$/, "")).sort(inOrder)
    .map((run) => readRun(folder, run));
}

/** The runs that have a folder for the logs of their nodes, oldest first; one may have lost its record. */
export function runsWithLogs(folder: string): string[] {
  return entriesOf(join(folder, "runs"))
    .filter(({ isDirectory }) => isDirectory)
    .map(({ name }) => name).sort(inOrder);
}

/**
 * A run after those of the same experiment that were cut off before it, since one that was not; oldest first. One that found
 * all made went on with none.
 */
export function withCutOff(
  runs: readonly RecordedRun[],
  last: RecordedRun,
): RecordedRun[] {
  const states = [...last.states.values()];
  const hasFoundAll = states.length > 0 &&
    states.every((state) => state === "cached");
  if (hasFoundAll) return [last];
  const before = runs.slice(0, runs.indexOf(last))
    .filter(({ experiment }) => experiment === last.experiment);
  const ended = before.findLastIndex(({ outcome }) =>
    outcome !== undefined && outcome !== "interrupted"
  );
  return [...before.slice(ended + 1), last];
}

/** How long a run took; one that has no end in its record, until that was last written. */
export function secondsOfRun({ seconds, time, written }: RecordedRun): number {
  return seconds ??
    (time === undefined ? 0 : Math.max(0, written - Date.parse(time)) / 1000);
}

export function readRun(folder: string, run: string): RecordedRun {
  const path = runPath(folder, run);
  const lines = (readState(path) ?? "").split("\n");
  const events = lines.flatMap((line) =>
    Event.safeParse(jsonIfValid(line)).data ?? []
  );
  const nodes = new Map<string, string>();
  const states = new Map<string, string>();
  for (const { name, key, state, keys = {}, states: all = {} } of events) {
    for (const [node, key] of Object.entries(keys)) nodes.set(key, node);
    for (const [node, state] of Object.entries(all)) states.set(node, state);
    if (name !== undefined && key !== undefined) nodes.set(key, name);
    if (name !== undefined && state !== undefined) states.set(name, state);
  }
  const written = statIfThere(path)?.mtime?.getTime() ?? 0;
  const start = events.find(({ event }) => event === "start");
  const end = events.find(({ event }) => event === "end");
  const peaks = events.flatMap(({ peakMemoryBytes }) => peakMemoryBytes ?? []);
  return {
    run,
    time: events.find(({ time }) => time !== undefined)?.time,
    experiment: start?.experiment,
    job: start?.job,
    machine: start?.machine,
    seconds: end?.seconds,
    outcome: end && (end.outcome ?? outcomeOf(states)),
    states,
    nodes,
    stale: new Set(start?.stale),
    work: workOf(events, (node) =>
      end?.time === undefined
        ? Math.max(
          written,
          statIfThere(join(path.replace(/\.jsonl$/, ""), logName(node)))?.mtime
            ?.getTime() ?? 0,
        )
        : Date.parse(end.time)),
    peakMemoryBytes: peaks.length === 0 ? undefined : Math.max(...peaks),
    written,
  };
}

/** `lastSign` returns the time, in milliseconds, until which an unfinished node was worked on. */
function workOf(
  events: readonly z.infer<typeof Event>[],
  lastSign: (node: string) => number,
): Map<string, Work> {
  const work = new Map<string, Work>();
  for (const { event, name, key, time, seconds, state } of events) {
    if (name === undefined || key === undefined) continue;
    if (event === "node-start" && time !== undefined) {
      const spent = Math.max(0, lastSign(name) - Date.parse(time)) / 1000;
      work.set(key, { seconds: spent, finished: false });
    } else if (event === "node" && seconds !== undefined) {
      work.set(key, { seconds, finished: state === "ran" });
    }
  }
  return work;
}

/** The outcome for a log of a version that recorded states only. */
function outcomeOf(states: ReadonlyMap<string, string>): string {
  return [...states.values()].includes("failed") ? "failed" : "done";
}

/** Orders names of runs; those of a version without numbers begin with the year. */
function inOrder(one: string, other: string): number {
  return numberOf(one) - numberOf(other) || (one < other ? -1 : 1);
}

function numberOf(name: string): number {
  return parseInt(name) || 0;
}

/** A value of an unexpected type is ignored. */
const text = z.string().optional().catch(undefined);
const quantity = z.number().optional().catch(undefined);
const texts = z.record(z.string(), z.string()).optional().catch(undefined);

/** A line of a log, which may have been truncated by a crash or a full disk. */
const Event = z.object({
  event: z.string(),
  time: text,
  experiment: text,
  job: text,
  machine: z.custom<Json>().optional(),
  name: text,
  key: text,
  state: text,
  seconds: quantity,
  peakMemoryBytes: quantity,
  outcome: text,
  stale: z.array(z.string()).optional().catch(undefined),
  keys: texts,
  states: texts,
});

function logName(node: string): string {
  return nodeFile(node) + ".log";
}

/** The name of a node in those of its files. */
export function nodeFile(node: string): string {
  return node.replace(/[:/]/g, ".");
}

/** Describes this machine: what may decide rounding and running times. */
export function machine(): Json {
  return {
    os: Deno.build.os,
    arch: Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    memoryBytes: Deno.systemMemoryInfo().total,
    cpu: cpuModel(),
    features: cpuFeatures(),
    deno: Deno.version.deno,
    v8: Deno.version.v8,
  };
}

function cpuModel(): string | null {
  return /^model name\s*:(.*)$/m.exec(cpuInfo())?.[1].trim() ?? null;
}

/** CPU features by which numeric libraries choose kernels, and so the order of additions. */
const FEATURES = /^(avx.*|fma|f16c|amx_.*|asimd.*|sve.*|i8mm|bf16)$/;

function cpuFeatures(): string | null {
  const [, flags] = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuInfo()) ?? [];
  return flags?.split(" ").filter((flag) => FEATURES.test(flag)).sort()
    .join(" ") ?? null;
}

function cpuInfo(): string {
  return (Deno.build.os === "linux" ? readIfThere("/proc/cpuinfo") : "") ?? "";
}
