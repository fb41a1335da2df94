/** Files as people, tools and accidents write them. */
import { dirname, join } from "@std/path";
import type { Dice } from "./dice.ts";
import type { Content } from "./expected.ts";

/** Brings the disk from some files to others, each in some way in which people and tools write. */
export function writeFiles(
  root: string,
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
  dice: Dice,
): void {
  for (const path of Object.keys(before)) {
    if (after[path] === undefined) Deno.removeSync(join(root, path));
  }
  for (const [path, text] of Object.entries(after)) {
    if (before[path] !== text) writeSomehow(join(root, path), text, dice);
  }
}

/** Writes a file in place, in place with its time put back, anew, or by a rename with the time of what was there. */
export function writeSomehow(
  path: string,
  content: string | Uint8Array,
  dice: Dice,
): void {
  const bytes = typeof content === "string"
    ? new TextEncoder().encode(content)
    : content;
  Deno.mkdirSync(dirname(path), { recursive: true });
  const before = statOf(path);
  const putBack = (path: string) => {
    if (before?.mtime) Deno.utimeSync(path, before.mtime, before.mtime);
  };
  switch (dice.below(4)) {
    case 0:
      return Deno.writeFileSync(path, bytes);
    case 1:
      Deno.writeFileSync(path, bytes);
      return putBack(path);
    case 2:
      if (before !== undefined) Deno.removeSync(path);
      return Deno.writeFileSync(path, bytes);
    default:
      Deno.writeFileSync(`${path}~`, bytes);
      putBack(`${path}~`);
      return Deno.renameSync(`${path}~`, path);
  }
}

/** What may lie where a file or a folder should. */
export const OTHER_THINGS = [
  "a file",
  "a folder",
  "a folder with a file",
  "a FIFO",
  "a dangling link",
] as const;

export function replace(
  path: string,
  thing: typeof OTHER_THINGS[number],
): void {
  Deno.removeSync(path, { recursive: true });
  switch (thing) {
    case "a file":
      return Deno.writeTextFileSync(path, "in the way");
    case "a folder":
      return Deno.mkdirSync(path);
    case "a folder with a file":
      Deno.mkdirSync(path);
      return Deno.writeTextFileSync(join(path, "file"), "in the way");
    case "a FIFO":
      new Deno.Command("mkfifo", { args: [path] }).outputSync();
      return;
    case "a dangling link":
      return Deno.symlinkSync(join(path, "..", "nowhere"), path);
  }
}

/** What is at a path, or undefined. */
export function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    const absent = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory;
    if (absent) return undefined;
    throw error;
  }
}

/** What a file or a folder holds. */
export function read(path: string): Content {
  if (!Deno.statSync(path).isDirectory) return Deno.readTextFileSync(path);
  return Object.fromEntries(
    filesBelow(path).map((file) =>
      [file.slice(path.length + 1), Deno.readTextFileSync(file)] as const
    ),
  );
}

/** The regular files in a folder, at any depth; none where it is no folder. */
export function filesBelow(folder: string): string[] {
  if (statOf(folder)?.isDirectory !== true) return [];
  return [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1)
    .flatMap(({ name, isDirectory, isFile }) => {
      const path = join(folder, name);
      return isDirectory ? filesBelow(path) : isFile ? [path] : [];
    });
}

/** The value of a file of JSON, or undefined for what is none. */
export function jsonAt<T>(path: string): T | undefined {
  if (statOf(path)?.isFile !== true) return undefined;
  try {
    return JSON.parse(Deno.readTextFileSync(path)) ?? undefined;
  } catch {
    return undefined;
  }
}
