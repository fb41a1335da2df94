/** Reads the revisions of a project from git; undefined if git, the repository or what was asked for is missing. */

export interface Revision {
  readonly commit: string;
  /** When it was committed. */
  readonly time: string;
}

/** The bytes that git prints. */
export function gitBytes(
  root: string,
  ...args: string[]
): Uint8Array | undefined {
  try {
    const { success, stdout } = new Deno.Command("git", {
      args: ["--literal-pathspecs", "-C", root, ...args],
      stderr: "null",
    }).outputSync();
    return success ? stdout : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

export function git(root: string, ...args: string[]): string | undefined {
  const bytes = gitBytes(root, ...args);
  return bytes && new TextDecoder().decode(bytes);
}

/** The hash of the commit that a user means. */
export function commitOf(root: string, revision: string): string | undefined {
  const options = ["--verify", "--quiet", "--end-of-options"];
  return git(root, "rev-parse", ...options, `${revision}^{commit}`)?.trim();
}

/** The revisions in which one of some paths was changed, the newest first. */
export function revisionsOf(
  root: string,
  paths: readonly string[],
): Revision[] {
  const log = git(root, "log", "--all", "--format=%H %cI", "--", ...paths);
  return (log ?? "").split("\n").filter((line) => line !== "").map((line) => {
    const [commit, time] = line.split(" ");
    return { commit, time };
  });
}
