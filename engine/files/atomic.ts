/** Crash-safe writes: temporary file, fsync, rename. Reads of files that may be missing. */
import { dirname } from "@std/path";
import { inputError } from "../../base/input_error.ts";
import { irregular } from "../../base/input_file.ts";
import { ifThere, lstatIfThere, statIfThere } from "../../base/stat.ts";
import { writeAll } from "../../base/write_all.ts";

export { reasonOf } from "../../base/input_file.ts";

/** Writes a file atomically. `locked`: the caller holds the lock, so no other process writes there. */
export function writeAtomically(
  path: string,
  content: string | Uint8Array,
  { locked = true } = {},
): void {
  replace(path, locked, (temporary) => {
    using file = Deno.openSync(temporary, {
      write: true,
      create: true,
      truncate: true,
    });
    writeAll(file, content);
    file.syncSync();
  });
}

/** Copies a file atomically, whoever else writes there; the copy may be changed. */
export function copyAtomically(from: string, path: string): void {
  replace(path, false, (temporary) => {
    Deno.copyFileSync(from, temporary);
    Deno.chmodSync(temporary, 0o644);
    using file = Deno.openSync(temporary, { write: true });
    file.syncSync();
  });
}

/** Puts what is written to a temporary file in the place of a file. */
function replace(
  path: string,
  locked: boolean,
  write: (temporary: string) => void,
): void {
  Deno.mkdirSync(dirname(path), { recursive: true });
  const temporary = temporaryName(path, locked);
  try {
    write(temporary);
    Deno.renameSync(temporary, path);
  } catch (error) {
    removeIfThere(temporary);
    throw error;
  }
}

/** Writes a cache: a full or read-only disk is not an error. */
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

/** A process id or a UUID. */
const WRITER = "(?:\\d+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})";

/** Whether a name is that of a temporary file or folder, left by an interrupted write or removal, of a name that matches `of`. */
export function isTemporary(name: string, of: RegExp): boolean {
  return new RegExp(`^(?:${of.source})(?:\\.${WRITER})?\\.tmp$`).test(name);
}

/** Under the lock always the same name, so that the next write replaces what an interrupted one left. */
function temporaryName(path: string, locked: boolean): string {
  return locked ? `${path}.tmp` : `${path}.${crypto.randomUUID()}.tmp`;
}

/**
 * The text of a file, or undefined if there is none.
 *
 * @throws an input error if something else than a file is there
 */
export function readIfThere(path: string): string | undefined {
  const found = statIfThere(path);
  if (found === undefined) return undefined;
  if (!found.isFile) {
    throw inputError(`Cannot read "${path}": ${irregular(found)}.`);
  }
  return ifThere(() => Deno.readTextFileSync(path));
}

/** The value of a JSON text, or undefined if it is not valid JSON. */
export function jsonIfValid(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The entries of a folder; none if there is no folder. */
export function entriesOf(folder: string): Deno.DirEntry[] {
  return ifThere(() => [...Deno.readDirSync(folder)]) ?? [];
}

export function namesIn(folder: string): string[] {
  return entriesOf(folder).map(({ name }) => name);
}

export function removeIfThere(path: string): void {
  ifThere(() => Deno.removeSync(path, { recursive: true }));
}

/** Removes a file or folder; a folder is renamed first, so that a half-removed one is never found under its name. */
export function removeAtomically(path: string): void {
  const aside = temporaryName(path, true);
  removeIfThere(aside);
  if (lstatIfThere(path)?.isDirectory !== true) return removeIfThere(path);
  Deno.renameSync(path, aside);
  removeIfThere(aside);
}
