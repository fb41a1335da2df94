/** Plays a sequence of edits: after each the engine's run is compared with what the oracle says and with a run from scratch. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { answers, keepAnswer } from "./answer.ts";
import { DAMAGES, objectPath } from "./damage.ts";
import { type Dice, diceOf } from "./dice.ts";
import { EDITS } from "./edits.ts";
import { expectationsOf, keyOf, plain } from "./made.ts";
import { emptyMemory, forecast, type Memory } from "./oracle.ts";
import { experimentOf, type Meanwhile, read } from "./pipeline.ts";
import {
  checkRan,
  checkRecord,
  checkReport,
  manifestOf,
  type Records,
  runEngine,
} from "./run.ts";
import { filesOfWorld, writeSomehow, writeWorld } from "./site.ts";
import { DATA_FILES, randomWorld, type World } from "./world.ts";

export interface Played {
  /** What was done, until it failed. */
  readonly log: readonly string[];
  readonly failure?: Error;
}

/** What was done and how it failed. */
export function tell({ log, failure }: Played): string {
  return [...log, failure?.stack ?? ""].join("\n");
}

/** How often what happened. */
export type Tally = Map<string, number>;

/** The steps of the sequence with a seed, by number. */
export function stepsOf(seed: number): number[] {
  const length = 3 + diceOf("length", seed).below(3);
  return Array.from({ length }, (_, i) => i);
}

/** Plays some steps of a sequence in a folder; each has random choices of its own, so that any can be left out. */
export async function play(
  seed: number,
  steps: readonly number[],
  folder: string,
  tally: Tally = new Map(),
): Promise<Played> {
  const site = openSite(seed, folder, tally);
  const { log } = site;
  try {
    await begin(site, diceOf("begin", seed));
    for (const number of steps) {
      log.push(`step ${number}:`);
      await step(site, diceOf("step", seed, number));
    }
    await end(site, diceOf("end", seed));
    return { log };
  } catch (error) {
    const failure = error instanceof Error ? error : new Error(String(error));
    return { log, failure };
  } finally {
    Deno.removeSync(site.folder, { recursive: true });
  }
}

/** A project with what is known of it. */
interface Site {
  readonly folder: string;
  readonly root: string;
  readonly artifacts: string;
  world: World;
  /** What lies on the disk. */
  files: Readonly<Record<string, string>>;
  readonly memory: Memory;
  readonly records: Records;
  readonly past: World[];
  /** Manifests of runs from scratch, by what was asked for. */
  readonly scratch: Map<string, string>;
  /** What was asked for when an answer was kept. */
  answered?: string;
  readonly log: string[];
  readonly tally: Tally;
}

function openSite(seed: number, dir: string, tally: Tally): Site {
  const folder = Deno.makeTempDirSync({ dir, prefix: `${seed}-` });
  const root = join(folder, "project");
  const world = randomWorld(diceOf("world", seed));
  const files = filesOfWorld(world);
  writeWorld(root, {}, files, diceOf("files", seed));
  return {
    folder,
    root,
    artifacts: join(folder, "artifacts"),
    world,
    files,
    memory: emptyMemory(),
    records: { keys: new Map(), texts: new Map() },
    past: [],
    scratch: new Map(),
    log: [],
    tally,
  };
}

async function begin(site: Site, dice: Dice): Promise<void> {
  await settle(dice);
  await compare(site, dice);
}

async function step(site: Site, dice: Dice): Promise<void> {
  const kind = dice.below(20);
  if (kind < 4) return await revert(site, dice);
  if (kind < 5) return await changeWhileHashed(site, dice);
  const draft = structuredClone(site.world);
  for (let left = dice.pick([1, 1, 1, 2, 3]); left > 0; left--) {
    const told = edit(site, draft, dice);
    site.log.push(told);
    count(site, `edit: ${told.replace(/:.*/s, "")}`);
  }
  move(site, draft, dice);
  await settle(dice);
  if (kind < 7) await stop(site, dice);
  await compare(site, dice);
}

