/** Plays a sequence of steps, each with the run that follows it: edits and damage, accidents during a run, parts of a graph. */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "@std/path";
import { isInputError } from "../../../base/input_error.ts";
import {
  namesIn as entriesIn,
  removeIfThere,
} from "../../../engine/files/atomic.ts";
import { isFailure } from "../../../engine/files/failure.ts";
import type { Selection } from "../../../engine/graph/selection.ts";
import type { NodeReport } from "../../../engine/run/node_record.ts";
import {
  checkEnd,
  checkRan,
  forecast,
  isCurrent,
  manifestState,
  namesIn,
  objectPath,
  scan,
} from "./checks.ts";
import { damageObject, DAMAGES } from "./damage.ts";
import { type Dice, diceOf } from "./dice.ts";
import { statOf } from "./disk.ts";
import { SETTINGS } from "./edits.ts";
import { type Expectation, expectationsOf } from "./expected.ts";
import { ALIVE, Killed, type Moment, MOMENTS } from "./pipeline.ts";
import { checkAgainstScratch, compare, runAgain, runEngine } from "./run.ts";
import {
  closeSite,
  count,
  type Counts,
  editDuringRun,
  editSome,
  letFilesAge,
  move,
  openSite,
  type Site,
} from "./site.ts";
import { nameOf, type World } from "./world.ts";

export interface Played {
  /** What was done, until it failed. */
  readonly log: readonly string[];
  readonly failure?: Error;
}

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
  counts: Counts = new Map(),
): Promise<Played> {
  const site = openSite(seed, folder, counts);
  const { log } = site;
  try {
    const dice = diceOf("begin", seed);
    await letFilesAge(dice);
    await compare(site, dice);
    for (const number of steps) {
      log.push(`step ${number}:`);
      const dice = diceOf("step", seed, number);
      await dice.pick(STEPS)(site, dice);
    }
    await runAgain(site, 2);
    await checkAgainstScratch(site, 2);
    return { log };
  } catch (error) {
    const failure = error instanceof Error ? error : new Error(String(error));
    return { log, failure };
  } finally {
    await closeSite(site);
  }
}

type Step = (site: Site, dice: Dice) => Promise<void>;

/** Each as often as it is named. */
const STEPS: readonly Step[] = [
  ...Array.from({ length: 9 }, () => editAndCompare),
  ...Array.from({ length: 3 }, () => revert),
  ...Array.from({ length: 6 }, () => changeDuringRun),
  ...Array.from({ length: 4 }, () => stop),
  ...Array.from({ length: 2 }, () => kill),
  ...Array.from({ length: 2 }, () => narrow),
];

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
  if (ran === 0) count(site, "reverts that ran nothing");
}

/** Files and results change while a run goes on; what it keeps all the same is right, and a plain run mends the rest. */
async function changeDuringRun(site: Site, dice: Dice): Promise<void> {
  if (dice.chance(0.7)) await editSome(site, dice);
  const { root, artifacts } = site;
  const expectations = await expectationsOf(root, site.world);
  const before = scan(artifacts);
  let isDamaged = false, half: string | undefined;
  const kind = dice.pick(["edit", "edit", "edit", "damage", "damage", "half"]);
  const events = Array.from({ length: 1 + dice.below(2) }, () => ({
    moment: dice.pick(kind === "damage" ? ALIVE : MOMENTS),
    times: 1 + dice.below(3),
  }));
  const happen = (moment: Moment, node: string) => {
    for (const event of events) {
      const isLock = moment === MOMENTS[0];
      if (event.moment !== moment || --event.times !== 0 && !isLock) continue;
      site.log.push(`${moment} (${node}):`);
      count(site, `${kind} ${moment}`);
      if (kind === "edit") editDuringRun(site, dice);
      else if (kind === "half") half ??= saveHalf(site, dice);
      else {
        damage(site, dice, node, expectations);
        isDamaged = true;
      }
    }
  };
  const isForced = dice.chance(0.5);
  const reports: NodeReport[] = [];
  let isRecorded = false;
  await withLock(
    site,
    events.some(({ moment }) => moment === MOMENTS[0]),
    async (release) => {
      try {
        const { nodes } = await runEngine({
          ...site,
          jobs: 1 + dice.below(3),
          force: isForced,
          happen: (moment, node) => {
            happen(moment, node);
            if (moment === MOMENTS[0]) release();
          },
        });
        reports.push(...nodes);
        isRecorded = true;
      } catch (error) {
        if (!isInputError(error) && !isFailure(error)) throw error;
        site.log.push(`ended: ${error.message}`);
      }
    },
  );
  for (const event of events) event.times = 0;
  if (half !== undefined) {
    Deno.writeTextFileSync(join(root, half), site.files[half]);
  }
  for (const report of reports) checkFailure(site, report);
  await checkEnd(site, before, { reports, isRecorded, isForced, isDamaged });
  await letFilesAge(dice);
  await compare(site, dice);
}

