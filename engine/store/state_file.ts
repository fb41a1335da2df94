/** Files and folders that the engine keeps in an artifact folder: read as far as they are there, written whatever is in the way. */
import { join } from "@std/path";
import {
  ifThere,
  jsonIfWhole,
  lstatIfThere,
  statIfThere,
  writeAtomically,
} from "../files/atomic.ts";

/** The text of a file of the engine's, or undefined where there is none that can be read, whatever is at its path. */
export function readState(path: string): string | undefined {
  // A pipe or a device may never come to an end.
  if (!isFile(path)) return undefined;
  try {
    return ifThere(() => Deno.readTextFileSync(path));
  } catch (error) {
    // It can still be replaced.
    if (error instanceof Deno.errors.PermissionDenied) return undefined;
    throw error;
  }
}

/** The value of such a file that holds JSON, or undefined. */
export function readStateJson(path: string): unknown {
  const text = readState(path);
  return text === undefined ? undefined : jsonIfWhole(text);
}

/**
 * Writes such a file atomically. What is at its path and is no file is moved aside: inside of an artifact folder the
 * path is the engine's.
 */
export function writeState(
  folder: string,
  name: string,
  text: string,
  options: { readonly locked?: boolean } = {},
): void {
  const path = join(folder, name);
  makeFolder(folder, name.split("/").slice(0, -1).join("/"));
  moveOther(path, isFile);
  moveOther(`${path}.tmp`, isFile);
  writeAtomically(path, text, options);
}

/** Makes a folder of the engine's in an artifact folder; what is in its way there and is no folder is moved aside. */
export function makeFolder(folder: string, name: string): void {
  const path = join(folder, name);
  if (isFolder(path)) return;
  Deno.mkdirSync(folder, { recursive: true });
  let below = folder;
  for (const part of name.split("/")) {
    below = join(below, part);
    moveOther(below, isFolder);
    Deno.mkdirSync(below, { recursive: true });
  }
}

/** Makes sure that what is in a folder can be moved and removed, whatever rights a stage has taken away. */
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

/** Makes sure that a file of the engine's can be opened to be written. */
export function moveUnlessFile(path: string): void {
  moveOther(path, isFile);
}

/** Out of the way, but not gone: it may be a link of the user's to a disk that is not there now. */
function moveOther(path: string, isWanted: (path: string) => boolean): void {
  if (lstatIfThere(path) === undefined || isWanted(path)) return;
  for (let i = 1;; i++) {
    const aside = `${path}.aside-${i}`;
    if (lstatIfThere(aside) !== undefined) continue;
    return Deno.renameSync(path, aside);
  }
}

/** Whether something is a file, which comes to an end, and no pipe, device or folder. */
export function isFile(path: string): boolean {
  return statIfThere(path)?.isFile === true;
}

function isFolder(path: string): boolean {
  return statIfThere(path)?.isDirectory === true;
}
