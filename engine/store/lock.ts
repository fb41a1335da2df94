/** Kernel locks of an artifact folder, each released when its holder dies: of the folder, of a turn, of a key, of a commit. */
import { join } from "@std/path";
import { ifThere, isFile, statIfThere } from "../../base/stat.ts";
import { inputError } from "../../base/input_error.ts";
import { checkArtifactFolder } from "./artifact_folder.ts";
import { reasonOf, removeIfThere } from "../files/atomic.ts";
import { explainFullDisk } from "../files/failure.ts";
import { shareWithGroup } from "../files/group_folder.ts";
import { makeFolder, moveUnlessFile } from "../files/state_file.ts";

/**
 * Locks an artifact folder until the file is closed; makes the folder if needed, and waits for another command. Runs and jobs
 * share the folder; a command that removes or imports objects has it for itself.
 *
 * @param onWait called with a sentence if another command holds the lock
 */
export async function lockFolder(
  folder: string,
  onWait: (line: string) => void,
  { shared = false } = {},
): Promise<Deno.FsFile> {
  checkArtifactFolder(folder);
  shareWithGroup(folder);
  try {
    Deno.mkdirSync(folder, { recursive: true });
    moveUnlessFile(lockPath(folder));
    const file = Deno.openSync(lockPath(folder), {
      read: true,
      write: true,
      create: true,
    });
    if (!file.tryLockSync(!shared)) {
      onWait(busy(folder));
      await file.lock(!shared);
    }
    return file;
  } catch (error) {
    const explained = explainFullDisk(error, folder);
    if (explained !== error) throw explained;
    throw inputError(
      `Cannot write to the artifact folder "${folder}": ${
        reasonOf(error)
      }; name another one with --artifacts.`,
    );
  }
}

export function busy(folder: string): string {
  return `Another command is using "${folder}"; waiting for it to end.`;
}

/**
 * One local run at a time, since two trainings on the same cores take twice as long as one, and one submission.
 * Undefined if it was interrupted while it waited.
 */
export function lockTurn(
  folder: string,
  of: "run" | "submit",
  waiting: Waiting,
): Promise<Disposable | undefined> {
  return waitFor(folder, `work/${of}.lock`, waiting);
}

/** One run at a time makes a key, on whichever machine; undefined if it was interrupted while it waited. */
export function claimKey(
  folder: string,
  key: string,
  waiting: Waiting,
): Promise<Disposable | undefined> {
  return waitFor(folder, claimName(key), waiting);
}

/** Whether a run makes a key at this moment. */
export function isClaimed(folder: string, key: string): boolean {
  return isHeld(join(folder, claimName(key)));
}

/** Writes what several runs write, such as the manifest; the work is short and ends before this returns. */
export function withCommitLock<T>(folder: string, work: () => T): T {
  const path = join(folder, "work/commit.lock");
  for (;;) {
    makeFolder(folder, "work");
    using file = openLock(path);
    const isLocked = unlessStale(() => {
      file.lockSync(true);
      return isThere(path, file);
    });
    if (!isLocked) continue;
    try {
      return work();
    } finally {
      removeIfThere(path);
    }
  }
}

function openLock(path: string): Deno.FsFile {
  moveUnlessFile(path);
  return Deno.openSync(path, { read: true, write: true, create: true });
}

/**
 * Whether a path still names an open file: the last holder of the lock may have removed it since it was opened. NFS may show
 * a path for a while that another machine has removed, but a locked file as it is.
 */
function isThere(path: string, file: Deno.FsFile): boolean {
  const { ino, nlink } = file.statSync();
  return nlink !== 0 && statIfThere(path)?.ino === ino;
}

/** False where another machine has removed the open file, which some servers of NFS answer by an error. */
function unlessStale(lock: () => boolean): boolean {
  try {
    return lock();
  } catch (error) {
    if (!(error instanceof Error && /os error 116\b/.test(error.message))) {
      throw error;
    }
    return false;
  }
}

interface Waiting {
  /** Called once, if another run holds the lock. */
  onWait(): void;
  readonly signal?: AbortSignal;
}

const POLL_MILLISECONDS = 100;

/** Locks a file until it is disposed, which removes it; undefined if it was interrupted while it waited. */
async function waitFor(
  folder: string,
  name: string,
  { onWait, signal }: Waiting,
): Promise<Disposable | undefined> {
  const path = join(folder, name);
  for (let waits = 0;; waits++) {
    makeFolder(folder, "work");
    const file = openLock(path);
    if (unlessStale(() => file.tryLockSync(true) && isThere(path, file))) {
      return {
        [Symbol.dispose]: () => {
          removeIfThere(path);
          file.close();
        },
      };
    }
    file.close();
    if (signal?.aborted) return undefined;
    if (waits === 1) onWait();
    await new Promise((done) => setTimeout(done, POLL_MILLISECONDS));
  }
}

function claimName(key: string): string {
  return `work/${key}.lock`;
}

/** Whether a process holds a lock file at this moment. */
export function isHeld(path: string): boolean {
  if (!isFile(path)) return false;
  using file = ifThere(() => Deno.openSync(path));
  return file !== undefined && !file.tryLockSync();
}

function lockPath(folder: string): string {
  return join(folder, "lock");
}
