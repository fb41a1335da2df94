/** Lists and removes the checkpoints of unfinished nodes under work/. */
import { join } from "@std/path";
import { entriesOf, isTemporary, removeAtomically } from "../files/atomic.ts";
import { type FileOnDisk, filesUnder } from "../files/disk.ts";
import { isClaimed, isHeld } from "./lock.ts";

/** The checkpoint of a node. */
export interface Checkpoint {
  readonly key: string;
  readonly files: readonly FileOnDisk[];
  /** When one of the files was last written, in milliseconds. */
  readonly written: number;
}

export interface Checkpoints {
  readonly checkpoints: readonly Checkpoint[];
  /** Paths of leftovers, such as folders without a checkpoint. */
  readonly leftovers: readonly string[];
}

/** Names in work/: keys of nodes, and what stages objects there: commands, and runs for a key. */
const WORK = /[0-9a-f]{64}(?:-pull)?|import|pull|seed/;

/** The name in work/, before `.tmp`, under which a run stages what a remote has of a key. */
export function stagedName(key: string): string {
  return `${key}-pull`;
}

/** The lock of a key, which a killed run leaves. */
const CLAIM = /^[0-9a-f]{64}\.lock$/;

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
    } else if (
      isNode
        ? !isInUse(folder, name)
        : isTemporary(name, WORK) || CLAIM.test(name) && !isHeld(path)
    ) {
      leftovers.push(path);
    }
  }
  return { checkpoints, leftovers };
}

/** Whether a run makes a key, or a stage's process works in its folder: after its run was killed it may live a moment longer. */
export function isInUse(folder: string, key: string): boolean {
  return isClaimed(folder, key) ||
    isHeld(join(workPath(folder, key), "lock"));
}

export function removeCheckpoint(folder: string, key: string): void {
  removeAtomically(workPath(folder, key));
}

function workPath(folder: string, key: string): string {
  return join(folder, "work", key);
}
