/** The steps of a sequence: edits and accidents, each with the run that follows it. */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "@std/path";
import { removeIfThere } from "../../../../engine/files/atomic.ts";
import { isFailure } from "../../../../engine/files/failure.ts";
import type { NodeReport } from "../../../../engine/run/node_record.ts";
import type { Selection } from "../../../../engine/graph/selection.ts";
import { isInputError } from "../../../../base/input_error.ts";
import { audit, learnData, learnMade, lookAgain } from "../check/audit.ts";
import { compare, manifestState } from "../check/compare.ts";
import { objectPath } from "./object_damage.ts";
import type { Dice } from "../model/dice.ts";
import { type Expectation, expectationsOf } from "../check/made.ts";
import {
  ALIVE,
  type Event,
  MOMENTS,
  randomMoment,
  timetable,
} from "./moments.ts";
import { forecast, upToDate } from "../check/oracle.ts";
import { Killed } from "../model/pipeline.ts";
import {
  count,
  duringRuns,
  editAndTell,
  isChosen,
  letFilesAge,
  move,
  type Site,
} from "../model/project.ts";
import { checkMade, checkRan, type Run, runEngine } from "./run.ts";
import { filesOfWorld, statOf } from "../model/site.ts";
import { DATA_FILES, nameOf, type World } from "../model/world.ts";
import { EDITS } from "../model/edits.ts";

type Step = (site: Site, dice: Dice) => Promise<void>;

/** Each as often as it is named. */
const STEPS: readonly Step[] = [
  ...Array.from({ length: 10 }, () => editAndCompare),
  ...Array.from({ length: 3 }, () => revert),
  ...Array.from({ length: 4 }, () => changeDuringRun),
  saveByHalves,
  changeWhileHashed,
  stopAfterNodes,
  stopBeforeLock,
  stopWhileWaiting,
  ...Array.from({ length: 2 }, () => stopWithin),
  ...Array.from({ length: 2 }, () => kill),
  ...Array.from({ length: 2 }, () => narrow),
].filter(({ name }) => isChosen(name));

export async function step(site: Site, dice: Dice): Promise<void> {
  await dice.pick(STEPS)(site, dice);
}

/** One to three edits. */
async function editSome(site: Site, dice: Dice): Promise<void> {
  const draft = structuredClone(site.world);
  for (let left = dice.pick([1, 1, 1, 2, 3]); left > 0; left--) {
    editAndTell(site, draft, dice);
  }
  move(site, draft, dice);
  await letFilesAge(dice);
}

async function editAndCompare(site: Site, dice: Dice): Promise<void> {
  await editSome(site, dice);
  await compare(site, dice);
}

