/** What a run reports of a node, to people and to scripts. */
import type { Artifact, Metrics } from "../../schemas/manifest.ts";
import type { QueueName } from "../executors/executors.ts";
import { readCached } from "../store/manifest.ts";
import type { Assessment } from "./plan.ts";
import type { Running } from "./running.ts";
import type { Progress } from "../graph/stage.ts";
import type { Workspace } from "../store/workspace.ts";

export type State =
  | "ran"
  | "cached"
  | "stale"
  /** Its job waits. */
  | "queued"
  /** By another process. */
  | "running"
  | "failed"
  | "skipped";

export interface NodeReport {
  readonly name: string;
  readonly state: State;
  /** Why it ran or would run, failed or was skipped; none for a cached node. */
  readonly reasons: readonly string[];
  readonly key?: string;
  /** How long it took to make. */
  readonly seconds?: number;
  /** ISO time at which it was made. */
  readonly time?: string;
  readonly outputs: Readonly<Record<string, Artifact>>;
  readonly metrics: Metrics;
  readonly measurements: Metrics;
  readonly running?: Running;
  /** The number of its job, and where that is. */
  readonly job?: string;
  readonly queue?: QueueName;
  /** The sentence of a failure; `input` for an input error. */
  readonly error?: { readonly message: string; readonly input: boolean };
}

/** Called while nodes run. */
export interface Watcher {
  start(node: string, reasons: readonly string[]): void;
  progress(node: string, progress: Progress): void;
  log(node: string, line: string): void;
  end(report: NodeReport): void;
  notice(line: string): void;
}

/** The report of an assessed node, with the measurements of its cached result. */
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

/** How many nodes are in which state, such as `3 ran, 6 cached`; `show` may colour a count. */
export function countStates(
  nodes: readonly { readonly state: string }[],
  show = (_state: string, text: string) => text,
): string {
  const states = [
    ...["ran", "cached", "stale", "queued", "running", "failed", "skipped"],
  ];
  return states.flatMap((state) => {
    const count = nodes.filter((node) => node.state === state).length;
    return count === 0 ? [] : [show(state, `${count} ${state}`)];
  }).join(", ");
}
