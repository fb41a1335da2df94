/** What a pipeline is told when it is asked how much time and disk some nodes will take, and how its answer is said. */
import type { Json, Metrics } from "../../schemas/manifest.ts";
import type { Graph } from "./graph.ts";
import { machine, readRuns } from "../store/run_log.ts";
import { readManifest } from "../store/manifest.ts";
import type { NodeReport } from "../run/node_record.ts";
import { roughly } from "../../base/durations.ts";

/** A node as far as its work depends on it. */
export interface Step {
  readonly stage: string;
  /** After defaults. */
  readonly config: Json;
  /** The node behind each input. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Of its result, where there is one. */
  readonly metrics?: Metrics;
}

export type Steps = ReadonlyMap<string, Step>;

export interface Outlook {
  readonly nodes: Steps;
  /** The nodes that are to be made. */
  readonly stale: readonly string[];
  /** What the manifest records, whatever became stale since. */
  readonly recorded: Steps;
  /** What recorded nodes took on this machine, by name. */
  readonly seconds: ReadonlyMap<string, number>;
}

export interface Estimate {
  readonly seconds: number;
  readonly bytes: number;
  /** What the speed of this machine is known by. */
  readonly by: string;
  /** Seconds of each node that something is known of. */
  readonly nodes: Readonly<Record<string, number>>;
  /** Nodes that nothing is known of yet. */
  readonly unknown: readonly string[];
}

/** What is to be made of a graph, and what is recorded of it in an artifact folder. */
export function outlook(
  graph: Graph,
  artifacts: string,
  reports: readonly Pick<NodeReport, "name" | "state" | "metrics">[],
): Outlook {
  const metrics = new Map(
    reports.filter(({ state }) => state === "cached")
      .map(({ name, metrics }) => [name, metrics]),
  );
  const recorded = Object.entries(readManifest(artifacts)?.nodes ?? {});
  const spent = secondsHere(artifacts);
  return {
    nodes: new Map(
      [...graph.values()].map(({ name, stage, config, inputs }) => [
        name,
        { stage: stage.name, config, inputs, metrics: metrics.get(name) },
      ]),
    ),
    stale: reports.filter(({ state }) => state === "stale")
      .map(({ name }) => name),
    recorded: new Map(
      recorded.map(([name, { preimage, inputs, metrics }]) => [
        name,
        { stage: preimage.stage, config: preimage.config, inputs, metrics },
      ]),
    ),
    seconds: new Map(
      recorded.flatMap(([name, { key }]) => {
        const seconds = spent.get(key);
        return seconds === undefined ? [] : [[name, seconds]];
      }),
    ),
  };
}

/** Seconds by key of what was finished on a machine like this one, with those before an interruption. */
function secondsHere(artifacts: string): Map<string, number> {
  const here = kindOf(machine());
  const spent = new Map<string, number>(), finished = new Map<string, number>();
  for (const run of readRuns(artifacts)) {
    if (run.machine === undefined || kindOf(run.machine) !== here) continue;
    for (const [key, work] of run.work) {
      const seconds = (spent.get(key) ?? 0) + work.seconds;
      if (work.finished) finished.set(key, seconds);
      spent.set(key, work.finished ? 0 : seconds);
    }
  }
  return finished;
}

/** What decides how fast a machine is, as far as records tell. */
function kindOf(machine: Json): string {
  if (typeof machine !== "object" || machine === null || "length" in machine) {
    return "";
  }
  const { os, arch, cores, cpu } = machine;
  return JSON.stringify([os, arch, cores, cpu]);
}

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
