/** Opens and reads files that a user names. Only regular files, as a pipe or a device may never end. */

/** Makes the error of a file that cannot be used, from a reason such as "there is no such file". */
export type Refuse = (reason: string) => Error;

/** Larger texts are not a manifest, experiment or list of keys. */
const MOST_TEXT_BYTES = 64 << 20;

/** Opens a regular file to read it. */
export function openInput(path: string, refuse: Refuse): Deno.FsFile {
  checkInput(path, refuse);
  try {
    return Deno.openSync(path);
  } catch (error) {
    throw refuse(reasonOf(error));
  }
}

/** Fails unless a path is that of a regular file. Asked before it is opened: opening a pipe waits for its writer. */
export function checkInput(path: string, refuse: Refuse): void {
  const found = stat(path, refuse);
  if (!found.isFile) throw refuse(irregular(found));
}

/** The text of a regular file; `most` bytes at most. */
export function inputText(
  path: string,
  refuse: Refuse,
  most = MOST_TEXT_BYTES,
): string {
  checkInput(path, refuse);
  const { size } = stat(path, refuse);
  if (size > most) {
    throw refuse(`it has ${size} bytes, expected at most ${most}`);
  }
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw refuse(reasonOf(error));
  }
}

/** Fails unless a folder is at a path, or nothing is there and a folder could be made. */
export function checkFolder(path: string, refuse: Refuse): void {
  if (isFree(path, refuse)) return;
  if (!stat(path, refuse).isDirectory) {
    throw refuse("expected a folder, found something else");
  }
}

/** Whether nothing is at a path; fails where nothing can be made there, as its name is too long or a file is on the way. */
export function isFree(path: string, refuse: Refuse): boolean {
  try {
    Deno.lstatSync(path);
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw refuse(reasonOf(error));
  }
}

/** Why something cannot be used as a regular file. */
export function irregular(found: Deno.FileInfo): string {
  const kind = found.isDirectory
    ? "folder"
    : found.isFifo
    ? "pipe"
    : found.isSocket
    ? "socket"
    : "device";
  return `expected a file, found a ${kind}`;
}

/** What the system says of a file that it refuses. */
export function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.NotADirectory) {
    return "a part of its path is a file";
  }
  if (error instanceof Deno.errors.IsADirectory) {
    return "expected a file, found a folder";
  }
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  const message = error instanceof Error ? error.message : String(error);
  const [, reason] = /^(.*) \(os error \d+\)/s.exec(message) ?? [];
  return reason === undefined
    ? message
    : reason.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
}

function stat(path: string, refuse: Refuse): Deno.FileInfo {
  try {
    return Deno.statSync(path);
  } catch (error) {
    throw refuse(isLink(path) ? "it is a link to nothing" : reasonOf(error));
  }
}

function isLink(path: string): boolean {
  try {
    return Deno.lstatSync(path).isSymlink;
  } catch {
    return false;
  }
}
