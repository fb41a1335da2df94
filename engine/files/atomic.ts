/** Files and folders that are whole or not there, whatever dies meanwhile, and how what may not be there is read. */
import { dirname } from "@std/path";
import { inputError } from "../../base/input_error.ts";
import { irregular } from "../../base/input_file.ts";
import { writeAll } from "../../base/write_all.ts";

export { reasonOf } from "../../base/input_file.ts";

/** Writes to a temporary name in the same folder, syncs, renames; `locked` says that nobody else writes there now. */
export function writeAtomically(
  path: string,
  text: string,
  { locked = true } = {},
): void {
  Deno.mkdirSync(dirname(path), { recursive: true });
  const temporary = temporaryName(path, locked);
  try {
    {
      using file = Deno.openSync(temporary, {
        write: true,
        create: true,
        truncate: true,
      });
      writeAll(file, text);
      file.syncSync();
    }
    Deno.renameSync(temporary, path);
  } catch (error) {
    removeIfThere(temporary);
    throw error;
  }
}

/** For what is written to save time only: where nothing can be written, nothing is. */
export function writeIfPossible(write: () => void): void {
  try {
    write();
  } catch (error) {
    if (!isReadOnly(error) && !isFull(error)) throw error;
  }
}

/** Whether a write was refused: by the file's permissions or by a read-only file system. */
export function isReadOnly(error: unknown): boolean {
  return error instanceof Deno.errors.PermissionDenied ||
    error instanceof Error && error.message.includes("os error 30");
}

/** Whether the disk had no room. */
export function isFull(error: unknown): boolean {
  const text = error instanceof Error ? error.message : String(error);
  return /os error 28|ENOSPC|No space left/.test(text);
}

/** The process that writes, or a number that nothing else has. */
const WRITER = "(?:\\d+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})";

/** Whether a file or folder of this name is what a write or a removal that died has left of one that `of` describes. */
export function isTemporary(name: string, of: RegExp): boolean {
  return new RegExp(`^(?:${of.source})(?:\\.${WRITER})?\\.tmp$`).test(name);
}

/** Under the lock always the same, so that the next writer takes over what a kill left. */
function temporaryName(path: string, locked: boolean): string {
  return locked ? `${path}.tmp` : `${path}.${Deno.pid}.tmp`;
}

/** The text of a file, or undefined where there is none; what is no file is an input error. */
export function readIfThere(path: string): string | undefined {
  const found = statIfThere(path);
  if (found === undefined) return undefined;
  if (!found.isFile) {
    throw inputError(`Cannot read "${path}": ${irregular(found)}.`);
  }
  return ifThere(() => Deno.readTextFileSync(path));
}

/** The value of a JSON text, or undefined where it was cut off or is no JSON. */
export function jsonIfWhole(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The state of a file or folder, or undefined where there is none. */
export function statIfThere(path: string): Deno.FileInfo | undefined {
  return ifThere(() => Deno.statSync(path));
}

/** The same of a link itself. */
export function lstatIfThere(path: string): Deno.FileInfo | undefined {
  return ifThere(() => Deno.lstatSync(path));
}

/** What lies in a folder; nothing where there is none. */
export function entriesOf(folder: string): Deno.DirEntry[] {
  return ifThere(() => [...Deno.readDirSync(folder)]) ?? [];
}

export function namesIn(folder: string): string[] {
  return entriesOf(folder).map(({ name }) => name);
}

export function removeIfThere(path: string): void {
  ifThere(() => Deno.removeSync(path, { recursive: true }));
}

/** A folder goes out of the way in one step first, so that nobody takes what is left of it for the whole. */
export function removeWhole(path: string): void {
  const aside = temporaryName(path, true);
  removeIfThere(aside);
  if (lstatIfThere(path)?.isDirectory !== true) return removeIfThere(path);
  Deno.renameSync(path, aside);
  removeIfThere(aside);
}

/** What is read, or undefined where it is not there, or not any more. */
export function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!isAbsent(error)) throw error;
    return undefined;
  }
}

/** Nothing can be at a path that leads through a file, around in circles, or has a name that no system takes. */
function isAbsent(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound ||
    error instanceof Deno.errors.NotADirectory ||
    error instanceof Deno.errors.FilesystemLoop ||
    error instanceof Error && "code" in error && error.code === "ENAMETOOLONG";
}
