/** What saved results have of language pairs and test sets that a run has nothing of: those of another machine, or of a run before. */
import { canonical } from "../../engine/files/hash.ts";
import { failure } from "../../engine/files/failure.ts";
import type { Graph } from "../../engine/graph/graph.ts";
import { incoherence } from "../../engine/provenance/coherence.ts";
import type { NodeRecord } from "../../schemas/manifest.ts";
import { prefixOf } from "../../schemas/subwords.ts";
import { committedFolder, readResults } from "./committed.ts";
import {
  belonging,
  type MeasuredNodes,
  type Saved,
  savedOf,
  withNodes,
} from "./gather.ts";
import { type Packed, packedOf } from "./packed.ts";

export interface WithKept extends Saved, Pick<Packed, "files"> {
  /** What comes before the names of the nodes that are kept: `pt-en/`, or `pt-en.news/` for a test set. */
  readonly kept: ReadonlySet<string>;
  /** The same of those that are not, as the experiment asks for others now. */
  readonly dropped: ReadonlySet<string>;
}

/**
 * The results of a run with what is committed of other pairs and test sets, and its packed files. One is kept as a whole: where
 * each of its nodes is what the experiment asks for, made of the data and models that are recorded.
 *
 * @throws an input error where the committed results do not hold together; a failure where another revision of the code made
 * them, or where a packed file is not as it was written
 */
export function withCommitted(
  artifacts: string,
  found: Saved,
  graph: Graph,
  order: readonly string[],
): WithKept {
  const { experiment } = found.results;
  const own = new Map(Object.entries(found.manifest.nodes));
  const prefixes = new Set([...own.keys()].map(prefixOf));
  const isWhole = [...graph.keys()].every((name) =>
    prefixes.has(prefixOf(name))
  );
  const committed = isWhole ? undefined : readResults(artifacts, experiment);
  if (committed === undefined) {
    const none = new Set<string>();
    return { ...found, kept: none, dropped: none, files: new Map() };
  }
  const others = Object.entries(committed.manifest.nodes)
    .filter(([name]) => !prefixes.has(prefixOf(name)));
  const nodes = fittingWholes(new Map([...others, ...own]), graph);
  const kept = new Map([...nodes].filter(([name]) => !own.has(name)));
  const code = { ...committed.manifest.code, ...found.manifest.code };
  const manifest = withNodes({ ...found.manifest, code }, nodes);
  const folder = committedFolder(artifacts, experiment);
  const contradiction = incoherence(manifest, graph);
  if (contradiction !== undefined) {
    throw failure(
      `Cannot save the results of "${experiment}" beside those in "${folder}": ${contradiction}; run all of it, or remove that ` +
        `folder to save what was run alone.`,
    );
  }
  const keptPrefixes = new Set([...kept.keys()].map(prefixOf));
  const measured = withMeasured(found.results, committed.results, kept);
  return {
    ...savedOf(manifest, measured, order),
    kept: keptPrefixes,
    dropped: new Set(others.map(([name]) => prefixOf(name)))
      .difference(keptPrefixes),
    files: packedOf(folder, manifest, keptPrefixes),
  };
}

/** The pairs and test sets of which all nodes belong together and to the graph. */
function fittingWholes(
  nodes: ReadonlyMap<string, NodeRecord>,
  graph: Graph,
): ReadonlyMap<string, NodeRecord> {
  const fitting = belonging({ nodes: Object.fromEntries(nodes) }, graph);
  const broken = new Set(
    [...nodes.keys()].filter((name) => !fitting.has(name)).map(prefixOf),
  );
  if (broken.size === 0) return fitting;
  // What was made of those that go does not fit either.
  return fittingWholes(
    new Map([...nodes].filter(([name]) => !broken.has(prefixOf(name)))),
    graph,
  );
}

/** What was measured in a run, and what was saved of the nodes that are kept. */
function withMeasured(
  found: MeasuredNodes,
  saved: MeasuredNodes,
  kept: Pick<ReadonlyMap<string, unknown>, "has">,
): MeasuredNodes {
  const isKept = ([name]: readonly [string, unknown]) => kept.has(name);
  const machines = [...found.machines];
  const places = saved.machines.map((machine) => {
    const text = canonical(machine);
    const known = machines.findIndex((other) => canonical(other) === text);
    return known < 0 ? machines.push(machine) - 1 : known;
  });
  const measured = Object.entries(saved.measured).filter(isKept)
    .map(([name, { machine, ...rest }]) => [
      name,
      machine === undefined ? rest : { ...rest, machine: places[machine] },
    ]);
  const curves = Object.entries(saved.curves).filter(isKept);
  return {
    measured: { ...Object.fromEntries(measured), ...found.measured },
    machines,
    curves: { ...Object.fromEntries(curves), ...found.curves },
  };
}
