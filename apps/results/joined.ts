/** Results of a run beside what is committed of language pairs and test sets that it has no results of: those of another machine, or of a run before. */
import { join } from "@std/path";
import { inputError, isInputError } from "../../base/input_error.ts";
import { failure } from "../../engine/files/failure.ts";
import type { Graph } from "../../engine/graph/graph.ts";
import { incoherence } from "../../engine/provenance/coherence.ts";
import type { Manifest, NodeRecord } from "../../schemas/manifest.ts";
import { prefixOf } from "../../schemas/subwords.ts";
import { committedFolder, readResults } from "./committed.ts";
import {
  belonging,
  type BesideNodes,
  machinePlaces,
  type Saved,
  savedOf,
  withNodes,
} from "./gather.ts";
import {
  type Packed,
  packedIn,
  prefixOfPacked,
  unpack,
  unpackSaved,
} from "./packed.ts";

/** In what follows, a prefix is what comes before the names of a pair's or test set's nodes: `pt-en/`, `pt-en.news/`, or nothing. */
export interface Joined extends Saved, Packed {
  /** The prefixes of which the committed results stay. */
  readonly kept: ReadonlySet<string>;
  /** The nodes whose committed results go, and come from nothing else. */
  readonly gone: readonly string[];
}

/**
 * A pair or test set stays as a whole: where what the run made of it is the same, and each node is what the experiment asks for.
 * Of a node that both have, what the run did not measure is as committed.
 *
 * @throws an input error where committed results that are needed do not hold together, and where the run has only a part of
 * those of a pair or test set; a failure where the run made one part of a language pair by another revision of the code than
 * another
 */
export function joinedWithCommitted(
  artifacts: string,
  found: Saved,
  packed: Packed,
  graph: Graph,
  order: readonly string[],
): Joined {
  const own = new Map(Object.entries(found.manifest.nodes));
  const evaluated = new Set(
    [...own].flatMap(([name, { preimage }]) =>
      /^(evaluate|compare)$/.test(preimage.stage) ? [prefixOf(name)] : []
    ),
  );
  const isWhole = [...graph.keys()]
    .every((name) => evaluated.has(prefixOf(name)));
  const committed = committedBeside(artifacts, found, isWhole);
  if (committed === undefined) {
    return { ...found, ...packed, kept: new Set(), gone: [] };
  }
  const before = new Map(Object.entries(committed.manifest.nodes));
  const others = new Set(
    [...before.keys()].map(prefixOf).filter((prefix) =>
      !evaluated.has(prefix) && isSame(own, before, prefix)
    ),
  );
  const { kept, nodes } = keptOf(others, { own, before, graph });
  const code = { ...committed.manifest.code, ...found.manifest.code };
  const manifest = withNodes({ ...found.manifest, code }, nodes);
  const { experiment } = found.results;
  const folder = committedFolder(artifacts, experiment);
  const gone = [...before].flatMap(([name, { preimage }]) =>
    /^(evaluate|compare|choose)$/.test(preimage.stage) && !nodes.has(name)
      ? [name]
      : []
  );
  const [first, ...rest] = gone.filter((name) =>
    evaluated.has(prefixOf(name)) && graph.has(name)
  );
  if (first !== undefined) {
    throw inputError(
      `Cannot save the results of "${experiment}" in place of those in "${folder}": expected all nodes that these have and the ` +
        `experiment asks for, found a run without "${first}"${
          rest.length > 0 ? ` and ${rest.length} more` : ""
        }; run them too, or remove that folder to save what was run alone.`,
    );
  }
  const contradiction = incoherence(manifest, graph);
  if (contradiction !== undefined) {
    const globs = [...kept].map((prefix) => `"${prefix}*"`).join(" ");
    throw failure(
      `Cannot save the results of "${experiment}" beside those in "${folder}": ${contradiction}; run ${globs} too, or remove ` +
        `that folder to save what was run alone.`,
    );
  }
  return {
    ...savedOf(manifest, besideOfBoth(manifest, found, committed), order),
    ...packedOfBoth(folder, manifest, packed, kept),
    kept,
    gone,
  };
}

