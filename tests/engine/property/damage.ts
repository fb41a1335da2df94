/** What happens to an artifact folder between runs: objects, cached results, the index and the manifest are lost or spoilt. */
import { join } from "@std/path";
import type { Dice } from "./dice.ts";
import { type Content, keyOf, shaOf, sizeOf } from "./made.ts";
import type { Memory } from "./oracle.ts";
import { statOf, writeSomehow } from "./site.ts";

export interface Folder {
  readonly path: string;
  readonly memory: Memory;
  /** Keys that the engine gave, by description. */
  readonly keys: ReadonlyMap<string, string>;
}

/** Says what was done, or undefined where there was nothing to do it to. */
export type Damage = (folder: Folder, dice: Dice) => string | undefined;

export const DAMAGES: Readonly<Record<string, Damage>> = {
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
  "cached result deleted": (folder, dice) => {
    const found = pickCached(folder, dice);
    if (found === undefined) return undefined;
    folder.memory.cached.delete(found.description);
    Deno.removeSync(found.path);
    return `cached result of ${found.description} deleted`;
  },
  "cached result truncated": (folder, dice) => {
    const found = pickCached(folder, dice);
    if (found === undefined) return undefined;
    folder.memory.cached.delete(found.description);
    const text = Deno.readTextFileSync(found.path);
    const length = dice.below(text.length - 2);
    Deno.writeTextFileSync(found.path, text.slice(0, length));
    return `cached result of ${found.description} cut to ${length} bytes`;
  },
  "all cached results deleted": ({ path, memory }) => {
    if (memory.cached.size === 0) return undefined;
    Deno.removeSync(join(path, "cache"), { recursive: true });
    memory.cached.clear();
    return "all cached results deleted";
  },
  "index deleted": ({ path }) => {
    if (statOf(join(path, "index.json")) === undefined) return undefined;
    Deno.removeSync(join(path, "index.json"));
    return "index deleted";
  },
  "index spoilt": ({ path }, dice) => {
    const index = join(path, "index.json");
    if (statOf(index) === undefined) return undefined;
    const text = Deno.readTextFileSync(index);
    const spoilt = dice.pick([
      "",
      "null",
      "[]",
      "{}",
      '"index"',
      '{"version":1}',
      "\0".repeat(text.length),
      text.slice(0, dice.below(text.length - 2)),
      text.replace('"version":1', '"version":0'),
      '{"version":1,"files":5}',
      '{"version":1,"files":[null]}',
    ]);
    Deno.writeTextFileSync(index, spoilt);
    return `index replaced by ${JSON.stringify(spoilt.slice(0, 40))}`;
  },
  "manifest deleted": ({ path, memory }) => {
    if (statOf(join(path, "manifest.json")) === undefined) return undefined;
    Deno.removeSync(join(path, "manifest.json"));
    memory.recorded.clear();
    return "manifest deleted";
  },
  "leavings of a killed run": ({ path, keys }, dice) => {
    if (keys.size === 0) return undefined;
    const work = join(path, "work", dice.pick([...keys.values()]));
    Deno.mkdirSync(join(work, "outputs/extra"), { recursive: true });
    Deno.writeTextFileSync(join(work, "outputs/main.txt"), "half");
    Deno.writeTextFileSync(join(work, "outputs/stray.txt"), "stray");
    Deno.writeTextFileSync(join(path, `index.json.${dice.below(99)}.tmp`), "{");
    Deno.mkdirSync(join(path, `objects/00/00.${dice.below(99)}.tmp`), {
      recursive: true,
    });
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

function pickCached({ path, memory, keys }: Folder, dice: Dice) {
  const descriptions = [...memory.cached];
  if (descriptions.length === 0) return undefined;
  const description = dice.pick(descriptions);
  const key = keys.get(description);
  if (key === undefined) throw new Error(`${description} has no key.`);
  return { description, path: join(path, "cache", `${key}.json`) };
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
