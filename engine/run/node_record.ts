/** What a command tells of a node, to people and to scripts. */
import type { Artifact, Json, Metrics } from "../../schemas/manifest.ts";
import { readCached } from "../store/manifest.ts";
import type { Assessment } from "./plan.ts";
import type { Progress } from "../graph/stage.ts";
import type { Workspace } from "../store/workspace.ts";

export type State = "ran" | "cached" | "stale" | "failed" | "skipped";

export interface NodeReport {
  readonly name: string;
  readonly state: State;
  /** Why it ran or would run, failed or was skipped; empty for a cached node. */
  readonly reasons: readonly string[];
  readonly key?: string;
  /** What the node took when it was made. */
  readonly seconds?: number;
  /** When it was made. */
  readonly time?: string;
  readonly outputs: Readonly<Record<string, Artifact>>;
  readonly metrics: Metrics;
  readonly measurements: Metrics;
  /** The sentence of a failure, and whether it is the user's to mend. */
  readonly error?: { readonly message: string; readonly input: boolean };
}

/** Is told what happens while it happens. */
export interface Watcher {
  start(node: string, reasons: readonly string[]): void;
  progress(node: string, progress: Progress): void;
  log(node: string, line: string): void;
  end(report: NodeReport): void;
  notice(line: string): void;
}

/** An assessed node, with what was measured when its result was made. */
export function reportOf(
  workspace: Workspace,
  assessment: Assessment,
): NodeReport {
  const { node, state, reasons, key, result } = assessment;
  const made = key === undefined || result === undefined
    ? undefined
    : readCached(workspace.folder, key);
  return {
    name: node.name,
    state,
    reasons,
    key,
    seconds: made?.seconds,
    time: made?.time,
    outputs: result?.outputs ?? {},
    metrics: result?.metrics ?? {},
    measurements: made?.measurements ?? {},
  };
}

/** The shape of `run --json` and `status --json`. */
export function toJson(
  reports: readonly NodeReport[],
): { readonly nodes: Json } {
  return {
    nodes: reports.map((report) => ({
      name: report.name,
      state: report.state,
      reason: report.error?.message ?? report.reasons.join("; "),
      key: report.key ?? null,
      seconds: report.seconds ?? null,
      outputs: Object.fromEntries(
        Object.entries(report.outputs).map((
          [name, { sha256, bytes }],
        ) => [name, { sha256, bytes }]),
      ),
      metrics: { ...report.metrics, ...report.measurements },
    })),
  };
}

/** How many nodes are in which state, such as `3 ran, 6 cached`; `show` may colour a count. */
export function countStates(
  nodes: readonly { readonly state: string }[],
  show = (_state: string, text: string) => text,
): string {
  const states = ["ran", "cached", "stale", "failed", "skipped"] as const;
  return states.flatMap((state) => {
    const count = nodes.filter((node) => node.state === state).length;
    return count === 0 ? [] : [show(state, `${count} ${state}`)];
  }).join(", ");
}
