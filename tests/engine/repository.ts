/** Makes a project's folder a git repository, whose commits a test decides. */
import type { Project } from "./project.ts";

export interface Repository {
  /** Commits all that git does not ignore; gives the commit's hash. */
  commit(message: string): string;
}

export function makeRepository({ folder, write }: Project): Repository {
  const git = (...args: string[]) => {
    const { success, stdout, stderr } = new Deno.Command("git", {
      args: ["-C", folder, ...args],
      env: {
        GIT_AUTHOR_NAME: "A Test",
        GIT_AUTHOR_EMAIL: "test@example.org",
        GIT_COMMITTER_NAME: "A Test",
        GIT_COMMITTER_EMAIL: "test@example.org",
      },
    }).outputSync();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout).trim();
  };
  git("init", "--quiet");
  write(".gitignore", "node_modules\nartifacts/*\n!artifacts/manifest.json\n");
  return {
    commit: (message) => {
      git("add", "--all");
      git("commit", "--quiet", "--allow-empty", "--message", message);
      return git("rev-parse", "HEAD");
    },
  };
}
