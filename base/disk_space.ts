/** Free space of a disk. */
import { statfsSync } from "node:fs";

/** Bytes that the disk of a folder has left for this user. A stage needs the permission `sys: ["statfs"]`. */
export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
