/** What nodes that did not finish have left under work/ for their next start, listed and removed. */
import { join } from "@std/path";
import { entriesOf, isTemporary, removeWhole } from "../files/atomic.ts";
import { type FileOnDisk, filesUnder } from "../files/disk.ts";
import { isHeld } from "./lock.ts";

/** That of a node; its folder is named by the node's key. */
export interface Checkpoint {
  readonly key: string;
  readonly files: readonly FileOnDisk[];
  /** Milliseconds; when one of the files was last written. */
  readonly written: number;
}

export interface Checkpoints {
  readonly checkpoints: readonly Checkpoint[];
  /** Paths, those of folders that hold no checkpoint among them. */
  readonly leftovers: readonly string[];
}

/** What lies in work/: a folder a node, and one a command that brings objects in. */
const WORK = /[0-9a-f]{64}|import|pull|seed/;

export function listCheckpoints(folder: string): Checkpoints {
  const checkpoints: Checkpoint[] = [];
  const leftovers: string[] = [];
  for (const { name, isDirectory } of entriesOf(join(folder, "work"))) {
    const path = workPath(folder, name);
    const isNode = isDirectory && /^[0-9a-f]{64}$/.test(name);
    const files = isNode ? filesUnder(join(path, "work")) : [];
    if (files.length > 0) {
      const written = files.reduce((a, b) => Math.max(a, b.written), 0);
      checkpoints.push({ key: name, files, written });
    } else if (isNode ? !isInUse(folder, name) : isTemporary(name, WORK)) {
      leftovers.push(path);
    }
  }
  return { checkpoints, leftovers };
}

/** Whether a stage works in a node's folder: that of a killed run may live a moment longer. */
export function isInUse(folder: string, key: string): boolean {
  return isHeld(join(workPath(folder, key), "lock"));
}

export function removeCheckpoint(folder: string, key: string): void {
  removeWhole(workPath(folder, key));
}

function workPath(folder: string, key: string): string {
  return join(folder, "work", key);
}
