/** Runs the engine on a project, undisturbed, and compares what it does with what it has to and with a run from scratch. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import type { Selection } from "../../../engine/graph/selection.ts";
import {
  noOpCachePath,
  readCachedOutput,
} from "../../../engine/keys/no_op_cache.ts";
import {
  type NoOpRecord,
  statSources,
} from "../../../engine/keys/no_op_record.ts";
import { openProject } from "../../../engine/keys/project.ts";
import type { NodeReport } from "../../../engine/run/node_record.ts";
import { run, type RunReport } from "../../../engine/run/runner.ts";
import { manifestPath } from "../../../engine/store/manifest.ts";
import { checkEnd, checkRan, forecast, type Manifest, scan } from "./checks.ts";
import type { Dice } from "./dice.ts";
import { statOf } from "./disk.ts";
import { expectationsOf, plain } from "./expected.ts";
import {
  executorHere,
  experimentOf,
  graphOf,
  type Happen,
  MOMENTS,
} from "./pipeline.ts";
import { count, type Site } from "./site.ts";
import { nameOf, type World } from "./world.ts";

interface RunEngineOptions {
  readonly root: string;
  readonly artifacts: string;
  readonly world: World;
  readonly jobs: number;
  readonly selection?: Selection;
  readonly force?: boolean;
  readonly happen?: Happen;
  readonly signal?: AbortSignal;
  readonly isInterruptible?: boolean;
  /** Called when a node has ended. */
  readonly end?: (report: NodeReport) => void;
}

/** `ran` has the names of the nodes whose stages ran, in the order in which they were started. */
export async function runEngine(
  options: RunEngineOptions,
): Promise<RunReport & { readonly ran: readonly string[] }> {
  const { root, artifacts, world, jobs, signal, end } = options;
  const { selection = {}, force = false, happen = () => {} } = options;
  const { isInterruptible = false } = options;
  const ran: string[] = [];
  const report = await run(graphOf(root, world, happen), {
    artifacts,
    experiment: { name: "property", value: experimentOf(root, world) },
    selection,
    force,
    paranoid: false,
    jobs,
    shareCores: true,
    executor: executorHere({
      start: (node) => void ran.push(node),
      happen,
      isInterruptible,
    }),
    project: openProject(root),
    watcher: {
      start: (node) => {
        happen("before a node starts", node);
        setTimeout(() => happen("while its data are copied", node));
      },
      progress() {},
      log() {},
      end: (report) => {
        end?.(report);
        happen("after it ended", report.name);
      },
      notice: (line) => {
        if (line.includes("waiting for it to end")) happen(MOMENTS[0], "");
      },
    },
    signal,
  });
  return { ...report, ran };
}

/** An undisturbed run: what runs is what has to, and all is as expected after it. Returns the number of nodes that ran. */
export async function compare(site: Site, dice: Dice): Promise<number> {
  const { artifacts, root, world } = site;
  const expectations = await expectationsOf(root, world);
  const before = scan(artifacts);
  const expected = forecast(before, expectations);
  const jobs = expected.isOrdered ? 1 : 1 + dice.below(3);
  const isAnswered = site.answered === askedOf(site) &&
    await isReplayed(artifacts);
  const answered = isAnswered ? manifestOf(artifacts) : undefined;
  const { ran, nodes, interrupted } = await runEngine({ ...site, jobs });
  checkRan(ran, expected.ran, expectations, jobs);
  assert(!interrupted);
  assertEquals(
    nodes.map((
      { name, state, key, error },
    ) => [name, state, key, error?.message]),
    expectations.map((
      { name, key },
    ) => [name, ran.includes(name) ? "ran" : "cached", key, undefined]),
    "states that are reported",
  );
  const text = manifestOf(artifacts);
  const manifest: Manifest = JSON.parse(text);
  const names = expectations.map(({ name }) => name).sort();
  assertEquals(Object.keys(manifest.nodes), names, "nodes recorded");
  await checkEnd(site, before, { reports: nodes, isRecorded: true });
  if (isAnswered) {
    assertEquals(ran, [], "nodes that had to run although a run is replayed");
    assertEquals(text, answered, "manifest of a run that is replayed");
    count(site, "runs that were replayed");
  }
  const cutOffs = world.nodes.filter((node) =>
    !ran.includes(nameOf(node)) &&
    Object.values(node.inputs).some((input) => ran.includes(input))
  );
  count(site, "early cut-offs", cutOffs.length);
  count(site, "runs of several jobs", jobs > 1 ? 1 : 0);
  count(site, "runs that ran nothing", ran.length === 0 ? 1 : 0);
  count(site, "nodes that ran", ran.length);
  count(site, "broken results found", expected.faults);
  site.past.push(structuredClone(world));
  if (dice.chance(0.4)) await runAgain(site, jobs);
  if (dice.chance(0.05)) await checkAgainstScratch(site, jobs);
  return ran.length;
}

/** A second run has nothing to do; a third one replays its output, if no file is too young for that. */
export async function runAgain(site: Site, jobs: number): Promise<void> {
  const { artifacts, root } = site;
  const before = manifestOf(artifacts);
  const began = Date.now();
  const { ran, noOpRecord } = await runEngine({ ...site, jobs });
  assertEquals(ran, [], "nodes that a second run ran");
  assertEquals(manifestOf(artifacts), before, "manifest of a second run");
  assert(noOpRecord !== undefined, "a second run says what it looked at");
  if (await keepOutput(artifacts, root, noOpRecord, began)) {
    site.answered = askedOf(site);
    assert(await isReplayed(artifacts), "a third run is replayed");
  }
}

/** What decides a run and lies in no file here: in a project it is in modules and the experiment's file. */
function askedOf({ root, world }: Site): string {
  return plain([experimentOf(root, world), world.runtime]);
}

export async function checkAgainstScratch(
  site: Site,
  jobs: number,
): Promise<void> {
  const asked = plain([await expectationsOf(site.root, site.world)]);
  let expected = site.scratch.get(asked);
  if (expected === undefined) {
    const artifacts = join(site.folder, "fresh");
    await runEngine({ ...site, artifacts, jobs });
    expected = manifestOf(artifacts);
    Deno.removeSync(artifacts, { recursive: true });
    site.scratch.set(asked, expected);
  }
  const what = "manifest and that of a run from scratch";
  assertEquals(manifestOf(site.artifacts), expected, what);
  count(site, "manifests that were compared with one from scratch");
}

function manifestOf(artifacts: string): string {
  return Deno.readTextFileSync(manifestPath(artifacts));
}

const ARGS = ["the property test"];
const TEXT = "nothing to do";

/** Keeps the output of a run as of a process that began then; false where a file is too young for that. */
async function keepOutput(
  artifacts: string,
  root: string,
  noOpRecord: NoOpRecord,
  began: number,
): Promise<boolean> {
  statSources(noOpRecord, root, artifacts);
  const before = statOf(noOpCachePath(artifacts))?.ino;
  Object.defineProperty(performance, "timeOrigin", {
    value: began,
    configurable: true,
  });
  // Other sequences go on while it is written, and have another origin.
  const kept = noOpRecord.remember(artifacts, { args: ARGS, text: TEXT });
  Reflect.deleteProperty(performance, "timeOrigin");
  await kept;
  return statOf(noOpCachePath(artifacts))?.ino !== before;
}

/** Whether a process that starts now would replay an output; it is the one that was kept. */
async function isReplayed(artifacts: string): Promise<boolean> {
  const text = await readCachedOutput(artifacts, ARGS);
  assertEquals(text ?? TEXT, TEXT, "the output that was kept");
  return text !== undefined;
}
