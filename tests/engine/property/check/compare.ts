/** Runs the engine on a project, and compares what it does with the oracle and with a run from scratch. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { isReplayed, keepOutput } from "./no_op_cache.ts";
import { audit, learnMade } from "./audit.ts";
import type { Dice } from "../model/dice.ts";
import { type Expectation, expectationsOf, plain } from "./made.ts";
import { forecast } from "./oracle.ts";
import { experimentOf, type Meanwhile } from "../model/pipeline.ts";
import { count, type Site } from "../model/project.ts";
import {
  checkRan,
  checkRecord,
  checkReport,
  manifestOf,
  type Run,
  runEngine,
} from "../play/run.ts";
import { statOf } from "../model/site.ts";

/** The number of nodes that ran. */
export async function compare(
  site: Site,
  dice: Dice,
  meanwhile?: Meanwhile,
): Promise<number> {
  const { artifacts, world, memory, records, knowledge } = site;
  const expectations = await expectationsOf(world);
  const unsure = memory.unsure.size > 0;
  const expected = forecast(memory, world, expectations);
  const jobs = expected.isOrdered ? 1 : 1 + dice.below(3);
  const isAnswered = meanwhile === undefined && !unsure &&
    await checkAnswer(site, expected.ran.length);
  const before = isAnswered ? manifestOf(artifacts) : undefined;
  const runs = [await runEngine({ ...site, jobs, meanwhile })];
  if (meanwhile !== undefined) runs.push(await runEngine({ ...site, jobs }));
  const last = runs[runs.length - 1];
  const ran = runs.flatMap(({ ran }) => ran);
  const known = findKnown(site, last, expected.ran);
  checkRan(
    ran,
    expected.ran.filter(({ name }) => !known.has(name)),
    expectations,
    jobs,
  );
  const text = manifestOf(artifacts);
  const nodes = checkReport(last, text, expectations);
  for (const { name, description } of expectations) {
    checkRecord(nodes[name], description, records);
    knowledge.codes.set(nodes[name].preimage.code, world);
  }
  learnMade(knowledge, expectations);
  await audit(site, new Set(Object.keys(nodes)));
  if (before !== undefined) assertEquals(text, before, "answered manifest");
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
    site.scratch.set(plain([expectations, askedOf(site)]), text);
  } else if (dice.chance(0.05)) await checkAgainstScratch(site, jobs);
  return ran.length;
}

/** Nodes whose results were made while files changed, so that the oracle does not know of them. */
function findKnown(
  { memory: { unsure } }: Site,
  { report }: Run,
  expected: readonly Expectation[],
): Set<string> {
  const names = new Set(expected.map(({ name }) => name));
  const found = report.nodes.filter(({ name, state, key }) =>
    names.has(name) && state === "cached" && unsure.has(key ?? "")
  );
  for (const { key } of found) unsure.delete(key ?? "");
  return new Set(found.map(({ name }) => name));
}

/** Runs a second time, and sometimes keeps the answer. */
export async function runAgain(site: Site, jobs: number): Promise<void> {
  const { artifacts, root } = site;
  const before = manifestOf(artifacts);
  const began = Date.now();
  const { ran, report } = await runEngine({ ...site, jobs });
  assertEquals(ran, [], "nodes that a second run ran");
  assertEquals(manifestOf(artifacts), before, "manifest of a second run");
  count(site, "second runs");
  assert(
    report.noOpRecord !== undefined,
    "a second run tells what it looked at",
  );
  if (await keepOutput(artifacts, root, report.noOpRecord, began)) {
    site.answered = askedOf(site);
    assert(await isReplayed(artifacts), "a third run is answered at once");
    count(site, "isReplayed that were kept");
  }
}

/** Whether the last answer still stands; it must not where there is something to do. */
async function checkAnswer(site: Site, expected: number): Promise<boolean> {
  const isAnswered = site.answered === askedOf(site) &&
    await isReplayed(site.artifacts);
  if (isAnswered) {
    assertEquals(
      expected,
      0,
      "nodes that have to run although a run isReplayed",
    );
    count(site, "runs that were answered at once");
  }
  return isAnswered;
}

/** What decides a run and lies in no file here: in a project it is in modules and the experiment's file. */
function askedOf({ root, world }: Pick<Site, "root" | "world">): string {
  return plain([experimentOf(root, world), world.runtime]);
}

export async function checkAgainstScratch(
  site: Site,
  jobs: number,
): Promise<void> {
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
  await runEngine({ ...site, artifacts, jobs });
  const text = manifestOf(artifacts);
  Deno.removeSync(artifacts, { recursive: true });
  count(site, "runs from scratch");
  return text;
}

/** What lies at the manifest's path, so that a change of it is seen; undefined for nothing. */
export function manifestState({ artifacts }: Site): string | undefined {
  const path = join(artifacts, "manifest.json");
  const info = statOf(path);
  if (info === undefined) return undefined;
  return info.isFile
    ? `${info.ino} ${Deno.readTextFileSync(path)}`
    : `${info.ino}, no file`;
}