async function revert(site: Site, dice: Dice): Promise<void> {
  const to = dice.below(site.past.length);
  site.log.push(`back to the world of run ${to}`);
  move(site, structuredClone(site.past[to]), dice);
  await letFilesAge(dice);
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
  const draft = structuredClone(world);
  draft.data[path] = text;
  site.world = draft;
  site.files = filesOfWorld(draft);
  learnData(site.knowledge, draft);
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

/** A run during which files of all kinds are edited; the run after it has nothing wrong in it. */
async function changeDuringRun(site: Site, dice: Dice): Promise<void> {
  if (dice.chance(0.7)) await editSome(site, dice);
  const { nodes } = site.world;
  const expectations = await expectationsOf(site.world);
  /** What a node reads of others. */
  const readBy = (name: string) => {
    const inputs = Object.values(
      nodes.find((node) => nameOf(node) === name)?.inputs ?? {},
    );
    return expectations.filter(({ name }) => inputs.includes(name))
      .flatMap(({ made }) => Object.values(made.outputs))
      .filter((content) => statOf(objectPath(site.artifacts, content)));
  };
  const events = Array.from({ length: 1 + dice.below(2) }, (): Event => {
    const { moment, times } = randomMoment(dice);
    return {
      moment,
      times,
      happen: (node) => {
        site.log.push(`${moment} (${node}):`);
        const draft = structuredClone(site.world);
        const kinds = duringRuns(dice, readBy(node));
        editAndTell(site, draft, dice, kinds);
        move(site, draft, dice);
        count(site, `change ${moment}`);
      },
    };
  });
  await runDisturbed(site, dice, events);
}

/** A source file is saved in two halves while a run reads it. */
async function saveByHalves(site: Site, dice: Dice): Promise<void> {
  if (dice.chance(0.7)) await editSome(site, dice);
  const names = Object.keys(site.files).filter((path) =>
    /\.(ts|json|lock)$/.test(path)
  );
  const path = dice.pick(names);
  const text = site.files[path];
  const half = text.slice(0, dice.below(text.length));
  const { moment, times } = randomMoment(dice);
  const file = join(site.root, path);
  await runDisturbed(site, dice, [{
    moment,
    times,
    happen: () => {
      site.log.push(`${moment}: the first ${half.length} bytes of ${path}`);
      Deno.writeTextFileSync(file, half);
      count(site, "files that were saved by halves");
    },
  }], () => Deno.writeTextFileSync(file, text));
}

async function runDisturbed(
  site: Site,
  dice: Dice,
  events: readonly Event[],
  finish = () => {},
): Promise<void> {
  const { happen } = timetable(events);
  let lock = events.some(({ moment }) => moment === MOMENTS[0])
    ? await holdLock(site)
    : undefined;
  const release = () => {
    lock?.close();
    lock = undefined;
  };
  let isOver = false;
  const run = runEngine({
    ...site,
    jobs: 1 + dice.below(3),
    force: dice.chance(0.5),
    happen: (moment, node) => {
      if (isOver) return;
      const summary = happen(moment, node);
      if (moment === MOMENTS[0]) release();
      return summary;
    },
  });
  let report: Run["report"] | undefined;
  try {
    ({ report } = await run);
  } catch (error) {
    if (!isInputError(error) && !isFailure(error)) throw error;
    site.log.push(`ended: ${error.message}`);
    count(site, "disturbed runs that ended with one sentence");
  } finally {
    isOver = true;
    release();
  }
  finish();
  const nodes = report?.nodes ?? [];
  for (const node of nodes) checkState(site, node);
  count(site, "disturbed runs");
  const done = nodes.filter(({ state }) => /^(ran|cached)$/.test(state));
  await audit(site, new Set(done.map(({ name }) => name)));
  lookAgain(site);
  await letFilesAge(dice);
  await compare(site, dice);
}

/** A node that did not finish says why, in a sentence that names it, its stage or the file that is to blame. */
function checkState(site: Site, { name, state, error }: NodeReport): void {
  if (state !== "failed") return;
  site.log.push(`${name} failed: ${error?.message}`);
  const [stage] = name.replace(/^.*\//, "").split(":");
  const message = error?.message ?? "";
  assert(
    message.includes(`"${name}"`) || message.includes(`"${stage}"`) ||
      message.includes(site.root) || message.startsWith("Module "),
    `A sentence that names ${name}, not ${message}`,
  );
  count(site, "nodes that failed since files changed");
}

/** A run that the user stops after a node or two have started, whose process ends well. */
async function stopAfterNodes(site: Site, dice: Dice): Promise<void> {
  const stopAfter = 1 + dice.below(2);
  const stop = new AbortController();
  let started = 0;
  await runCut(site, dice, stopAfter, async (expectations, expected) => {
    const { ran, report } = await runEngine({
      ...site,
      jobs: 1,
      signal: stop.signal,
      start: () => {
        if (++started === stopAfter) stop.abort();
      },
    });
    checkRan(ran, expected, expectations, 1);
    assertEquals(report.interrupted, ran.length === stopAfter, "interrupted");
    if (report.interrupted) count(site, "runs that were stopped");
    return report.nodes;
  });
}

/** A run that the user stops while a stage's process is alive, which ends without a result. */
async function stopWithin(site: Site, dice: Dice): Promise<void> {
  const done = dice.below(3);
  const moment = dice.pick(ALIVE);
  const stop = new AbortController();
  let started = 0;
  await runCut(site, dice, done, async (expectations, expected) => {
    const before = manifestState(site);
    const { ran, report } = await runEngine({
      ...site,
      jobs: 1,
      signal: stop.signal,
      isInterruptible: true,
      start: () => started++,
      happen: (at) => {
        if (at === moment && started > done) stop.abort();
      },
    });
    const { interrupted, nodes } = report;
    checkRan(ran.slice(0, done), expected, expectations, 1);
    assertEquals(interrupted, ran.length > done, "interrupted");
    checkKept(site, nodes, before);
    if (interrupted) count(site, `stop ${moment}`);
    return nodes;
  });
}

/** The run's process is killed while that of a stage is alive; the kernel ends what it had open. */
async function kill(site: Site, dice: Dice): Promise<void> {
  const done = dice.below(3);
  const moment = dice.pick(ALIVE);
  await runCut(site, dice, done, async (expectations, expected) => {
    const ended: NodeReport[] = [];
    const hung = Promise.withResolvers<void>();
    const killed = Promise.withResolvers<void>();
    let started = 0;
    const run = runEngine({
      ...site,
      jobs: 1,
      start: () => started++,
      end: (report) => ended.push(report),
      happen: (at) => {
        if (at !== moment || started <= done) return;
        killed.resolve();
        return hung.promise;
      },
    });
    site.killed.push(async () => {
      hung.promise.catch(() => {});
      hung.reject(new Killed());
      await run.catch(() => {});
    });
    await Promise.race([run, killed.promise]);
    if (started > done) {
      Deno.removeSync(lockPath(site));
      count(site, `kill ${moment}`);
    }
    const ran = ended.filter(({ state }) => state === "ran")
      .map(({ name }) => name);
    checkRan(ran, expected, expectations, 1);
    return ended;
  });
}

/** Edits, a run that ends after so many nodes at most, which `run` reports, and an undisturbed run. */
async function runCut(
  site: Site,
  dice: Dice,
  stopAfter: number,
  run: (
    expectations: readonly Expectation[],
    expected: readonly Expectation[],
  ) => Promise<readonly NodeReport[]>,
): Promise<void> {
  await editSome(site, dice);
  const { memory, world } = site;
  if (memory.unsure.size === 0) {
    const expectations = await expectationsOf(world);
    const { ran } = forecast(memory, world, expectations, { stopAfter });
    const reports = await run(expectations, ran);
    site.log.push(`cut off after ${ran.map(({ name }) => name).join(", ")}`);
    // A run that made nothing, or that was killed, may have recorded nothing.
    await checkEntered(site, reports, expectations, false);
  }
  await compare(site, dice);
}

/** A run whose signal has come before it begins does nothing. */
async function stopBeforeLock(site: Site, dice: Dice): Promise<void> {
  await editSome(site, dice);
  const before = manifestState(site);
  const signal = AbortSignal.abort();
  const jobs = 1 + dice.below(3);
  const { ran, report } = await runEngine({ ...site, jobs, signal });
  assertEquals(ran, [], "nodes that a run ran which was stopped before");
  checkKept(site, report.nodes, before);
  if (report.interrupted) count(site, "stop before the lock");
  await compare(site, dice);
}

/** A run that waits for another one, and is stopped meanwhile. */
async function stopWhileWaiting(site: Site, dice: Dice): Promise<void> {
  await editSome(site, dice);
  const before = manifestState(site);
  const stop = new AbortController();
  const isLate = dice.chance(0.5);
  if (!isLate) stop.abort();
  const jobs = 1 + dice.below(3);
  const lock = await holdLock(site);
  let report: Run["report"];
  try {
    const run = await runEngine({
      ...site,
      jobs,
      signal: stop.signal,
      happen: (moment) => {
        if (moment === MOMENTS[0]) stop.abort();
      },
    });
    assertEquals(run.ran, [], "nodes that ran without the lock");
    ({ report } = run);
  } finally {
    // The run that gave up would get the lock now, since its process does not end here.
    Deno.removeSync(lockPath(site));
    lock.close();
  }
  checkKept(site, report.nodes, before);
  if (report.interrupted) count(site, "stop while waiting for the lock");
  await compare(site, dice);
}

/** A run of some of the nodes, some of whose settings are given for this run alone. */
async function narrow(site: Site, dice: Dice): Promise<void> {
  await editSome(site, dice);
  const { memory } = site;
  if (memory.unsure.size > 0) return void await compare(site, dice);
  const world = structuredClone(site.world);
  const settings = dice.below(3);
  for (let i = 0; i < settings; i++) {
    const summary = EDITS[dice.pick(SETTINGS)](world, dice);
    if (summary !== undefined) site.log.push(`--set ${summary}`);
  }
  const { selection, scope } = randomSelection(world, dice);
  site.log.push(JSON.stringify(selection));
  const expectations = await expectationsOf(world);
  const current = upToDate(memory, world, expectations);
  const isOutOfReach = world.nodes.some((node) =>
    scope.has(nameOf(node)) &&
    Object.values(node.inputs)
      .some((input) => !scope.has(input) && !current.has(input))
  );
  const options = { ...site, world, selection };
  if (isOutOfReach) {
    const error = await assertRejects(() => runEngine({ ...options, jobs: 1 }));
    assert(isInputError(error), `${error}`);
    assertStringIncludes(error.message, "by itself");
    count(site, "selections that cannot run");
  } else {
    const { ran: expected, isOrdered } = forecast(memory, world, expectations, {
      scope,
    });
    const jobs = isOrdered ? 1 : 1 + dice.below(3);
    const { ran, report } = await runEngine({ ...options, jobs });
    checkRan(ran, expected, expectations, jobs);
    await checkEntered(site, report.nodes, expectations, true);
    assertEquals(
      report.nodes.map(({ name }) => name).sort(),
      [...scope].sort(),
    );
    count(site, "selections that ran");
  }
  await compare(site, dice);
}

/** What `--set` can change without another file. */
const SETTINGS = ["config value", "seed", "data files that a config names"];

function randomSelection(
  { nodes }: World,
  dice: Dice,
): { selection: Selection; scope: ReadonlySet<string> } {
  const chosen = new Set([nameOf(dice.pick(nodes)), nameOf(dice.pick(nodes))]);
  const names = [...chosen];
  const above = new Set(names), below = new Set(names);
  for (const node of nodes.toReversed()) {
    if (!above.has(nameOf(node))) continue;
    for (const input of Object.values(node.inputs)) above.add(input);
  }
  for (const node of nodes) {
    if (Object.values(node.inputs).some((input) => below.has(input))) {
      below.add(nameOf(node));
    }
  }
  return dice.pick([
    { selection: { nodes: names }, scope: above },
    { selection: { only: names }, scope: chosen },
    { selection: { from: names }, scope: below },
    { selection: { until: names }, scope: above },
  ]);
}

/** What a run has reported of the nodes that it brought up to date is what they make, and so is what it has recorded. */
async function checkEntered(
  site: Site,
  reports: readonly NodeReport[],
  expectations: readonly Expectation[],
  isRecorded: boolean,
): Promise<void> {
  const done = new Set<string>();
  for (const report of reports) {
    if (report.state !== "ran" && report.state !== "cached") continue;
    const expectation = expectations.find(({ name }) => name === report.name);
    if (expectation === undefined) throw new Error(`No node ${report.name}.`);
    checkMade(report, expectation);
    site.records.keys.set(expectation.description, report.key ?? "");
    done.add(report.name);
  }
  learnMade(site.knowledge, expectations);
  await audit(site, isRecorded ? done : new Set());
}

/** A run that was stopped before it brought a node up to date leaves the manifest alone. */
function checkKept(
  site: Site,
  reports: readonly NodeReport[],
  before: string | undefined,
): void {
  if (reports.some(({ state }) => /^(ran|cached)$/.test(state))) return;
  assertEquals(
    manifestState(site),
    before,
    "manifest of a run that did nothing",
  );
  count(site, "runs that did nothing and left the manifest");
}

function lockPath({ artifacts }: Site): string {
  return join(artifacts, "lock");
}

/** As another run holds it, which has put right what lay there. */
async function holdLock(site: Site): Promise<Deno.FsFile> {
  const path = lockPath(site);
  if (statOf(path)?.isFile !== true) removeIfThere(path);
  const file = Deno.openSync(path, { write: true, create: true });
  // A process that another sequence starts at this moment may have the file of the last run for a while.
  for (let tries = 0; !file.tryLockSync(true); tries++) {
    if (tries === 1000) throw new Error(`${path} is held.`);
    await new Promise((done) => setTimeout(done, 1));
  }
  return file;
}
