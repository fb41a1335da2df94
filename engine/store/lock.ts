/** The lock of an artifact folder: one command writes at a time; a kernel lock, which is released when its holder dies. */
import { join } from "@std/path";
import { ifThere, isFile } from "../../base/stat.ts";
import { inputError } from "../../base/input_error.ts";
import { checkArtifactFolder } from "./artifact_folder.ts";
import { reasonOf } from "../files/atomic.ts";
import { explainFullDisk, failure } from "../files/failure.ts";
import { moveUnlessFile } from "../files/state_file.ts";

/**
 * Locks an artifact folder until the file is closed; makes the folder if needed, and waits for another command.
 *
 * @param given whether the user named the folder
 * @param onWait called with a sentence if another command holds the lock
 */
export async function lockFolder(
  folder: string,
  given: boolean,
  onWait: (line: string) => void,
): Promise<Deno.FsFile> {
  checkArtifactFolder(folder);
  try {
    Deno.mkdirSync(folder, { recursive: true });
    moveUnlessFile(lockPath(folder));
    const file = Deno.openSync(lockPath(folder), {
      read: true,
      write: true,
      create: true,
    });
    if (!file.tryLockSync(true)) {
      onWait(`Another command is using "${folder}"; waiting for it to end.`);
      await file.lock(true);
    }
    return file;
  } catch (error) {
    const explained = explainFullDisk(error, folder);
    if (explained !== error) throw explained;
    const sentence = `Cannot write to the artifact folder "${folder}": ${
      reasonOf(error)
    }; name another one with --artifacts.`;
    throw given ? inputError(sentence) : failure(sentence);
  }
}

/** Whether a command holds the lock of a folder. */
export function isLocked(folder: string): boolean {
  return isHeld(lockPath(folder));
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
