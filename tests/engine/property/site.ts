/** A project on disk with what is known of it, and edits and damage to it. */
import { join } from "@std/path";
import { DAMAGES, DAMAGES_BETWEEN_RUNS } from "./damage.ts";
import { type Dice, diceOf } from "./dice.ts";
import { writeFiles, writeSomehow } from "./disk.ts";
import { EDITS, READ_DURING_RUNS } from "./edits.ts";
import { expectationsOf, type Made } from "./expected.ts";
import { filesOfWorld } from "./text.ts";
import { DATA_FOLDER, randomWorld, type World } from "./world.ts";

/** How often what happened. */
export type Counts = Map<string, number>;

export interface Site {
  readonly folder: string;
  readonly root: string;
  readonly artifacts: string;
  world: World;
  /** What lies on the disk. */
  files: Readonly<Record<string, string>>;
  /** The worlds of which it is not known yet what their nodes make. */
  readonly unknown: World[];
  /** What the nodes of these keys make. */
  readonly made: Map<string, Made>;
  /** The worlds of all undisturbed runs. */
  readonly past: World[];
  /** Manifests of runs from scratch, by what was asked for. */
  readonly scratch: Map<string, string>;
  /** What was asked for when an output was kept. */
  answered?: string;
  /** Runs that were killed: each hangs until it is let go. */
  readonly killed: (() => Promise<void>)[];
  readonly log: string[];
  readonly counts: Counts;
}

export function openSite(seed: number, dir: string, counts: Counts): Site {
  const folder = Deno.makeTempDirSync({ dir, prefix: `${seed}-` });
  const root = join(folder, "project");
  const world = randomWorld(diceOf("world", seed));
  const files = filesOfWorld(world);
  Deno.mkdirSync(join(root, DATA_FOLDER), { recursive: true });
  writeFiles(root, {}, files, diceOf("files", seed));
  return {
    folder,
    root,
    artifacts: join(folder, "artifacts"),
    world,
    files,
    unknown: [world],
    made: new Map(),
    past: [],
    scratch: new Map(),
    killed: [],
    log: [],
    counts,
  };
}

export async function closeSite({ folder, killed }: Site): Promise<void> {
  for (const letGo of killed) await letGo();
  Deno.removeSync(folder, { recursive: true });
}

export function count({ counts }: Site, what: string, times = 1): void {
  counts.set(what, (counts.get(what) ?? 0) + times);
}

/** Longer than the engine takes a file for freshly changed, since Deno tells the time of some changes in whole seconds. */
const SETTLED_MILLISECONDS = 1100;

export async function letFilesAge(dice: Dice): Promise<void> {
  if (dice.chance(0.7)) return;
  await new Promise((done) => setTimeout(done, SETTLED_MILLISECONDS));
}

/** Brings the disk to another world. */
export function move(site: Site, world: World, dice: Dice): void {
  const files = filesOfWorld(world);
  writeFiles(site.root, site.files, files, dice);
  site.world = world;
  site.files = files;
  site.unknown.push(world);
}

/** Works out what the nodes of all worlds make that there have been. */
export async function learn(site: Site): Promise<void> {
  for (const world of site.unknown.splice(0)) {
    for (const { key, made } of await expectationsOf(site.root, world)) {
      site.made.set(key, made);
    }
  }
}

/** One to three edits, or damages to the artifact folder. */
export async function editSome(site: Site, dice: Dice): Promise<void> {
  for (let left = dice.pick([1, 1, 1, 2, 3]); left > 0; left--) {
    change(site, dice, EDITS, { ...DAMAGES, ...DAMAGES_BETWEEN_RUNS });
  }
  await letFilesAge(dice);
}

/** An edit of what a run under way reads. */
export function editDuringRun(site: Site, dice: Dice): void {
  change(site, dice, READ_DURING_RUNS, {});
}

/** An edit, a damage, or a change of a file's times or inode and not of what it holds; says so and counts it. */
function change(
  site: Site,
  dice: Dice,
  edits: typeof EDITS,
  damages: typeof DAMAGES,
): void {
  for (let tries = 0;; tries++) {
    const draft = structuredClone(site.world);
    const kind = dice.below(10);
    const isEdit = kind < 6;
    const names = Object.keys(isEdit ? edits : damages);
    const isTouch = kind === 9 || tries > 100;
    if (names.length === 0 && !isTouch) continue;
    const name = isTouch ? "file touched" : dice.pick(names);
    const summary = isTouch
      ? touch(site, dice)
      : isEdit
      ? edits[name](draft, dice)
      : damages[name](site.artifacts, dice);
    if (summary === undefined) continue;
    if (isEdit && !isTouch) move(site, draft, dice);
    site.log.push(`${name}: ${summary}`);
    count(site, `edit: ${name}`);
    return;
  }
}

function touch({ root, files }: Site, dice: Dice): string {
  const path = dice.pick(Object.keys(files));
  if (dice.chance(0.5)) writeSomehow(join(root, path), files[path], dice);
  else Deno.utimeSync(join(root, path), new Date(), new Date());
  return path;
}