/** Damages what a node reads of others, if it reads something, or anything. */
function damage(
  site: Site,
  dice: Dice,
  node: string,
  expectations: readonly Expectation[],
): void {
  const { artifacts, world, log } = site;
  const { inputs = {} } = world.nodes.find((each) => nameOf(each) === node) ??
    {};
  const objects = expectations
    .filter(({ name }) => Object.values(inputs).includes(name))
    .flatMap(({ made }) => namesIn(made))
    .map((name) => objectPath(artifacts, name))
    .filter((path) => statOf(path));
  const object = objects.length > 0 ? dice.pick(objects) : undefined;
  if (object !== undefined && damageObject(object, dice)) {
    log.push(`${object} changed`);
    return count(site, "inputs damaged during a run");
  }
  const name = dice.pick(Object.keys(DAMAGES));
  log.push(`${name}: ${DAMAGES[name](artifacts, dice)}`);
}

/** Saves the first half of a source file; gives its path. */
function saveHalf({ root, files, log }: Site, dice: Dice): string {
  const sources = Object.keys(files)
    .filter((path) => /\.(ts|json|lock)$/.test(path));
  const path = dice.pick(sources);
  const half = files[path].slice(0, dice.below(files[path].length));
  Deno.writeTextFileSync(join(root, path), half);
  log.push(`half of ${path} saved`);
  return path;
}

