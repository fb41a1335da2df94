/** Runs that are killed at random moments: a plain rerun gives the manifest of an undisturbed run, and repeats nothing. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { verify } from "../../engine/verify.ts";
import { openWorkspace } from "../../engine/workspace.ts";
import { random } from "../../schemas/random.ts";
import {
  exists,
  inState,
  makeProject,
  type NodeJson,
  type Project,
} from "./project.ts";
import {
  delay,
  leftovers,
  stageProcesses,
  tryKill,
  until,
} from "./processes.ts";

/** KILLS_SEED=7 kills at other moments. */
const SEED = Number(Deno.env.get("KILLS_SEED") ?? 1);
const TEXT = "one two\nthree\n";
const ONE_BRANCH = ["--set", 'counts={"slow":{"milliseconds":5}}'];
const TWO_BRANCHES = [
  "--set",
  'counts={"slow":{"milliseconds":50},"other":{"milliseconds":50,"longest":3}}',
];

interface Kill {
  readonly victim: "runner" | "stage";
  /** Milliseconds after the start of the run. */
  readonly moment: number;
}

/** Kills so many runs or their stages; three in four of the kills have to hit. Gives after how many nodes they came. */
export async function killRuns(trials: number): Promise<Set<number>> {
  let hits = 0;
  const finished = new Set<number>();
  await inTwoLanes(trials, ONE_BRANCH, async (lane, trial) => {
    const next = random("kills", SEED, trial);
    const victim = trial % 2 === 0 ? "runner" : "stage";
    const kills = Math.floor(trial / 2) % 10 === 0 ? 3 : 1;
    const args = ["--artifacts", lane.project.path(`trial-${trial}`)];
    let told = `seed ${SEED}, trial ${trial}`;
    let isHit = false;
    try {
      for (let i = 0; i < kills; i++) {
        const kill: Kill = { victim, moment: next() * lane.milliseconds };
        told += `, ${kill.victim} killed after ${kill.moment.toFixed(1)} ms`;
        isHit = await runAndKill(lane.project, args, kill) || isHit;
      }
      if (isHit) hits++;
      finished.add(cachedKeys(args[1]).length);
      await assertMends(lane, args, ONE_BRANCH);
    } catch (error) {
      throw new Error(told, { cause: error });
    }
  });
  assert(
    hits >= 0.75 * trials,
    `Only ${hits} of ${trials} trials killed something.`,
  );
  return finished;
}

/** The same while two stages run at once. */
export async function killPairs(trials: number): Promise<void> {
  const args = [...TWO_BRANCHES, "--jobs", "2"];
  let pairs = 0;
  await inTwoLanes(trials, TWO_BRANCHES, async (lane, trial) => {
    const { project } = lane;
    const next = random("kills of two", SEED, trial);
    const victim = trial % 2 === 0 ? "runner" : "stage";
    const moment = next() * 100;
    const artifacts = ["--artifacts", project.path(`trial-${trial}`)];
    const told = `seed ${SEED}, trial ${trial} of two stages at once, ` +
      `${victim} killed ${moment.toFixed(1)} ms after both had started`;
    try {
      const run = project.start(...artifacts, ...args);
      let isOver = false;
      const ended = run.output().finally(() => isOver = true);
      await until(() =>
        isOver || stageProcesses(project, "count.ts").length === 2 || undefined
      );
      await delay(moment);
      const stages = stageProcesses(project);
      if (stages.length === 2) pairs++;
      const target = victim === "runner"
        ? run.pid
        : stages[Math.floor(next() * stages.length)];
      if (target !== undefined) tryKill(target);
      await ended;
      await assertMends(lane, artifacts, args);
    } catch (error) {
      throw new Error(told, { cause: error });
    }
  });
  assert(
    pairs >= 0.75 * trials,
    `${pairs} of ${trials} kills came while two stages ran.`,
  );
}

interface Lane {
  readonly project: Project;
  /** What an undisturbed run takes while the other lane runs too. */
  readonly milliseconds: number;
  readonly manifest: string;
}

