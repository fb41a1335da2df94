/** Kills of jobs, of Slurm's daemons and of the submitting process: each ends with one plain rerun. */
import { assert, assertEquals } from "@std/assert";
import { verify } from "../../../engine/store/verify.ts";
import { openWorkspace } from "../../../engine/store/workspace.ts";
import { random } from "../../../nmt/random.ts";
import { trials } from "../../fixtures/trials.ts";
import { jobOutputs, runEvents, settled } from "../fixtures/run_to_end.ts";
import {
  delay,
  stageProcesses,
  tryKill,
  until,
} from "../fixtures/processes.ts";
import {
  exists,
  inState,
  makeProject,
  nodesOf,
  type Project,
} from "../fixtures/project.ts";
import { type Cluster, testsOnSlurm } from "../fixtures/slurm.ts";

const TRIALS = trials(8);
/** SLURM_KILLS_SEED=7 kills at other moments. */
const SEED = Number(Deno.env.get("SLURM_KILLS_SEED") ?? 1);
const MACHINE_TRIALS = trials(1);
const VICTIMS = ["job", "stage", "controller", "submitter"] as const;

const SETTINGS = [
  "--set",
  'counts={"slow":{"milliseconds":100},"other":{"longest":3}}',
];
const SUBMIT = [...SETTINGS, "--executor", "slurm"];

const testOnSlurm = await testsOnSlurm();

function test(
  title: string,
  fn: (cluster: Cluster, project: Project) => Promise<void>,
): void {
  testOnSlurm(title, async (cluster) => {
    using project = makeProject("one two\nthree\nfour\nfive six\n");
    await fn(cluster, project);
  });
}

/** The manifest of an undisturbed run. */
async function undisturbed(project: Project): Promise<string> {
  await nodesOf(project, ...SETTINGS);
  const manifest = project.read("artifacts/manifest.json");
  Deno.removeSync(project.path("artifacts"), { recursive: true });
  return manifest;
}

/**
 * Resolves when no job is left, or when nothing has run for two seconds: what waits in the queue then waits for ever, or for
 * the rerun.
 */
async function calm(cluster: Cluster, project: Project): Promise<void> {
  let still = 0;
  await until(async () => {
    const states = await cluster.ask(
      "squeue",
      ...["--noheader", "--states=PENDING,RUNNING,COMPLETING", "--format=%T"],
    );
    const hasProcess = jobProcesses(project).length > 0;
    if (states === "" && !hasProcess) return true;
    // A controller that has just begun does not know yet what its machines do.
    const isUnknown = /unknown/.test(
      await cluster.ask("sinfo", "--noheader", "--format=%T"),
    );
    still = isUnknown || hasProcess || /RUNNING|COMPLETING/.test(states)
      ? 0
      : still + 1;
    return still === 10 || undefined;
  }, { pause: 200, seen: () => cluster.ask("squeue") });
}

/**
 * One plain rerun reaches the undisturbed end, a second one where a launch failed, which returns true; what was stored is not
 * made again.
 */
async function assertMends(
  cluster: Cluster,
  project: Project,
  manifest: string,
): Promise<boolean> {
  await calm(cluster, project);
  // A controller that was killed may have forgotten jobs, and puts machines that still run one out of service.
  await cluster.resume();
  const rerun = async () => {
    const { code, err } = await project.run(...SUBMIT);
    assertEquals(code, 0, err);
    return await settled(project, ...SETTINGS);
  };
  let nodes = await rerun();
  // A controller that is started anew may launch on a machine a job that is still there; that fails, and is one more accident.
  const isLaunchFailed = nodes.some(({ reason }) =>
    reason.includes("launch failed")
  );
  if (isLaunchFailed) nodes = await rerun();
  assertEquals(inState(nodes, "cached").length, 5, JSON.stringify(nodes));
  assertEquals(
    project.read("artifacts/manifest.json"),
    manifest,
    jobOutputs(project),
  );
  const made = runEvents(project)
    .filter(({ event, state }) => event === "node" && state === "ran");
  assertEquals(made.length, new Set(made.map(({ key }) => key)).size);
  const objects = await verify(openWorkspace(project.path("artifacts")));
  assert(objects.length >= 5);
  assertEquals(objects.filter(({ condition }) => condition !== "whole"), []);
  Deno.removeSync(project.path("artifacts"), { recursive: true });
  return isLaunchFailed;
}

/** The processes of the project's jobs. */
function jobProcesses(project: Project): number[] {
  return [...Deno.readDirSync("/proc")].flatMap(({ name }) => {
    const path = `/proc/${name}/cmdline`;
    if (!/^\d+$/.test(name) || !exists(path)) return [];
    try {
      const command = Deno.readTextFileSync(path);
      return command.includes(`${project.folder}/cli/jobs/job.ts`)
        ? [Number(name)]
        : [];
    } catch {
      // It has ended.
      return [];
    }
  });
}

test(
  `${TRIALS} kills of jobs, stages, the controller and the submitting process each end with one plain rerun, or two where a launch failed`,
  async (cluster, project) => {
    const manifest = await undisturbed(project);
    let [hits, failedLaunches] = [0, 0];
    for (let trial = 0; trial < TRIALS; trial++) {
      const next = random("slurm kills", SEED, trial);
      const victim = VICTIMS[trial % VICTIMS.length];
      const moment = next() * (victim === "submitter" ? 1500 : 3000);
      const summary = `seed ${SEED}, trial ${trial}: ${victim} killed after ` +
        `${moment.toFixed(0)} ms`;
      try {
        const submitting = project.start(...SUBMIT);
        let isOver = false;
        const submitted = submitting.output().finally(() => isOver = true);
        if (victim !== "submitter") await submitted;
        await delay(moment);
        if (victim === "submitter") {
          if (!isOver) hits++;
          tryKill(submitting.pid);
          await submitted;
        } else if (victim === "controller") {
          hits++;
          await cluster.killController();
          await delay(1000 * next());
          await cluster.startController();
        } else {
          const find = victim === "job" ? jobProcesses : stageProcesses;
          let found = find(project);
          // Between two jobs there is nothing to kill.
          for (let tries = 0; found.length === 0 && tries < 30; tries++) {
            await delay(100);
            found = find(project);
          }
          const target = found[Math.floor(next() * found.length)];
          if (target !== undefined) hits++;
          if (target !== undefined) tryKill(target);
        }
        if (await assertMends(cluster, project, manifest)) failedLaunches++;
      } catch (error) {
        throw new Error(summary, { cause: error });
      }
    }
    console.log(`${hits} of ${TRIALS} kills hit something`);
    assert(hits >= TRIALS / 2, `${hits} of ${TRIALS} kills hit something.`);
    assert(failedLaunches <= TRIALS / 4, `${failedLaunches} launches failed.`);
  },
);

test(
  `a machine that dies with its job, ${MACHINE_TRIALS} times: the job runs elsewhere or again, and nothing is lost`,
  async (cluster, project) => {
    const manifest = await undisturbed(project);
    for (let trial = 0; trial < MACHINE_TRIALS; trial++) {
      const { code, err } = await project.run(...SUBMIT);
      assertEquals(code, 0, err);
      await until(() =>
        jobOutputs(project).includes("Job begins") || undefined
      );
      const busy = await cluster.ask(
        "squeue",
        ...["--noheader", "--states=RUNNING", "--format=%N"],
      );
      const machine = busy.split("\n")[0];
      await cluster.killMachine(machine);
      jobProcesses(project).forEach(tryKill);
      await delay(6000);
      cluster.startMachine(machine);
      await assertMends(cluster, project, manifest);
    }
  },
);
