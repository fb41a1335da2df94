/** One run at a time on an artifact folder: a kernel lock, which dies with its holder. */
import { join } from "@std/path";
import { inputError } from "../schemas/errors.ts";
import { failure, tellDisk } from "./failure.ts";

/** Makes the folder where there is none, and waits for another run; `given` says that the user named the folder. */
export async function lockFolder(
  folder: string,
  given: boolean,
  onWait: (line: string) => void,
): Promise<Deno.FsFile> {
  try {
    Deno.mkdirSync(folder, { recursive: true });
    const file = Deno.openSync(join(folder, "lock"), {
      read: true,
      write: true,
      create: true,
    });
    if (!file.tryLockSync(true)) {
      onWait(`Another run is using "${folder}"; waiting for it to end.`);
      await file.lock(true);
    }
    return file;
  } catch (error) {
    const told = tellDisk(error, folder);
    if (told !== error) throw told;
    const reason = error instanceof Error
      ? error.message.replace(/ \(os error \d+\).*$/, "")
      : String(error);
    const sentence =
      `Cannot write to the artifact folder "${folder}": ${reason}; name another one with --artifacts.`;
    throw given ? inputError(sentence) : failure(sentence);
  }
}
