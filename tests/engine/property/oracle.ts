/** Says which nodes have to run, from what is still there of earlier results; knows nothing of keys and hashes. */
import { type Content, type Expectation, keyOf } from "./made.ts";
import type { World } from "./world.ts";
import { nameOf } from "./world.ts";

/** What an artifact folder holds. */
export interface Memory {
  /** Descriptions whose results are cached. */
  readonly cached: Set<string>;
  /** The manifest: descriptions by the names of the nodes. */
  readonly recorded: Map<string, string>;
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
    recorded: new Map(),
    whole: new Map(),
    broken: new Map(),
  };
}

/** What a run has to do; the memory is brought to what it is after the run, which may be stopped after some nodes. */
export function forecast(
  memory: Memory,
  world: World,
  expectations: readonly Expectation[],
  stopAfter = Infinity,
): Forecast {
  const isOrdered = sharesBroken(memory, expectations);
  const ran: Expectation[] = [];
  const recorded = new Map<string, string>();
  let faults = 0;
  for (const expectation of expectations) {
    const { name, description, made: { outputs } } = expectation;
    const before = memory.recorded.get(name);
    if (ran.length === stopAfter) {
      if (before !== undefined) recorded.set(name, before);
      continue;
    }
    recorded.set(name, description);
    const contents = Object.values(outputs);
    const isKnown = memory.cached.has(description) || before === description;
    const isWhole = contents.every((content) =>
      memory.whole.has(keyOf(content))
    );
    if (isKnown && isWhole) continue;
    if (isKnown) faults++;
    ran.push(expectation);
    memory.cached.add(description);
    for (const content of contents) {
      memory.whole.set(keyOf(content), content);
      memory.broken.delete(keyOf(content));
    }
  }
  memory.recorded.clear();
  for (const entry of recorded) memory.recorded.set(...entry);
  const names = new Set(ran.map(({ name }) => name));
  const cutOffs = world.nodes.filter((node) =>
    !names.has(nameOf(node)) &&
    Object.values(node.inputs).some((input) => names.has(input))
  ).length;
  return { ran, isOrdered, faults, cutOffs };
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