/** Two projects at once share the trials; one that fails is the last. */
async function inTwoLanes(
  trials: number,
  settings: readonly string[],
  run: (lane: Lane, trial: number) => Promise<void>,
): Promise<void> {
  const left = Array.from({ length: trials }, (_, trial) => trial);
  const lane = async () => {
    using project = makeProject(TEXT);
    await project.run("status");
    let undisturbed: Omit<Lane, "project"> | undefined;
    for (let i = 0; left.length > 0; i++) {
      // Measured anew now and then: what else the machine does changes.
      if (undisturbed === undefined || i % 10 === 0) {
        const now = await runUndisturbed(project, settings);
        assertEquals(now.manifest, undisturbed?.manifest ?? now.manifest);
        undisturbed = now;
      }
      const trial = left.shift();
      if (trial !== undefined) await run({ project, ...undisturbed }, trial);
    }
  };
  const stop = (error: unknown) => {
    left.length = 0;
    throw error;
  };
  const ended = await Promise.allSettled([
    lane().catch(stop),
    lane().catch(stop),
  ]);
  for (const lane of ended) if (lane.status === "rejected") throw lane.reason;
}

async function runUndisturbed(
  project: Project,
  settings: readonly string[],
): Promise<Omit<Lane, "project">> {
  const { code, err, milliseconds } = await project.run(...settings);
  assertEquals([code, err], [0, ""]);
  const manifest = project.read("artifacts/manifest.json");
  Deno.removeSync(project.path("artifacts"), { recursive: true });
  return { milliseconds, manifest };
}

/** Whether the kill hit a living process. */
async function runAndKill(
  project: Project,
  args: readonly string[],
  { victim, moment }: Kill,
): Promise<boolean> {
  const run = project.start(...args, ...ONE_BRANCH);
  let isOver = false;
  const ended = run.output().finally(() => isOver = true);
  await delay(moment);
  if (victim === "runner") {
    tryKill(run.pid);
    return (await ended).signal === "SIGKILL";
  }
  const stage = await until(() =>
    stageProcesses(project)[0] ?? (isOver ? 0 : undefined)
  );
  if (stage > 0) tryKill(stage);
  const { code, stderr } = await ended;
  assert(code === 0 || code === 1, `exit code ${code}`);
  const sentences = new TextDecoder().decode(stderr).trim().split("\n");
  assertEquals(sentences.length, 1, sentences.join("\n"));
  return stage > 0;
}

/** One plain rerun reaches the undisturbed end, from what was finished; the next has nothing to do. */
async function assertMends(
  { project, manifest }: Lane,
  artifacts: readonly string[],
  settings: readonly string[],
): Promise<void> {
  const [, folder] = artifacts;
  const kept = cachedKeys(folder);
  const rerun = await project.run(...artifacts, ...settings, "--json");
  assertEquals(rerun.code, 0, rerun.err);
  const { nodes } = JSON.parse(rerun.out);
  assertEquals(
    inState(nodes, "cached"),
    nodes.filter(({ key }: NodeJson) => kept.includes(key ?? ""))
      .map(({ name }: NodeJson) => name),
  );
  assertEquals(Deno.readTextFileSync(`${folder}/manifest.json`), manifest);
  assertEquals(leftovers(`${folder}/objects`), []);
  for (const object of await verify(openWorkspace(folder))) {
    assertEquals(object.condition, "whole", `${object.node}: ${object.output}`);
  }
  const again = await project.run(...artifacts, ...settings);
  assertStringIncludes(again.out, `Nothing to do: ${nodes.length} cached.`);
  Deno.removeSync(folder, { recursive: true });
}

/** Keys of the results that a run has recorded. */
function cachedKeys(folder: string): string[] {
  const cache = `${folder}/cache`;
  if (!exists(cache)) return [];
  return [...Deno.readDirSync(cache)]
    .filter(({ name }) => name.endsWith(".json"))
    .map(({ name }) => name.replace(".json", ""));
}
