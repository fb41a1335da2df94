/** Collects what an estimate needs: the nodes of a graph, those to be made, and recorded durations. */
import type { Json } from "../../schemas/manifest.ts";
import type { Outlook } from "../graph/estimate.ts";
import type { Graph } from "../graph/graph.ts";
import { isJsonObject } from "../keys/key.ts";
import { readManifest } from "../store/manifest.ts";
import { machine, readRuns } from "../store/run_log.ts";
import type { NodeReport } from "./node_record.ts";

/** The nodes of a graph with what is recorded of them in an artifact folder; `reports` are those of a preview. */
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
    artifacts,
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

/** Seconds by key of nodes that were finished on a machine like this one, including time before interruptions. */
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

/** What decides how fast a machine is. */
function kindOf(machine: Json): string {
  if (!isJsonObject(machine)) return "";
  const { os, arch, cores, cpu } = machine;
  return JSON.stringify([os, arch, cores, cpu]);
}
