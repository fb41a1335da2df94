/** Files and folders that the engine keeps in an artifact folder: read as far as they are there, written whatever is in the way. */
import { join } from "@std/path";
import {
  ifThere,
  jsonIfWhole,
  lstatIfThere,
  removeWhole,
  statIfThere,
  writeAtomically,
} from "./atomic.ts";

/** The text of a file of the engine's, or undefined where there is none that can be read, whatever is at its path. */
export function readState(path: string): string | undefined {
  // A pipe or a device may never come to an end.
  if (!isFile(path)) return undefined;
  return ifThere(() => Deno.readTextFileSync(path));
}

/** The value of such a file that holds JSON, or undefined. */
export function readStateJson(path: string): unknown {
  const text = readState(path);
  return text === undefined ? undefined : jsonIfWhole(text);
}

/**
 * Writes such a file atomically. Whatever is at its path and is no file is removed: inside of an artifact folder the
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
  removeOther(path, isFile);
  removeOther(`${path}.tmp`, isFile);
  writeAtomically(path, text, options);
}

/** Makes a folder of the engine's in an artifact folder; whatever is in its way there and is no folder is removed. */
export function makeFolder(folder: string, name: string): void {
  const path = join(folder, name);
  if (isFolder(path)) return;
  Deno.mkdirSync(folder, { recursive: true });
  let below = folder;
  for (const part of name.split("/")) {
    below = join(below, part);
    removeOther(below, isFolder);
    Deno.mkdirSync(below, { recursive: true });
  }
}

/** Makes sure that a file of the engine's can be opened to be written. */
export function removeUnlessFile(path: string): void {
  removeOther(path, isFile);
}

function removeOther(path: string, isWanted: (path: string) => boolean): void {
  if (lstatIfThere(path) !== undefined && !isWanted(path)) removeWhole(path);
}

/** Whether something is a file, which comes to an end, and no pipe, device or folder. */
export function isFile(path: string): boolean {
  return statIfThere(path)?.isFile === true;
}

function isFolder(path: string): boolean {
  return statIfThere(path)?.isDirectory === true;
}