async function end(site: Site, dice: Dice): Promise<void> {
  const jobs = 1 + dice.below(3);
  await runAgain(site, jobs);
  await checkAgainstScratch(site, jobs);
  for (const { made } of await expectationsOf(site.world)) {
    for (const content of Object.values(made.outputs)) {
      const found = read(objectPath(site.artifacts, content));
      assertEquals(keyOf(found), keyOf(content), "an object at the end");
    }
  }
}

/** Longer than the engine takes a file for freshly changed, since Deno tells the time of some changes in whole seconds. */
const SETTLED_MILLISECONDS = 1100;

async function settle(dice: Dice): Promise<void> {
  if (dice.chance(0.7)) return;
  await new Promise((done) => setTimeout(done, SETTLED_MILLISECONDS));
}

function count({ tally }: Site, what: string, times = 1): void {
  tally.set(what, (tally.get(what) ?? 0) + times);
}

function edit(site: Site, draft: World, dice: Dice): string {
  for (;;) {
    const told = tryToEdit(site, draft, dice);
    if (told !== undefined) return told;
  }
}

function tryToEdit(site: Site, draft: World, dice: Dice): string | undefined {
  const { artifacts: path, memory, records: { keys } } = site;
  const kind = dice.below(10);
  if (kind === 0) return touch(site, dice);
  const names = Object.keys(kind < 7 ? EDITS : DAMAGES);
  const name = dice.pick(names);
  const told = kind < 7
    ? EDITS[name](draft, dice)
    : DAMAGES[name]({ path, memory, keys }, dice);
  return told === undefined ? undefined : `${name}: ${told}`;
}

/** Changes a file's times or inode and not what it holds. */
function touch({ root, files }: Site, dice: Dice): string {
  const path = dice.pick(Object.keys(files));
  if (dice.chance(0.5)) {
    Deno.utimeSync(join(root, path), new Date(), new Date());
    return `file touched: ${path}`;
  }
  writeSomehow(join(root, path), files[path], dice);
  return `file written as it is: ${path}`;
}

function move(site: Site, world: World, dice: Dice): void {
  const files = filesOfWorld(world);
  writeWorld(site.root, site.files, files, dice);
  site.world = world;
  site.files = files;
}

async function revert(site: Site, dice: Dice): Promise<void> {
  const to = dice.below(site.past.length);
  site.log.push(`back to the world of run ${to}`);
  move(site, structuredClone(site.past[to]), dice);
  await settle(dice);
  const ran = await compare(site, dice);
  count(site, "reverts");
  if (ran === 0) count(site, "reverts that ran nothing");
}

/** A data file is written while the engine reads it, and again with the same size and time when it has been hashed. */
async function changeWhileHashed(site: Site, dice: Dice): Promise<void> {
  const { root, world, files } = site;
  const path = dice.pick(DATA_FILES);
  const readers = world.nodes.filter(({ config }) =>
    config.reads.includes(path)
  );
  const before = files[path];
  const text = before.replace(/.$/, dice.pick(["1", "2", "3"]));
  if (readers.length !== 1 || text === before) return await revert(site, dice);
  site.log.push(
    `${path} changed to ${JSON.stringify(text)} while it is hashed`,
  );
  count(site, "edit: data file changed while it is hashed");
  const file = join(root, path);
  let time: Date | null = null, isDone = false;
  site.world = structuredClone(world);
  site.world.data[path] = text;
  site.files = filesOfWorld(site.world);
  await compare(site, dice, {
    reading: (paths) => {
      if (isDone || !paths.includes(file)) return;
      Deno.writeTextFileSync(file, before);
      time = Deno.statSync(file).mtime;
    },
    read: () => {
      if (isDone || time === null) return;
      isDone = true;
      Deno.writeTextFileSync(file, text);
      Deno.utimeSync(file, time, time);
    },
  });
}

/** A run that the user stops after a node or two. */
async function stop(site: Site, dice: Dice): Promise<void> {
  const { memory, world } = site;
  const stopAfter = 1 + dice.below(2);
  const expectations = await expectationsOf(world);
  const expected = forecast(memory, world, expectations, stopAfter).ran;
  const { ran, report } = await runEngine({ ...site, jobs: 1, stopAfter });
  site.log.push(`stopped after ${ran.join(" and ") || "no node"}`);
  checkRan(ran, expected, expectations, 1);
  assertEquals(report.interrupted, ran.length === stopAfter, "interrupted");
  const keyOfNode = new Map(report.nodes.map(({ name, key }) => [name, key]));
  for (const { name, description } of expected) {
    site.records.keys.set(description, keyOfNode.get(name) ?? "");
  }
  if (report.interrupted) count(site, "runs that were stopped");
}

