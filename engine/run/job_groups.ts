/** Which stale nodes are submitted together. */
import type { SbatchOptions } from "../../schemas/experiment/slurm.ts";
import type { Queue } from "../executors/executor.ts";
import { canonical } from "../files/hash.ts";
import type { Graph } from "../graph/graph.ts";
import type { Task } from "../graph/schedule.ts";
import type { NodeReport } from "./node_record.ts";

/** Stale nodes of one stage that need the same nodes and resources: the tasks of an array. */
export interface Group extends Task {
  readonly stage: string;
  /** The stale nodes that they need. */
  readonly sources: readonly string[];
  readonly members: readonly NodeReport[];
  readonly asked: SbatchOptions;
}

export function groupsOf(
  graph: Graph,
  stale: readonly NodeReport[],
  queue: Queue,
  optionsOf: (node: string) => SbatchOptions,
): Group[] {
  const staleNames = new Set(stale.map(({ name }) => name));
  const described = stale.flatMap((report) => {
    const node = graph.get(report.name);
    if (node === undefined) return [];
    const { name, resources = {} } = node.stage;
    const inputs = new Set(Object.values(node.inputs));
    return {
      ...{ report, stage: name },
      sources: [...inputs.intersection(staleNames)].sort(),
      asked: queue.optionsOf(resources, optionsOf(report.name)),
    };
  });
  const groups = Map.groupBy(
    described,
    ({ report: _, ...shared }) => canonical(shared),
  );
  const groupOf = new Map(
    [...groups].flatMap(([group, members]) =>
      members.map(({ report }) => [report.name, group])
    ),
  );
  return [...groups].map(([name, members]) => ({
    ...members[0],
    name,
    needs: members[0].sources.flatMap((source) => groupOf.get(source) ?? []),
    ...{ cores: 0, memoryBytes: 0 },
    members: members.map(({ report }) => report),
  }));
}
