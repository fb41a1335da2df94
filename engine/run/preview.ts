/** Reports what a run would do, and what runs or waits in a queue at this moment, without writing. */
import { inputError } from "../../base/input_error.ts";
import type { Graph, Node } from "../graph/graph.ts";
import { select, type Selected, type Selection } from "../graph/selection.ts";
import type { Project } from "../keys/project.ts";
import { openWorkspace, type Workspace } from "../store/workspace.ts";
import { type NodeReport, reportOf } from "./node_record.ts";
import { type Assessment, NEVER_RAN, plan } from "./plan.ts";
import { jobsOf } from "./queue.ts";
import { readRunning } from "./running.ts";

export interface PreviewOptions {
  readonly artifacts: string;
  readonly selection: Selection;
  readonly force: boolean;
  readonly paranoid: boolean;
  /** By default the project that the engine lies in. */
  readonly project?: Project;
}

/** Reports what a run would do. @throws an input error for a selection that could not run */
export async function preview(
  graph: Graph,
  options: PreviewOptions,
): Promise<NodeReport[]> {
  const selected = select(graph, options.selection);
  const workspace = openWorkspace(options.artifacts, options);
  const planned = await plan(workspace, graph);
  checkReach(graph, selected, planned);
  return assessed(workspace, graph, selected, planned, options.force);
}

/** Reports the state of each node: of a stale one, whether a run makes it or its job waits or has failed. */
export async function status(
  graph: Graph,
  options: Omit<PreviewOptions, "force">,
): Promise<NodeReport[]> {
  const selected = select(graph, options.selection);
  const workspace = openWorkspace(options.artifacts, options);
  const planned = await plan(workspace, graph);
  const jobs = await jobsOf(workspace.folder, graph, planned);
  return assessed(workspace, graph, selected, planned, false).map((report) => {
    const { name, key, state, reasons } = report;
    if (state !== "stale") return report;
    const job = jobs.get(name);
    const running = key === undefined
      ? undefined
      : readRunning(workspace.folder, key);
    if (running !== undefined || job?.state === "running") {
      return {
        ...report,
        state: "running",
        running: running ?? {},
        ...{ queue: job?.queue, job: job?.id },
      };
    }
    return job === undefined ? report : {
      ...report,
      state: job.state,
      ...{ queue: job.queue, job: job.id },
      reasons: [job.reason, ...reasons.filter((each) => each !== NEVER_RAN)],
    };
  });
}

/** Reports of the plan, in the order of the graph. */
export function assessed(
  workspace: Workspace,
  graph: Graph,
  selected: Selected,
  planned: ReadonlyMap<string, Assessment>,
  force: boolean,
): NodeReport[] {
  return inOrder(graph, selected).flatMap((node) => {
    const assessment = planned.get(node.name);
    if (assessment === undefined) return [];
    const report = reportOf(workspace, assessment);
    const forced = force && selected.asked.has(node.name) &&
      report.state === "cached";
    return [
      forced ? { ...report, state: "stale", reasons: ["forced"] } : report,
    ];
  });
}

/** @throws an input error if the selection leaves out a stale input of one of its nodes */
export function checkReach(
  graph: Graph,
  { scope }: Selected,
  planned: ReadonlyMap<string, Assessment>,
): void {
  for (const name of scope) {
    for (const input of Object.values(graph.get(name)?.inputs ?? {})) {
      if (scope.has(input) || planned.get(input)?.state === "cached") continue;
      throw inputError(
        `Cannot run "${name}" by itself: "${input}", which it needs, is not up to date; ` +
          `name the node without --only or --from, or run "${input}" first.`,
      );
    }
  }
}

/** The selected nodes in the order of the graph. */
export function inOrder(graph: Graph, { scope }: Selected): Node[] {
  return [...graph.values()].filter((node) => scope.has(node.name));
}
