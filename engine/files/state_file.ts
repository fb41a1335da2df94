/** Reads and writes the engine's own files in an artifact folder, whatever else lies at their paths. */
import { join } from "@std/path";
import { ifThere, isFile, lstatIfThere, statIfThere } from "../../base/stat.ts";
import { jsonIfValid, writeAtomically } from "./atomic.ts";
import { sharedWithGroup } from "./group_folder.ts";

/** The text of a state file, or undefined if there is no readable file at its path. */
export function readState(path: string): string | undefined {
  return ifReadable(path, () => Deno.readTextFileSync(path));
}

/** Whether there is a readable file at a path; nothing of it is read. */
export function isReadable(path: string): boolean {
  return ifReadable(path, () => {
    Deno.openSync(path).close();
    return true;
  }) ?? false;
}

function ifReadable<T>(path: string, read: () => T): T | undefined {
  // A pipe or a device may never come to an end.
  if (!isFile(path)) return undefined;
  try {
    return ifThere(read);
  } catch (error) {
    // It can still be replaced.
    if (error instanceof Deno.errors.PermissionDenied) return undefined;
    throw error;
  }
}

/** The JSON value of a state file, or undefined. */
export function readStateJson(path: string): unknown {
  const text = readState(path);
  return text === undefined ? undefined : jsonIfValid(text);
}

/**
 * Writes a state file atomically. Something else than a file at its path is moved aside: inside an artifact folder the
 * path belongs to the engine.
 */
export function writeState(
  folder: string,
  name: string,
  text: string,
  options: { readonly locked?: boolean } = {},
): void {
  const path = join(folder, name);
  // Also by commands that only read, such as what they have hashed.
  sharedWithGroup(folder, () => {
    makeFolder(folder, name.split("/").slice(0, -1).join("/"));
    moveUnlessFile(path);
    moveUnlessFile(`${path}.tmp`);
    writeAtomically(path, text, options);
  });
}

/** Makes a folder in an artifact folder; something else than a folder in its way is moved aside. */
export function makeFolder(folder: string, name: string): void {
  const path = join(folder, name);
  if (isFolder(path)) return;
  Deno.mkdirSync(folder, { recursive: true });
  let below = folder;
  for (const part of name.split("/")) {
    below = join(below, part);
    moveOther(below, ({ isDirectory }) => isDirectory);
    Deno.mkdirSync(below, { recursive: true });
  }
}

/** Restores the permissions to move and remove what is in a folder, which a stage may have taken away. */
export function makeRemovable(folder: string): void {
  const info = lstatIfThere(folder);
  if (info?.isDirectory !== true) return;
  const mode = info.mode ?? OWNER;
  if ((mode & OWNER) !== OWNER) Deno.chmodSync(folder, mode | OWNER);
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) makeRemovable(join(folder, name));
  }
}

/** Read, write and enter, for the owner of a folder. */
const OWNER = 0o700;

/** Moves aside what is at the path of a file that is about to be opened, unless it is a file. */
export function moveUnlessFile(path: string): void {
  moveOther(path, ({ isFile }) => isFile);
}

/**
 * Not removed: it may be a link of the user's to a disk that is not mounted now. What is there is looked at once: another
 * process may remove it and make it again at any moment, as it does with a lock.
 */
function moveOther(
  path: string,
  isWanted: (found: Deno.FileInfo) => boolean,
): void {
  const found = lstatIfThere(path);
  if (found === undefined) return;
  const meant = found.isSymlink ? statIfThere(path) : found;
  if (meant !== undefined && isWanted(meant)) return;
  for (let i = 1;; i++) {
    const aside = `${path}.aside-${i}`;
    if (lstatIfThere(aside) !== undefined) continue;
    return Deno.renameSync(path, aside);
  }
}

/** Whether a folder is at a path, links followed. */
function isFolder(path: string): boolean {
  return statIfThere(path)?.isDirectory === true;
}
