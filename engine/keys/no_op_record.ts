/** What a run looked at to find that there is nothing to do, kept for the next one. */
import { basename, dirname, resolve } from "@std/path";
import { statIfThere, writeIfPossible } from "../files/atomic.ts";
import {
  ABSENT,
  type Answer,
  ANSWER_VERSION,
  answerPath,
  answerText,
  identity,
  latestChange,
} from "./no_op_cache.ts";
import { RACY_MILLISECONDS } from "./stat_index.ts";
import { writeState } from "../store/state_file.ts";

export interface Looks {
  /** What is at a path now, undefined for nothing; asked before it is read. */
  stat(path: string): Deno.FileInfo | undefined;
  /** Keeps an answer, unless something was changed since this process started or so shortly before that none can tell. */
  remember(
    artifacts: string,
    answer: Pick<Answer, "args" | "text">,
  ): Promise<void>;
}

export function createLooks(): Looks {
  const looks = new Map<string, string>();
  let latest = 0;
  return {
    stat: (path) => {
      const info = statIfThere(path);
      looks.set(path, info === undefined ? ABSENT : identity(info));
      if (info !== undefined) latest = Math.max(latest, latestChange(info));
      return info;
    },
    remember: async (artifacts, { args, text: said }) => {
      if (latest > performance.timeOrigin - RACY_MILLISECONDS) return;
      const answer: Answer = {
        version: ANSWER_VERSION,
        deno: Deno.version.deno,
        folder: Deno.cwd(),
        args,
        looks: [...looks],
        text: said,
      };
      const text = await answerText(answer);
      const path = answerPath(artifacts);
      writeIfPossible(() =>
        writeState(dirname(path), basename(path), text, { locked: false })
      );
    },
  };
}

const SOURCE = /\.([mc]?[jt]sx?|jsonc?|lock)$/;
const APART = /^(node_modules|artifacts|\..*)$/;

/**
 * Looks at all source files of a project and their folders: any module could change the graph or the engine. What runs
 * write to, `artifacts`, is no source.
 */
export function lookAtSources(
  looks: Looks,
  root: string,
  artifacts: string,
): void {
  const written = resolve(artifacts);
  const walk = (folder: string) => {
    looks.stat(folder);
    for (const entry of Deno.readDirSync(folder)) {
      const path = `${folder}/${entry.name}`;
      if (APART.test(entry.name) || path === written) continue;
      if (entry.isDirectory) walk(path);
      else if (SOURCE.test(entry.name)) looks.stat(path);
    }
  };
  walk(root);
}
