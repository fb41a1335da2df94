/** Free space of a disk. */
import { statfsSync } from "node:fs";
import { dirname, resolve } from "@std/path";
import { statIfThere } from "./stat.ts";

/**
 * Bytes that the disk of a folder has left for this user; of the nearest one above it where it is yet to be made. A stage
 * needs the permission `sys: ["statfs"]`.
 */
export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(existing(folder));
  return bavail * bsize;
}

/** A folder, or the nearest one above it that exists. */
export function existing(folder: string): string {
  let found = resolve(folder);
  while (statIfThere(found) === undefined) found = dirname(found);
  return found;
}
