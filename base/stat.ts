/** Looks up files and folders that may not exist. */

/** What is known of a file or folder, links followed; undefined where nothing is there. */
export function statIfThere(path: string): Deno.FileInfo | undefined {
  return ifThere(() => Deno.statSync(path));
}

/** Stats a path without following links. */
export function lstatIfThere(path: string): Deno.FileInfo | undefined {
  return ifThere(() => Deno.lstatSync(path));
}

/** Whether a path is that of a file. */
export function isFile(path: string): boolean {
  return statIfThere(path)?.isFile === true;
}

/** The result of a read, or undefined if the file is not there. */
export function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!isAbsent(error)) throw error;
    return undefined;
  }
}

/** Also for a path through a file, a cycle of links, and a name that is too long. */
function isAbsent(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound ||
    error instanceof Deno.errors.NotADirectory ||
    error instanceof Deno.errors.FilesystemLoop ||
    error instanceof Error && "code" in error && error.code === "ENAMETOOLONG";
}
