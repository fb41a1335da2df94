/** A project on disk with what is known of it, and edits to it between runs. */
import { join } from "@std/path";
import { type Audited, emptyKnowledge, learnData } from "../check/audit.ts";
import { type Damage, OBJECT_DAMAGES } from "../play/object_damage.ts";
import { type Dice, diceOf } from "./dice.ts";
import { type Edit, EDITS } from "./edits.ts";
import {
  STATE_DAMAGES,
  STATE_DAMAGES_BETWEEN_RUNS,
} from "../play/state_damage.ts";
import { type Content, keyOf } from "../check/made.ts";
import { emptyMemory } from "../check/oracle.ts";
import { filesOfWorld, writeSomehow, writeWorld } from "./site.ts";
import { randomWorld, type World } from "./world.ts";

/** How often what happened. */
export type Counts = Map<string, number>;

export interface Site extends Audited {
  readonly folder: string;
  world: World;
  /** What lies on the disk. */
  files: Readonly<Record<string, string>>;
  readonly past: World[];
  /** Manifests of runs from scratch, by what was asked for. */
  readonly scratch: Map<string, string>;
  /** What was asked for when an answer was kept. */
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
  const knowledge = emptyKnowledge();
  learnData(knowledge, world);
  writeWorld(root, {}, files, diceOf("files", seed));
  return {
    folder,
    root,
    artifacts: join(folder, "artifacts"),
    world,
    files,
    memory: emptyMemory(),
    records: { keys: new Map(), texts: new Map() },
    knowledge,
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

/** Longer than the engine takes a file for freshly changed, since Deno tells the time of some changes in whole seconds. */
const SETTLED_MILLISECONDS = 1100;

export async function letFilesAge(dice: Dice): Promise<void> {
  if (dice.chance(0.7)) return;
  await new Promise((done) => setTimeout(done, SETTLED_MILLISECONDS));
}

export function count({ counts }: Site, what: string, times = 1): void {
  counts.set(what, (counts.get(what) ?? 0) + times);
}

/** The kinds of edits, each as often as one of the others, and of damage. */
export interface Kinds {
  readonly edits: Readonly<Record<string, Edit>>;
  readonly damages: Readonly<Record<string, Damage>>;
}

/** PROPERTY_WITHOUT="alias|manifest" leaves out the kinds whose names have that in them. */
const WITHOUT = Deno.env.get("PROPERTY_WITHOUT");

export function isChosen(name: string): boolean {
  return WITHOUT === undefined || !new RegExp(WITHOUT).test(name);
}

function chosen<T>(kinds: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(kinds).filter(([name]) => isChosen(name)),
  );
}

export const BETWEEN_RUNS: Kinds = {
  edits: chosen(EDITS),
  damages: chosen({
    ...OBJECT_DAMAGES,
    ...STATE_DAMAGES,
    ...STATE_DAMAGES_BETWEEN_RUNS,
  }),
};

/** What a run under way reads. */
const READ =
  /^(content of|data file of|file |imported|operation|literal|alias|two alias|relative|version|integrity)/;

/** What would hit what the engine or a process has open happens between runs only. */
const OPEN =
  /^(leavings|object replaced|folder of objects replaced|listing of)/;

/** What a stage opens by itself while it runs. */
const OPENED = "file that the code opens";

/**
 * In turns: what a node that runs may read at any time, of others as they are in `read` or by itself; what a run reads,
 * and damage to objects; anything.
 */
export function duringRuns(dice: Dice, read: readonly Content[]): Kinds {
  const apart = (kinds: Readonly<Record<string, Damage>>) =>
    chosen(Object.fromEntries(
      Object.entries(kinds).filter(([name]) => !OPEN.test(name)),
    ));
  const whole = new Map(read.map((content) => [keyOf(content), content]));
  switch (dice.below(4)) {
    case 0:
      return whole.size === 0
        ? { edits: chosen({ [OPENED]: EDITS[OPENED] }), damages: {} }
        : { edits: {}, damages: apart(among(whole)) };
    case 1:
      return { edits: chosen({ [OPENED]: EDITS[OPENED] }), damages: {} };
    case 2:
      return {
        edits: Object.fromEntries(
          Object.entries(BETWEEN_RUNS.edits)
            .filter(([name]) => READ.test(name)),
        ),
        damages: apart(OBJECT_DAMAGES),
      };
    default:
      return {
        ...BETWEEN_RUNS,
        damages: apart({ ...OBJECT_DAMAGES, ...STATE_DAMAGES }),
      };
  }
}

/** The damages to one object, to one of these. */
function among(
  whole: Map<string, Content>,
): Record<string, Damage> {
  return Object.fromEntries(
    Object.entries(OBJECT_DAMAGES).filter(([name]) =>
      /^(object|file)/.test(name)
    )
      .map(([name, damage]) => [
        name,
        (folder, dice) =>
          damage({ ...folder, memory: { ...folder.memory, whole } }, dice),
      ]),
  );
}

/** Changes the draft, or damages the folder; says what was done. */
export function edit(
  site: Site,
  draft: World,
  dice: Dice,
  { edits, damages }: Kinds = BETWEEN_RUNS,
): string {
  const { artifacts: path, memory, records: { keys } } = site;
  for (let tries = 0;; tries++) {
    const kind = dice.below(10);
    if (kind === 0 || tries > 100) return touch(site, dice);
    const names = Object.keys(kind < 6 ? edits : damages);
    if (names.length === 0) continue;
    const name = dice.pick(names);
    const summary = kind < 6
      ? edits[name](draft, dice)
      : damages[name]({ path, memory, keys }, dice);
    if (summary !== undefined) return `${name}: ${summary}`;
  }
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

/** Does it, tells it and counts it. */
export function editAndTell(
  site: Site,
  draft: World,
  dice: Dice,
  kinds?: Kinds,
): void {
  const summary = edit(site, draft, dice, kinds);
  site.log.push(summary);
  count(site, `edit: ${summary.replace(/:.*/s, "")}`);
}

/** Brings the disk to another world. */
export function move(site: Site, world: World, dice: Dice): void {
  const files = filesOfWorld(world);
  writeWorld(site.root, site.files, files, dice);
  learnData(site.knowledge, world);
  site.world = world;
  site.files = files;
}
