/** Disk usage of files and folders; hard links of one file count once. */
import { join } from "@std/path";
import { lstatIfThere } from "../../base/stat.ts";
import { namesIn } from "./atomic.ts";

export interface FileOnDisk {
  /** Equal for hard links of one file. */
  readonly identity: string;
  readonly bytes: number;
  /** When it was last written, in milliseconds. */
  readonly written: number;
  /** When its inode changed, in milliseconds: by a write, a rename or another mode. */
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

export interface DiskUsage {
  bytes(): number;
  drop(files: Iterable<FileOnDisk>): void;
}

/** The bytes of files, minus those that are dropped; a file counts until its last hard link is dropped. */
export function diskUsage(files: Iterable<FileOnDisk>): DiskUsage {
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
  return diskUsage(files).bytes();
}
