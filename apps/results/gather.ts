/** Gathers the results of an experiment: metrics of a manifest's nodes, and measurements of the runs that made them. */
import { withPair } from "../../schemas/subwords.ts";
import { z } from "zod";
import { jsonIfValid, readIfThere } from "../../engine/files/atomic.ts";
import { changedInput, otherThan } from "../../engine/provenance/coherence.ts";
import type { Graph } from "../../engine/graph/graph.ts";
import { canonical, sha256 } from "../../engine/files/hash.ts";
import {
  piecesBefore,
  readRuns,
  type RecordedRun,
} from "../../engine/store/run_log.ts";
import { readCached } from "../../engine/store/manifest.ts";
import type { Workspace } from "../../engine/store/workspace.ts";
import { systemsOf } from "../../nmt/metrics/systems.ts";
import type {
  CachedResult,
  Json,
  Manifest,
  NodeRecord,
} from "../../schemas/manifest.ts";
import {
  type Measured,
  type Results,
  RESULTS_SCHEMA,
  type System,
} from "../../schemas/results.ts";

export interface Saved {
  readonly results: Results;
  /** The nodes that the figures are of, and no others. */
  readonly manifest: Manifest;
}

export interface Gathered extends Saved {
  /** Evaluations and comparisons that the manifest has and that are not of this experiment as it was last run. */
  readonly leftOut: readonly string[];
}

/**
 * The results of the last run in an artifact folder. `graph` is that of the manifest's experiment, and `order` has names of
 * nodes in the order of the systems.
 */
export function gather(
  workspace: Pick<Workspace, "folder" | "store">,
  recorded: Manifest,
  graph: Graph,
  order: readonly string[],
): Gathered {
  const manifest = withNodes(recorded, belonging(recorded, graph));
  const { measured, machines } = measuredOf(workspace.folder, manifest);
  const curves = curvesOf(workspace, manifest);
  return {
    ...savedOf(manifest, { measured, machines, curves }, order),
    leftOut: Object.keys(recorded.nodes).filter((name) =>
      /(^|\/)(evaluate:|compare$)/.test(name) &&
      !Object.hasOwn(manifest.nodes, name)
    ),
  };
}

/** A manifest of these nodes alone, with the code that made them. */
export function withNodes(
  recorded: Manifest,
  nodes: ReadonlyMap<string, NodeRecord>,
): Manifest {
  const codes = new Set(
    [...nodes.values()].map(({ preimage }) => preimage.code),
  );
  return {
    ...recorded,
    code: Object.fromEntries(
      Object.entries(recorded.code).filter(([hash]) => codes.has(hash)),
    ),
    nodes: Object.fromEntries(nodes),
  };
}

/** What is known of the nodes of a manifest beside it: what was measured, how models learned, and what was compared anew. */
export type BesideNodes = Pick<
  Results,
  "measured" | "machines" | "curves" | "comparedAnew"
>;

/** A manifest with the results that it and what was measured give. */
export function savedOf(
  manifest: Manifest,
  beside: BesideNodes,
  order: readonly string[],
): Saved {
  const { measured, comparedAnew = {}, machines, curves } = beside;
  const isAnew = Object.keys(comparedAnew).length > 0;
  return {
    results: {
      schema: RESULTS_SCHEMA,
      experiment: manifest.experiment.name,
      systems: systemsIn(manifest, beside, order),
      measured,
      comparedAnew: isAnew ? comparedAnew : undefined,
      machines,
      curves,
      manifest: manifestHash(manifest),
    },
    manifest,
  };
}

/** The systems of a manifest, in the order of these nodes' names; nodes that are not named come last. */
export function systemsIn(
  manifest: Manifest,
  { measured, comparedAnew }: Pick<BesideNodes, "measured" | "comparedAnew">,
  order: readonly string[],
): System[] {
  const { nodes } = withComparedAnew(manifest, comparedAnew);
  const places = new Map(order.map((name, place) => [name, place]));
  const placeOf = (name: string) => places.get(name) ?? order.length;
  return systemsOf(
    Object.entries(nodes)
      .toSorted(([a], [b]) => placeOf(a) - placeOf(b))
      .map(([name, { metrics, inputs, outputs, preimage }]) => ({
        name,
        metrics,
        measurements: measured[name]?.measurements ?? {},
        seconds: measured[name]?.seconds,
        seed: preimage.seed,
        inputs,
        outputs,
      })),
  );
}

