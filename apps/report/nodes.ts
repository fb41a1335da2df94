/** The nodes of the graph for the report: state, time, size and details. */
import { stripVTControlCharacters } from "node:util";
import type { Graph } from "../../engine/graph/graph.ts";
import { readLog } from "../../engine/store/node_log.ts";
import { readCached } from "../../engine/store/manifest.ts";
import type { Artifact, Json, Metrics } from "../../schemas/manifest.ts";
import { withComparedAnew } from "../results/gather.ts";
import { pathIfThere, type Source } from "./source.ts";

/** The most that is shown of a log, from its end, where it matters. */
const LOG_LINES = 60;
const LINE_CHARACTERS = 300;

export const STATES = {
  ran: "made by this run",
  cached: "its result was there already",
  committed: "its result is one of the committed results",
  outdated: "its result is of another config or input than the run asks for",
  failed: "failed",
  skipped: "skipped, as what it needs failed or the run was interrupted",
  "not run": "has no result",
} as const;
export type NodeState = keyof typeof STATES;

export interface StoredOutput extends Artifact {
  /** Whether its bytes are in the store. */
  readonly isThere: boolean;
}

export interface ReportNode {
  readonly name: string;
  readonly stage: string;
  readonly pair?: string;
  /** The choice that it is a trial of. */
  readonly trialOf?: string;
  readonly state: NodeState;
  readonly seconds?: number;
  /** When it was made. */
  readonly time?: string;
  /** Of all outputs. */
  readonly bytes?: number;
  readonly key?: string;
  readonly config: Json;
  readonly seed: number;
  /** The node behind each input. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, StoredOutput>>;
  readonly metrics: Metrics;
  readonly log?: Log;
}

export interface Log {
  readonly lines: readonly string[];
  /** Lines before these. */
  readonly leftOut: number;
}

/** Every node of the graph, in its order. */
export function nodesOf(source: Source): ReportNode[] {
  const { graph, manifest, results, run, outdated } = source;
  const trials = trialsIn(graph);
  const { nodes } = withComparedAnew(manifest, results.comparedAnew);
  return [...graph.values()].map(({ name, stage, config, seed, inputs }) => {
    const record = nodes[name];
    const measured = results.measured[name];
    const outputs = Object.entries(record?.outputs ?? {}).map((
      [output, artifact],
    ) =>
      [output, {
        ...artifact,
        isThere: pathIfThere(source, artifact) !== undefined,
      }] as const
    );
    return {
      name,
      stage: stage.name,
      pair: pairOf(name),
      trialOf: trials.get(name),
      state: stateOf(
        run === undefined ? "committed" : run.states.get(name),
        record !== undefined,
        outdated.has(name),
      ),
      seconds: measured?.seconds,
      time: measured?.time,
      bytes: record &&
        outputs.reduce((sum, [, { bytes }]) => sum + bytes, 0),
      key: record?.key,
      config,
      seed,
      inputs,
      outputs: Object.fromEntries(outputs),
      metrics: { ...record?.metrics, ...measured?.measurements },
      log: logOf(source, name, record?.key),
    };
  });
}

/** The choice that each trial of a grid is tried for. */
export function trialsIn(graph: Graph): ReadonlyMap<string, string> {
  return new Map(
    [...graph.values()].flatMap(({ name, inputs }) =>
      Object.entries(inputs)
        .filter(([input]) => input.startsWith("trial:"))
        .map(([, trial]) => [trial, name] as const)
    ),
  );
}

/** `pt-en` of `pt-en/student:rkd`. */
export function pairOf(node: string): string | undefined {
  return /^([^/]+)\//.exec(node)?.[1];
}

/** A language pair as the beginning of a sentence about it; nothing where there is one pair. */
export function pairLabel(pair: string | undefined): string {
  return pair === undefined ? "" : `${pair}: `;
}

function stateOf(
  recorded: string | undefined,
  isRecorded: boolean,
  isOutdated: boolean,
): NodeState {
  if (recorded === "failed" || recorded === "skipped") return recorded;
  if (isOutdated) return "outdated";
  if (!isRecorded) return "not run";
  return recorded === "ran" || recorded === "committed" ? recorded : "cached";
}

/** The end of the log of the run that made the node, or that failed to or was interrupted meanwhile. */
function logOf(
  { workspace: { folder }, run }: Source,
  node: string,
  key: string | undefined,
): Log | undefined {
  const isUnmade = /^(failed|skipped)$/.test(run?.states.get(node) ?? "");
  const made = key === undefined ? undefined : readCached(folder, key)?.run;
  const of = isUnmade ? run?.run : made;
  const text = of === undefined ? undefined : readLog(folder, node, of);
  if (text === undefined || text.trim() === "") return undefined;
  const lines = stripVTControlCharacters(text).trimEnd().split("\n");
  return {
    lines: lines.slice(-LOG_LINES).map((line) =>
      line.length > LINE_CHARACTERS
        ? `${line.slice(0, LINE_CHARACTERS)}…`
        : line
    ),
    leftOut: Math.max(0, lines.length - LOG_LINES),
  };
}
