/** Says which nodes have to run, from what is still there of earlier results; knows nothing of keys and hashes. */
import { type Content, type Expectation, keyOf } from "./made.ts";
import type { World } from "../model/world.ts";
import { nameOf } from "../model/world.ts";

/** What an artifact folder holds. */
export interface Memory {
  /** Descriptions whose results are cached. */
  readonly cached: Set<string>;
  /** Keys of cached results of which nobody could follow what they are of, since files changed while they were made. */
  readonly unsure: Set<string>;
  /** The objects that are whole, by their content. */
  readonly whole: Map<string, Content>;
  /** The objects that were damaged and not made again. */
  readonly broken: Map<string, Content>;
}

export interface Forecast {
  /** The nodes that have to run where one runs at a time, in the graph's order. */
  readonly ran: readonly Expectation[];
  /** Which nodes run depends on which is first: one makes an object again that another finds broken. */
  readonly isOrdered: boolean;
  /** Nodes that run since what they made was broken. */
  readonly faults: number;
  /** Nodes that do not run although one that they read ran. */
  readonly cutOffs: number;
}

export function emptyMemory(): Memory {
  return {
    cached: new Set(),
    unsure: new Set(),
    whole: new Map(),
    broken: new Map(),
  };
}

export interface Limits {
  /** Nodes after which a run is stopped. */
  readonly stopAfter?: number;
  /** The nodes that may run; all where nothing is given. */
  readonly scope?: ReadonlySet<string>;
}

/** What a run has to do; the memory is brought to what it is after the run. */
export function forecast(
  memory: Memory,
  world: World,
  expectations: readonly Expectation[],
  { stopAfter = Infinity, scope }: Limits = {},
): Forecast {
  const inScope = expectations.filter(({ name }) => scope?.has(name) ?? true);
  const isOrdered = sharesBroken(memory, inScope);
  const ran: Expectation[] = [];
  let faults = 0;
  for (const expectation of inScope) {
    if (ran.length === stopAfter) break;
    const isKnown = memory.cached.has(expectation.description);
    if (isKnown && isWhole(memory, expectation)) continue;
    if (isKnown) faults++;
    ran.push(expectation);
    memory.cached.add(expectation.description);
    for (const content of Object.values(expectation.made.outputs)) {
      memory.whole.set(keyOf(content), content);
      memory.broken.delete(keyOf(content));
    }
  }
  const names = new Set(ran.map(({ name }) => name));
  const cutOffs = world.nodes.filter((node) =>
    !names.has(nameOf(node)) &&
    Object.values(node.inputs).some((input) => names.has(input))
  ).length;
  return { ran, isOrdered, faults, cutOffs };
}

/** The nodes that need nothing made, neither for themselves nor for what they read. */
export function upToDate(
  memory: Memory,
  world: World,
  expectations: readonly Expectation[],
): Set<string> {
  const names = new Set<string>();
  for (const [i, expectation] of expectations.entries()) {
    const isCurrent = Object.values(world.nodes[i].inputs).every((input) =>
      names.has(input)
    ) &&
      memory.cached.has(expectation.description) &&
      isWhole(memory, expectation);
    if (isCurrent) names.add(expectation.name);
  }
  return names;
}

function isWhole({ whole }: Memory, { made }: Expectation): boolean {
  return Object.values(made.outputs)
    .every((content) => whole.has(keyOf(content)));
}

/** Whether two nodes have an object in common that is not whole. */
function sharesBroken(
  { whole }: Memory,
  expectations: readonly Expectation[],
): boolean {
  const seen = new Set<string>();
  return expectations.some(({ made: { outputs } }) => {
    const missing = new Set(
      Object.values(outputs).map(keyOf).filter((key) => !whole.has(key)),
    );
    const isShared = [...missing].some((key) => seen.has(key));
    for (const key of missing) seen.add(key);
    return isShared;
  });
}
