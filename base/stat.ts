/** Looks up files that may not exist. */

/** What is known of a file or folder, links followed; undefined where nothing is there. */
export function statIfThere(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Whether a path is that of a file. */
export function isFile(path: string): boolean {
  return statIfThere(path)?.isFile ?? false;
}
