/** What lies below a path and how much room it takes: a file of several names takes its bytes once. */
import { join } from "@std/path";
import { lstatIfThere, namesIn } from "./atomic.ts";

export interface FileOnDisk {
  /** Equal for the names of one file. */
  readonly identity: string;
  readonly bytes: number;
  /** Milliseconds. */
  readonly written: number;
  /** The same of its inode: by a write, a rename or another mode. */
  readonly changed: number;
}

/** The files at and below a path; links are not followed. */
export function filesUnder(path: string): FileOnDisk[] {
  const info = lstatIfThere(path);
  if (info === undefined) return [];
  if (info.isDirectory) {
    return namesIn(path).flatMap((name) => filesUnder(join(path, name)));
  }
  return [{
    identity: info.ino === null ? path : `${info.dev}:${info.ino}`,
    bytes: info.size,
    written: info.mtime?.getTime() ?? 0,
    changed: info.ctime?.getTime() ?? 0,
  }];
}

export interface Scales {
  bytes(): number;
  drop(files: Iterable<FileOnDisk>): void;
}

/** The bytes of files while some are dropped; a file of several names counts until the last one is. */
export function weigh(files: Iterable<FileOnDisk>): Scales {
  const names = new Map<string, number>();
  let bytes = 0;
  for (const file of files) {
    const count = names.get(file.identity) ?? 0;
    if (count === 0) bytes += file.bytes;
    names.set(file.identity, count + 1);
  }
  return {
    bytes: () => bytes,
    drop: (files) => {
      for (const file of files) {
        const left = (names.get(file.identity) ?? 0) - 1;
        names.set(file.identity, left);
        if (left === 0) bytes -= file.bytes;
      }
    },
  };
}

export function bytesOf(files: Iterable<FileOnDisk>): number {
  return weigh(files).bytes();
}