/** The number of nodes that ran. */
async function compare(
  site: Site,
  dice: Dice,
  meanwhile?: Meanwhile,
): Promise<number> {
  const { artifacts, world, memory, records } = site;
  const expectations = await expectationsOf(world);
  const expected = forecast(memory, world, expectations);
  const jobs = expected.isOrdered ? 1 : 1 + dice.below(3);
  const isAnswered = meanwhile === undefined &&
    checkAnswer(site, expected.ran.length);
  const before = isAnswered ? manifestOf(artifacts) : undefined;
  const runs = [await runEngine({ ...site, jobs, meanwhile })];
  if (meanwhile !== undefined) runs.push(await runEngine({ ...site, jobs }));
  const last = runs[runs.length - 1];
  const ran = runs.flatMap(({ ran }) => ran);
  checkRan(ran, expected.ran, expectations, jobs);
  const nodes = checkReport(last, expectations);
  for (const { name, description } of expectations) {
    checkRecord(nodes[name], description, records);
  }
  if (before !== undefined) {
    assertEquals(last.text, before, "answered manifest");
  }
  count(site, "runs");
  count(site, "runs of several jobs", jobs > 1 ? 1 : 0);
  count(site, "runs that ran nothing", ran.length === 0 ? 1 : 0);
  count(site, "nodes that ran", ran.length);
  count(site, "broken results found", expected.faults);
  count(site, "early cut-offs", expected.cutOffs);
  site.past.push(structuredClone(world));
  if (dice.chance(0.4)) await runAgain(site, jobs);
  const isFirst = site.past.length === 1;
  if (isFirst) {
    site.scratch.set(plain([expectations, askedOf(site)]), last.text);
  } else if (dice.chance(0.05)) await checkAgainstScratch(site, jobs);
  return ran.length;
}

/** Runs a second time, and sometimes keeps the answer. */
async function runAgain(site: Site, jobs: number): Promise<void> {
  const { artifacts, root } = site;
  const before = manifestOf(artifacts);
  const began = Date.now();
  const { ran, text, report } = await runEngine({ ...site, jobs });
  assertEquals(ran, [], "nodes that a second run ran");
  assertEquals(text, before, "manifest of a second run");
  count(site, "second runs");
  assert(report.looks !== undefined, "a second run tells what it looked at");
  if (keepAnswer(artifacts, root, report.looks, began)) {
    site.answered = askedOf(site);
    assert(answers(artifacts), "a third run is answered at once");
    count(site, "answers that were kept");
  }
}

/** Whether the last answer still stands; it must not where there is something to do. */
function checkAnswer(site: Site, expected: number): boolean {
  const isAnswered = site.answered === askedOf(site) && answers(site.artifacts);
  if (isAnswered) {
    assertEquals(expected, 0, "nodes that have to run although a run answers");
    count(site, "runs that were answered at once");
  }
  return isAnswered;
}

/** What decides a run and lies in no file here: in a project it is in modules and the experiment's file. */
function askedOf({ root, world }: Site): string {
  return plain([experimentOf(root, world), world.runtime]);
}

async function checkAgainstScratch(site: Site, jobs: number): Promise<void> {
  const { world, scratch } = site;
  const expectations = await expectationsOf(world);
  const asked = plain([expectations, askedOf(site)]);
  const expected = scratch.get(asked) ?? await runFromScratch(site, jobs);
  scratch.set(asked, expected);
  const what = "manifest and that of a run from scratch";
  assertEquals(manifestOf(site.artifacts), expected, what);
  count(site, "manifests that were compared with one from scratch");
}

async function runFromScratch(site: Site, jobs: number): Promise<string> {
  const artifacts = join(site.folder, "fresh");
  const { text } = await runEngine({ ...site, artifacts, jobs });
  Deno.removeSync(artifacts, { recursive: true });
  count(site, "runs from scratch");
  return text;
}