/** A manifest with the metrics of comparisons that were made anew. */
export function withComparedAnew(
  manifest: Manifest,
  comparedAnew: Results["comparedAnew"] = {},
): Manifest {
  const nodes = Object.entries(manifest.nodes).map(([name, record]) => [
    name,
    Object.hasOwn(comparedAnew, name)
      ? { ...record, metrics: comparedAnew[name] }
      : record,
  ]);
  return { ...manifest, nodes: Object.fromEntries(nodes) };
}

/** The nodes that evaluated some systems, in their order. */
export function nodesOf(systems: readonly System[]): string[] {
  return systems.flatMap(({ pair, runs }) =>
    runs.map(({ name }) => withPair(pair, `evaluate:${name}`))
  );
}

export function manifestHash(manifest: Manifest): string {
  return sha256(canonical(manifest));
}

/**
 * The nodes that were made of each other and for this graph. A manifest keeps what an earlier run left under a name until a
 * run comes to it: figures of nodes that do not belong together are no results.
 */
export function belonging(
  { nodes }: Pick<Manifest, "nodes">,
  graph: Graph,
): Map<string, NodeRecord> {
  const found = new Map<string, NodeRecord>();
  for (const node of graph.values()) {
    const record = nodes[node.name];
    if (record === undefined || otherThan(node, record) !== undefined) continue;
    if (changedInput(record, found) === undefined) found.set(node.name, record);
  }
  return found;
}

/** Machines in the order in which they come, each once, with the place of each. */
export function machinePlaces() {
  const machines: Json[] = [];
  const placeOf = (machine: Json | undefined) => {
    if (machine === undefined) return undefined;
    const text = canonical(machine);
    const known = machines.findIndex((other) => canonical(other) === text);
    return known < 0 ? machines.push(machine) - 1 : known;
  };
  return { machines, placeOf };
}

function measuredOf(
  folder: string,
  { nodes }: Manifest,
): Pick<Results, "measured" | "machines"> {
  const runs = readRuns(folder);
  const { machines, placeOf } = machinePlaces();
  const measured: Record<string, Measured> = {};
  for (const [name, { key }] of Object.entries(nodes)) {
    const made = readCached(folder, key);
    if (made?.seconds === undefined) continue;
    measured[name] = {
      seconds: secondsOf(made, made.seconds, runs),
      time: made.time,
      measurements: made.measurements,
      machine: placeOf(runs.find(({ run }) => run === made.run)?.machine),
    };
  }
  return { measured, machines };
}

/** What a node took; a result of an older version has the seconds of the last piece of its making alone. */
function secondsOf(
  { key, run = "" }: CachedResult,
  seconds: number,
  runs: readonly RecordedRun[],
): number {
  const last = runs.find((other) => other.run === run)?.work.get(key);
  if (last === undefined || last.seconds < seconds) return seconds;
  const before = piecesBefore(runs, key, run)
    .reduce((sum, piece) => sum + piece.seconds, 0);
  return Math.round((before + seconds) * 1000) / 1000;
}

const Validations = z.array(
  z.object({ step: z.int(), nll: z.number(), bleu: z.number().optional() }),
);

/** The learning curve of each model whose object is there. */
function curvesOf(
  { store }: Pick<Workspace, "store">,
  { nodes }: Manifest,
): Results["curves"] {
  const curves: Results["curves"] = {};
  for (const [name, { outputs: { curve } }] of Object.entries(nodes)) {
    const text = curve && readIfThere(store.path(curve));
    if (text === undefined) continue;
    const validations = Validations.safeParse(jsonIfValid(text)).data;
    if (validations === undefined) continue;
    curves[name] = validations.map(({ step, nll, bleu }) => ({
      step,
      nll: Number(nll.toFixed(4)),
      ...bleu === undefined ? {} : { bleu: Number(bleu.toFixed(2)) },
    }));
  }
  // A model that is interpolated has the curve of its tuning.
  for (const [name, { inputs }] of Object.entries(nodes)) {
    const curve = curves[inputs.tuned ?? ""];
    if (curve !== undefined) curves[name] = curve;
  }
  return curves;
}
