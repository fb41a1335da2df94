/** Damages the objects of an artifact folder: they are lost or changed. */
import { dirname, join } from "@std/path";
import type { Dice } from "../model/dice.ts";
import { type Content, keyOf, shaOf, sizeOf } from "../check/made.ts";
import type { Memory } from "../check/oracle.ts";
import { OTHER_THINGS, replace, writeSomehow } from "../model/site.ts";

export interface Folder {
  readonly path: string;
  readonly memory: Memory;
  /** Keys that the engine gave, by description. */
  readonly keys: ReadonlyMap<string, string>;
}

/** Says what was done, or undefined where there was nothing to do it to. */
export type Damage = (folder: Folder, dice: Dice) => string | undefined;

export const OBJECT_DAMAGES: Readonly<Record<string, Damage>> = {
  "object deleted": onObject((path) => {
    Deno.removeSync(path, { recursive: true });
    return true;
  }),
  "object truncated": onObjectFile((path, bytes, dice) => {
    if (bytes.length === 0) return false;
    writeObject(path, bytes.slice(0, dice.below(bytes.length)), dice);
    return true;
  }),
  "object lengthened": onObjectFile((path, bytes, dice) => {
    writeObject(path, new Uint8Array([...bytes, 10]), dice);
    return true;
  }),
  "object flipped": onObjectFile((path, bytes, dice) => {
    if (bytes.length === 0) return false;
    const flipped = bytes.slice();
    flipped[dice.below(bytes.length)] ^= 1 << dice.below(8);
    writeObject(path, flipped, dice);
    return true;
  }),
  "file of a folder object deleted": onFolderObject((path, content, dice) => {
    const names = Object.keys(content.files);
    if (names.length === 0) return false;
    Deno.removeSync(join(path, dice.pick(names)));
    return true;
  }),
  "listing of a folder object spoilt": onFolderObject((path, _, dice) => {
    const listing = `${path}.json`;
    if (dice.chance(0.5)) Deno.removeSync(listing);
    else Deno.writeTextFileSync(listing, dice.pick(["", "[]x", "[", "null"]));
    return true;
  }),
  "file and folder swapped": onObject((path, content) => {
    Deno.removeSync(path, { recursive: true });
    if (content.kind === "file") Deno.mkdirSync(path);
    else Deno.writeTextFileSync(path, "");
    return true;
  }),
  "stray file in a folder object": onFolderObject((path, _, dice) => {
    Deno.writeTextFileSync(join(path, `stray${dice.below(9)}.txt`), "");
    return true;
  }),
  "all objects deleted": ({ path, memory }) => {
    if (memory.whole.size === 0) return undefined;
    Deno.removeSync(join(path, "objects"), { recursive: true });
    for (const [key, content] of memory.whole) memory.broken.set(key, content);
    memory.whole.clear();
    return "all objects deleted";
  },
  "object touched": (folder, dice) => {
    const found = pickFile(folder, dice);
    if (found === undefined) return undefined;
    const bytes = Deno.readFileSync(found.path);
    if (dice.chance(0.5)) Deno.utimeSync(found.path, new Date(), new Date());
    else writeObject(found.path, bytes, dice);
    return `object ${found.path} touched`;
  },
  "object replaced by something else": onObject((path, content, dice) => {
    const what = content.kind === "file" ? path : `${path}.json`;
    replace(what, dice.pick(OTHER_THINGS));
    return true;
  }),
  "folder of objects replaced by something else": ({ path, memory }, dice) => {
    if (memory.whole.size === 0) return undefined;
    const contents = [...memory.whole];
    const [, chosen] = dice.pick(contents);
    const folder = dice.chance(0.3)
      ? join(path, "objects")
      : dirname(objectPath(path, chosen));
    for (const [key, content] of contents) {
      if (!objectPath(path, content).startsWith(folder)) continue;
      memory.whole.delete(key);
      memory.broken.set(key, content);
    }
    const thing = dice.pick(["a file", "a FIFO", "a dangling link"] as const);
    replace(folder, thing);
    return `${folder} replaced by ${thing}`;
  },
  "leavings of a killed run": ({ path, keys }, dice) => {
    if (keys.size === 0) return undefined;
    const work = join(path, "work", dice.pick([...keys.values()]));
    try {
      Deno.mkdirSync(join(work, "outputs/extra"), { recursive: true });
      Deno.mkdirSync(join(path, `objects/00/00.${dice.below(99)}.tmp`), {
        recursive: true,
      });
    } catch {
      // Another damage has put something in the way.
      return undefined;
    }
    Deno.writeTextFileSync(join(work, "outputs/main.txt"), "half");
    Deno.writeTextFileSync(join(work, "outputs/stray.txt"), "stray");
    Deno.writeTextFileSync(join(path, `index.json.${dice.below(99)}.tmp`), "{");
    return "leavings of a killed run";
  },
};

/** Where an object lies. */
export function objectPath(folder: string, content: Content): string {
  const sha = shaOf(content);
  const suffix = content.kind === "folder" ? ".files" : "";
  return join(folder, "objects", sha.slice(0, 2), sha.slice(2) + suffix);
}

function onObject(
  spoil: (path: string, content: Content, dice: Dice) => boolean,
): Damage {
  return ({ path: folder, memory }, dice) => {
    const contents = [...memory.whole.values()];
    if (contents.length === 0) return undefined;
    const content = dice.pick(contents);
    const path = objectPath(folder, content);
    if (!spoil(path, content, dice)) return undefined;
    memory.whole.delete(keyOf(content));
    memory.broken.set(keyOf(content), content);
    return `${path} of ${keyOf(content)}`;
  };
}

function onFolderObject(
  spoil: (
    path: string,
    content: Extract<Content, { kind: "folder" }>,
    dice: Dice,
  ) => boolean,
): Damage {
  return onObject((path, content, dice) =>
    content.kind === "folder" && spoil(path, content, dice)
  );
}

/** On the bytes of a file object or of a file in a folder object. */
function onObjectFile(
  spoil: (path: string, bytes: Uint8Array, dice: Dice) => boolean,
): Damage {
  return onObject((path, content, dice) => {
    const file = fileIn(path, content, dice);
    return file !== undefined && spoil(file, Deno.readFileSync(file), dice);
  });
}

function fileIn(
  path: string,
  content: Content,
  dice: Dice,
): string | undefined {
  if (content.kind === "file") return path;
  const names = Object.keys(content.files);
  return names.length === 0 ? undefined : join(path, dice.pick(names));
}

function pickFile({ path, memory }: Folder, dice: Dice) {
  const contents = [...memory.whole.values()].filter((content) =>
    content.kind === "file" || sizeOf(content) > 0
  );
  if (contents.length === 0) return undefined;
  const content = dice.pick(contents);
  const file = fileIn(objectPath(path, content), content, dice);
  return file === undefined ? undefined : { path: file };
}

/**
 * Writes over a read-only object. Objects are taken to be settled once they are stored, so that a write within the clock's
 * grain after that goes unseen: it is repeated until the clock shows it.
 */
function writeObject(path: string, bytes: Uint8Array, dice: Dice): void {
  const look = () => {
    const { size, mtime, ctime, ino } = Deno.statSync(path);
    return [size, mtime?.getTime(), ctime?.getTime(), ino].join();
  };
  const before = look();
  do {
    Deno.chmodSync(path, 0o644);
    writeSomehow(path, bytes, dice, false);
    if (dice.chance(0.5)) Deno.chmodSync(path, 0o444);
  } while (look() === before);
}