/** A node that did not finish says why, in a sentence that names it, its stage or the file that is to blame. */
function checkFailure(site: Site, { name, state, error }: NodeReport): void {
  if (state !== "failed") return;
  const message = error?.message ?? "";
  site.log.push(`${name} failed: ${message}`);
  const [stage] = name.replace(/^.*\//, "").split(":");
  assert(
    message.includes(`"${name}"`) || message.includes(`"${stage}"`) ||
      message.includes(site.root) || message.startsWith("Module "),
    `A sentence that names ${name}, not ${message}`,
  );
  count(site, "nodes that failed since files changed");
}

/** The user stops a run: before it begins, while it waits for its lock, or while nodes are made. */
async function stop(site: Site, dice: Dice): Promise<void> {
  await editSome(site, dice);
  const [before, manifest] = [scan(site.artifacts), manifestState(site)];
  const moment = dice.pick([undefined, MOMENTS[0], ...ALIVE, ...ALIVE]);
  const isInterruptible = dice.chance(0.5);
  const stopper = new AbortController();
  let times = moment === MOMENTS[0] ? 1 : 1 + dice.below(3);
  if (moment === undefined) stopper.abort();
  site.log.push(`stopped ${moment ?? "before it began"}, ${times}`);
  const isWaiting = moment === MOMENTS[0];
  let hasBegun = false;
  await withLock(site, isWaiting, async () => {
    const { nodes, interrupted, ran } = await runEngine({
      ...site,
      jobs: 1 + dice.below(3),
      signal: stopper.signal,
      isInterruptible,
      happen: (at) => {
        hasBegun ||= at === "before a node starts";
        if (at === moment && --times === 0) stopper.abort();
      },
    });
    if (moment === undefined || isWaiting) {
      assertEquals(ran, [], "nodes that ran after the run was stopped");
    }
    assert(stopper.signal.aborted || !interrupted, "interrupted, not stopped");
    if (interrupted) count(site, `stop ${moment ?? "before it began"}`);
    // A run that is stopped before it has made anything records nothing.
    const isRecorded = !interrupted ||
      nodes.some(({ state }) => state === "ran");
    await checkEnd(site, before, { reports: nodes, isRecorded });
    const isIdle = !hasBegun &&
      nodes.every(({ state }) => !/^(ran|cached)$/.test(state));
    if (isIdle) {
      assertEquals(manifestState(site), manifest, "manifest of an idle run");
      count(site, "runs that did nothing and left the manifest");
    }
  });
  await compare(site, dice);
}

/** The run's process is killed while that of a stage is alive; the kernel ends what it had open. */
async function kill(site: Site, dice: Dice): Promise<void> {
  await editSome(site, dice);
  const before = scan(site.artifacts);
  const moment = dice.pick(ALIVE);
  let times = 1 + dice.below(3);
  site.log.push(`killed ${moment}, ${times}`);
  const reports: NodeReport[] = [];
  const hung = Promise.withResolvers<void>();
  const killed = Promise.withResolvers<void>();
  const run = runEngine({
    ...site,
    jobs: 1,
    end: (report) => void reports.push(report),
    happen: (at) => {
      if (at !== moment || --times !== 0) return;
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
  if (times <= 0) {
    Deno.removeSync(lockPath(site));
    const work = join(site.artifacts, "work");
    for (const name of entriesIn(work)) {
      if (name.endsWith(".lock")) removeIfThere(join(work, name));
    }
    count(site, `kill ${moment}`);
  }
  await checkEnd(site, before, { reports, isRecorded: false });
  await compare(site, dice);
}

/** A run of some of the nodes, some of whose settings are given for this run alone. */
async function narrow(site: Site, dice: Dice): Promise<void> {
  await editSome(site, dice);
  const world = structuredClone(site.world);
  for (let left = dice.below(3); left > 0; left--) {
    const name = dice.pick(Object.keys(SETTINGS));
    site.log.push(`--set ${SETTINGS[name](world, dice)}`);
  }
  site.unknown.push(world);
  const { selection, scope } = randomSelection(world, dice);
  site.log.push(JSON.stringify(selection));
  const expectations = await expectationsOf(site.root, world);
  const before = scan(site.artifacts);
  const reached = new Set<string>();
  const isOutOfReach = world.nodes.filter((node, i) => {
    const inputs = Object.values(node.inputs);
    const isReached = inputs.every((input) => reached.has(input)) &&
      isCurrent(before, expectations[i]);
    if (isReached) reached.add(nameOf(node));
    return scope.has(nameOf(node)) &&
      inputs.some((input) => !scope.has(input) && !reached.has(input));
  }).length > 0;
  if (isOutOfReach) {
    const error = await assertRejects(() =>
      runEngine({ ...site, world, selection, jobs: 1 })
    );
    assert(isInputError(error), `${error}`);
    assertStringIncludes(error.message, "by itself");
    count(site, "selections that cannot run");
  } else {
    const { ran: expected, isOrdered } = forecast(
      before,
      expectations.filter(({ name }) => scope.has(name)),
    );
    const jobs = isOrdered ? 1 : 1 + dice.below(3);
    const { ran, nodes } = await runEngine({ ...site, world, selection, jobs });
    checkRan(ran, expected, expectations, jobs);
    assertEquals(nodes.map(({ name }) => name).sort(), [...scope].sort());
    await checkEnd(site, before, { reports: nodes, isRecorded: true });
    count(site, "selections that ran");
  }
  await compare(site, dice);
}

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

function lockPath({ artifacts }: Site): string {
  return join(artifacts, "lock");
}

/** Holds the lock of the artifact folder, if asked to, as another run does; `release` ends that run. */
async function withLock(
  site: Site,
  isHeld: boolean,
  use: (release: () => void) => Promise<void>,
): Promise<void> {
  if (!isHeld) return await use(() => {});
  const path = lockPath(site);
  // The other run has put right what lay there.
  if (statOf(path)?.isFile !== true) removeIfThere(path);
  const file = Deno.openSync(path, { write: true, create: true });
  // A process that another sequence starts at this moment may have the file of the last run for a while.
  for (let tries = 0; !file.tryLockSync(true); tries++) {
    if (tries === 1000) throw new Error(`${path} is held.`);
    await new Promise((done) => setTimeout(done, 1));
  }
  let isReleased = false;
  try {
    await use(() => {
      if (!isReleased) file.close();
      isReleased = true;
    });
  } finally {
    // A run that gave up would get the lock now, since its process does not end here.
    if (!isReleased) {
      Deno.removeSync(path);
      file.close();
    }
  }
}
