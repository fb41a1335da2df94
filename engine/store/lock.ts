/** One command at a time that writes to an artifact folder: a kernel lock, which dies with its holder. */
import { join } from "@std/path";
import { inputError } from "../../base/input_error.ts";
import { checkArtifactFolder } from "./artifact_folder.ts";
import { ifThere, reasonOf } from "../files/atomic.ts";
import { failure, tellDisk } from "../files/failure.ts";
import { isFile, moveUnlessFile } from "./state_file.ts";

/** Makes the folder where there is none, and waits for another command; `given` says that the user named the folder. */
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
    const told = tellDisk(error, folder);
    if (told !== error) throw told;
    const sentence = `Cannot write to the artifact folder "${folder}": ${
      reasonOf(error)
    }; name another one with --artifacts.`;
    throw given ? inputError(sentence) : failure(sentence);
  }
}

/** Whether a command that writes is at work on a folder. */
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