/** Results that are damaged are refused unless all of them are made anew. */
function committedBeside(
  artifacts: string,
  { results: { experiment } }: Saved,
  isWhole: boolean,
): Saved | undefined {
  try {
    return readResults(artifacts, experiment);
  } catch (error) {
    if (!isInputError(error)) throw error;
    if (isWhole) return undefined;
    throw inputError(
      `Cannot save results of a part of "${experiment}" beside the others in "${
        committedFolder(artifacts, experiment)
      }", which do not hold together: run all of it, or restore that folder with git, or remove it.`,
    );
  }
}

/** Whether nothing that a run made of a pair or test set is other than before. */
function isSame(
  own: ReadonlyMap<string, NodeRecord>,
  before: ReadonlyMap<string, NodeRecord>,
  prefix: string,
): boolean {
  return [...own].every(([name, { outputs }]) => {
    const known = before.get(name)?.outputs;
    return prefixOf(name) !== prefix || known === undefined ||
      Object.entries(outputs).every(([output, { sha256 }]) =>
        known[output]?.sha256 === sha256
      );
  });
}

/** Of the pairs and test sets that may stay those of which all nodes are what is asked for, of each other; and all nodes then. */
function keptOf(
  kept: ReadonlySet<string>,
  { own, before, graph }: {
    readonly own: ReadonlyMap<string, NodeRecord>;
    readonly before: ReadonlyMap<string, NodeRecord>;
    readonly graph: Graph;
  },
): {
  readonly kept: ReadonlySet<string>;
  readonly nodes: ReadonlyMap<string, NodeRecord>;
} {
  const stays = [...before].filter(([name]) => kept.has(prefixOf(name)));
  const nodes = belonging(
    { nodes: Object.fromEntries([...own, ...stays]) },
    graph,
  );
  const broken = new Set(
    stays.filter(([name]) => !nodes.has(name)).map(([name]) => prefixOf(name)),
  );
  // What was made of those that go does not fit either.
  return broken.size === 0
    ? { kept, nodes }
    : keptOf(kept.difference(broken), { own, before, graph });
}

/** What is known of nodes, by the run or else as committed. */
function besideOfBoth(
  { nodes }: Manifest,
  ...sources: readonly Saved[]
): BesideNodes {
  const { machines, placeOf } = machinePlaces();
  const measured: BesideNodes["measured"] = {};
  const curves: BesideNodes["curves"] = {};
  const comparedAnew: NonNullable<BesideNodes["comparedAnew"]> = {};
  for (const [name, { key }] of Object.entries(nodes)) {
    for (const { manifest, results } of sources) {
      if (manifest.nodes[name]?.key !== key) continue;
      const figures = results.measured[name];
      if (figures !== undefined) {
        const { machine } = figures;
        measured[name] ??= {
          ...figures,
          machine: placeOf(
            machine === undefined ? undefined : results.machines[machine],
          ),
        };
      }
      if (name in results.curves) curves[name] ??= results.curves[name];
      const anew = results.comparedAnew?.[name];
      if (anew !== undefined) comparedAnew[name] ??= anew;
    }
  }
  return { measured, machines, curves, comparedAnew };
}

/** Packed files: committed ones of what is kept, and of an evaluated pair or test set that the run has not all translations of. */
function packedOfBoth(
  folder: string,
  manifest: Manifest,
  { files, lacking }: Packed,
  kept: ReadonlySet<string>,
): Packed {
  const committed = Map.groupBy(packedIn(folder), prefixOfPacked);
  const taken = new Set<string>();
  for (const [prefix, names] of committed) {
    const paths = names.map((name) => join(folder, name));
    if (kept.has(prefix)) paths.forEach((path) => unpackSaved(path, manifest));
    const isBetter = lacking.some((node) => prefixOf(node) === prefix) &&
      paths.every((path) => hasAll(path, manifest, prefix));
    if (isBetter || kept.has(prefix)) taken.add(prefix);
  }
  const read = [...taken].flatMap((prefix) => committed.get(prefix) ?? [])
    .map((name) => [name, Deno.readFileSync(join(folder, name))] as const);
  return {
    files: new Map([...files, ...read]),
    lacking: lacking.filter((node) => !taken.has(prefixOf(node))),
  };
}

/** Whether a packed file is of all evaluations of a pair or test set. */
function hasAll(path: string, { nodes }: Manifest, prefix: string): boolean {
  const evaluations = Object.entries(nodes).filter(([name, { preimage }]) =>
    prefixOf(name) === prefix && preimage.stage === "evaluate"
  );
  try {
    return unpack(path, { nodes }).length === evaluations.length;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
