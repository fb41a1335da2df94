/** The record of runs: one file of JSON lines a run, readable whenever the run was cut off, and the nodes' logs beside it. */
import { join } from "@std/path";
import { z } from "zod";
import type { Json } from "../../schemas/manifest.ts";
import {
  entriesOf,
  jsonIfWhole,
  namesIn,
  readIfThere,
  statIfThere,
} from "../files/atomic.ts";
import { makeFolder, readState } from "./state_file.ts";

export interface History {
  /** Name of the run's file and folder, in the order of the runs whatever the clock says. */
  readonly run: string;
  append(event: { readonly event: string; readonly [key: string]: Json }): void;
  logPath(node: string): string;
}

/** Begins the record of a run with what the machine is. */
export function startHistory(
  folder: string,
  about: Readonly<Record<string, Json>>,
): History {
  const time = new Date().toISOString();
  const runs = join(folder, "runs");
  const run = `${nextNumber(runs)}-${time.replace(/[:.]/g, "-")}`;
  const logs = join(runs, run);
  makeFolder(folder, `runs/${run}`);
  const append: History["append"] = (event) =>
    Deno.writeTextFileSync(`${logs}.jsonl`, JSON.stringify(event) + "\n", {
      append: true,
    });
  append({ event: "start", time, ...about, machine: machine() });
  return { run, append, logPath: (node) => join(logs, logName(node)) };
}

/** One above the highest number there; runs begin one at a time, under the folder's lock. */
function nextNumber(runs: string): string {
  const last = namesIn(runs).reduce((a, b) => Math.max(a, numberOf(b)), 0);
  return String(last + 1).padStart(6, "0");
}

/** The node's log of a run, or of the last one in which it ran; undefined where there is none. */
export function readLog(
  folder: string,
  node: string,
  run?: string,
): string | undefined {
  const runs = join(folder, "runs");
  if (run !== undefined) return readState(join(runs, run, logName(node)));
  const names = entriesOf(runs).filter(({ isDirectory }) => isDirectory)
    .map(({ name }) => name).sort(inOrder);
  for (const name of names.reverse()) {
    const text = readState(join(runs, name, logName(node)));
    if (text !== undefined) return text;
  }
  return undefined;
}

/** A run as its record tells it: one that was cut off, damaged or written by an older version tells less. */
export interface RecordedRun {
  readonly run: string;
  /** When it began. */
  readonly time?: string;
  readonly experiment?: string;
  readonly machine?: Json;
  readonly seconds?: number;
  /** `done`, `failed` or `interrupted`; undefined where the record has no end. */
  readonly outcome?: string;
  /** The states of its nodes by name, those that it found as they were in the record's end only. */
  readonly states: ReadonlyMap<string, string>;
  /** The names of the nodes that it used, found or made, by key. */
  readonly nodes: ReadonlyMap<string, string>;
  /** What it worked on, by key; what a kill cut off until its last sign of life. */
  readonly work: ReadonlyMap<string, Work>;
  /** The largest of its nodes'. */
  readonly peakMemoryBytes?: number;
  /** Milliseconds; when the record was last written. */
  readonly written: number;
}

export interface Work {
  readonly seconds: number;
  readonly finished: boolean;
}

/** The recorded runs, oldest first. */
export function readRuns(folder: string): RecordedRun[] {
  const runs = join(folder, "runs");
  return namesIn(runs).filter((name) => name.endsWith(".jsonl")).sort(inOrder)
    .map((name) => readRun(join(runs, name), name.replace(/\.jsonl$/, "")));
}

function readRun(path: string, run: string): RecordedRun {
  const lines = (readState(path) ?? "").split("\n");
  const events = lines.flatMap((line) =>
    Event.safeParse(jsonIfWhole(line)).data ?? []
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
    machine: start?.machine,
    seconds: end?.seconds,
    outcome: end && (end.outcome ?? outcomeOf(states)),
    states,
    nodes,
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

/** `lastSign` is the time, in milliseconds, until which an unfinished node was worked on. */
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

/** What a record says whose version told the states only. */
function outcomeOf(states: ReadonlyMap<string, string>): string {
  return [...states.values()].includes("failed") ? "failed" : "done";
}

/** The order of runs, whatever the clock says; names of the version that gave no numbers begin with the year. */
function inOrder(one: string, other: string): number {
  return numberOf(one) - numberOf(other) || (one < other ? -1 : 1);
}

function numberOf(name: string): number {
  return parseInt(name) || 0;
}

/** A value of another kind than expected is as good as none. */
const text = z.string().optional().catch(undefined);
const quantity = z.number().optional().catch(undefined);
const texts = z.record(z.string(), z.string()).optional().catch(undefined);

/** A line of a record. A kill or a full disk may have cut it off; its node was named by the one that told of its start. */
const Event = z.object({
  event: z.string(),
  time: text,
  experiment: text,
  machine: z.custom<Json>().optional(),
  name: text,
  key: text,
  state: text,
  seconds: quantity,
  peakMemoryBytes: quantity,
  outcome: text,
  keys: texts,
  states: texts,
});

function logName(node: string): string {
  return node.replace(/[:/]/g, ".") + ".log";
}

/** What this machine is, as far as it may decide how numbers are rounded and how long work takes. */
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

/** What numeric libraries choose their kernels by, and so the order in which they add. */
const FEATURES = /^(avx.*|fma|f16c|amx_.*|asimd.*|sve.*|i8mm|bf16)$/;

function cpuFeatures(): string | null {
  const [, flags] = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuInfo()) ?? [];
  return flags?.split(" ").filter((flag) => FEATURES.test(flag)).sort()
    .join(" ") ?? null;
}

function cpuInfo(): string {
  return (Deno.build.os === "linux" ? readIfThere("/proc/cpuinfo") : "") ?? "";
}
