/** The record of runs: one file of JSON lines a run, readable whenever the run was cut off, and the nodes' logs beside it. */
import { join } from "@std/path";
import type { Json } from "../schemas/manifest.ts";
import { readIfThere, statIfThere } from "./atomic.ts";

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
  Deno.mkdirSync(logs, { recursive: true });
  const append: History["append"] = (event) =>
    Deno.writeTextFileSync(`${logs}.jsonl`, JSON.stringify(event) + "\n", {
      append: true,
    });
  append({ event: "start", time, ...about, machine: machine() });
  return { run, append, logPath: (node) => join(logs, logName(node)) };
}

/** One above the highest number there; runs begin one at a time, under the folder's lock. */
function nextNumber(runs: string): string {
  const numbers = statIfThere(runs) === undefined
    ? []
    : [...Deno.readDirSync(runs)].map(({ name }) => parseInt(name));
  const last = numbers.reduce((a, b) => Math.max(a, b || 0), 0);
  return String(last + 1).padStart(6, "0");
}

/** The node's log of the last run in which it ran, or undefined. */
export function readLog(folder: string, node: string): string | undefined {
  const runs = join(folder, "runs");
  if (statIfThere(runs) === undefined) return undefined;
  const names = [...Deno.readDirSync(runs)]
    .filter((entry) => entry.isDirectory).map((entry) => entry.name).sort();
  for (const name of names.reverse()) {
    const text = readIfThere(join(runs, name, logName(node)));
    if (text !== undefined) return text;
  }
  return undefined;
}

function logName(node: string): string {
  return node.replace(/[:/]/g, ".") + ".log";
}

function machine(): Json {
  return {
    os: Deno.build.os,
    arch: Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    memoryBytes: Deno.systemMemoryInfo().total,
    cpu: cpuModel(),
    deno: Deno.version.deno,
    v8: Deno.version.v8,
  };
}

function cpuModel(): string | null {
  const text = Deno.build.os === "linux" ? readIfThere("/proc/cpuinfo") : "";
  return /^model name\s*:\s*(.*)$/m.exec(text ?? "")?.[1] ?? null;
}
