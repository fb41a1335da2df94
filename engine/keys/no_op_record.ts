/** Records the files that a run depends on while it finds that there is nothing to do, and writes the no-op cache. */
import { basename, dirname, resolve } from "@std/path";
import { statIfThere } from "../../base/stat.ts";
import { writeIfPossible } from "../files/atomic.ts";
import { writeState } from "../files/state_file.ts";
import {
  ABSENT,
  CACHED_OUTPUT_VERSION,
  type CachedOutput,
  identity,
  latestChange,
  noOpCachePath,
  noOpCacheText,
} from "./no_op_cache.ts";
import { RACY_MILLISECONDS } from "./stat_index.ts";

export interface NoOpRecord {
  /** Stats a path and records it, undefined where nothing is there; called before the path is read. */
  stat(path: string): Deno.FileInfo | undefined;
  /** Writes the no-op cache, unless a recorded file changed since this process started or within the clock's resolution of that. */
  remember(
    artifacts: string,
    output: Pick<CachedOutput, "args" | "text">,
  ): Promise<void>;
}

export function createNoOpRecord(): NoOpRecord {
  const files = new Map<string, string>();
  let latest = 0;
  return {
    stat: (path) => {
      const info = statIfThere(path);
      files.set(path, info === undefined ? ABSENT : identity(info));
      if (info !== undefined) latest = Math.max(latest, latestChange(info));
      return info;
    },
    remember: async (artifacts, { args, text }) => {
      if (latest > performance.timeOrigin - RACY_MILLISECONDS) return;
      const content = await noOpCacheText({
        version: CACHED_OUTPUT_VERSION,
        deno: Deno.version.deno,
        folder: Deno.cwd(),
        args,
        files: [...files],
        text,
      });
      const path = noOpCachePath(artifacts);
      writeIfPossible(() =>
        writeState(dirname(path), basename(path), content, { locked: false })
      );
    },
  };
}

const SOURCE = /\.([mc]?[jt]sx?|jsonc?|lock)$/;
const NOT_SOURCE = /^(node_modules|artifacts|\..*)$/;

/** Records all source files of a project and their folders, since any module could change the graph or the engine; not those of `artifacts`, where each run writes. */
export function statSources(
  noOpRecord: NoOpRecord,
  root: string,
  artifacts: string,
): void {
  const written = resolve(artifacts);
  const walk = (folder: string) => {
    noOpRecord.stat(folder);
    for (const entry of Deno.readDirSync(folder)) {
      const path = `${folder}/${entry.name}`;
      if (NOT_SOURCE.test(entry.name) || path === written) continue;
      if (entry.isDirectory) walk(path);
      else if (SOURCE.test(entry.name)) noOpRecord.stat(path);
    }
  };
  walk(root);
}
