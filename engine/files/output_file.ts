/** Crash-safe writes of files that the user names; another file is replaced only with --force. */
import { dirname } from "@std/path";
import { ifThere } from "../../base/stat.ts";
import { inputError } from "../../base/input_error.ts";
import { checkInput, isFree, reasonOf } from "../../base/input_file.ts";
import { removeIfThere } from "./atomic.ts";
import { explainFullDisk } from "./failure.ts";
import { writeAll } from "../../base/write_all.ts";

export interface OutputOptions {
  /** Whether an existing file is replaced. */
  readonly force: boolean;
  /** Whether a file was written by the same command, judged by its beginning; then it is replaced without `force`. */
  isOwn?(beginning: string): boolean;
}

/** Bytes of a file that `isOwn` gets. */
const BEGINNING = 2048;

/** The path to write for one that a user names, with links resolved. @throws an input error if it may not be written */
export function outputPath(
  path: string,
  { force, isOwn }: OutputOptions,
): string {
  const refuse = (reason: string) => refusal(path, reason);
  if (isFree(path, refuse)) return path;
  // By force neither: nobody wants /dev/null to become a file.
  checkInput(path, refuse);
  // A script's mktemp makes the file first.
  const isEmpty = Deno.statSync(path).size === 0;
  if (!force && !isEmpty && isOwn?.(beginningOf(path)) !== true) {
    throw inputError(
      `Cannot write "${path}": there is a file already; name another one, or replace it with --force.`,
    );
  }
  return Deno.realPathSync(path);
}

/** Writes beside the file, syncs and renames. */
export async function writeOutput(
  path: string,
  options: OutputOptions,
  write: (file: Deno.FsFile) => Promise<void> | void,
): Promise<void> {
  const target = outputPath(path, options);
  const temporary = `${target}.${crypto.randomUUID()}.tmp`;
  try {
    {
      using file = create(temporary, path);
      await write(file);
      file.syncSync();
    }
    // Something may have come there meanwhile.
    outputPath(path, options);
    rename(temporary, target, path);
  } catch (error) {
    throw explainFullDisk(error, path);
  } finally {
    removeIfThere(temporary);
  }
}

/** The same for a text. */
export function writeOutputText(
  path: string,
  options: OutputOptions,
  text: string,
): Promise<void> {
  return writeOutput(path, options, (file) => writeAll(file, text));
}

function create(temporary: string, path: string): Deno.FsFile {
  try {
    Deno.mkdirSync(dirname(temporary), { recursive: true });
    return Deno.openSync(temporary, { write: true, createNew: true });
  } catch (error) {
    throw refusal(path, reasonOf(error));
  }
}

function rename(temporary: string, target: string, path: string): void {
  try {
    Deno.renameSync(temporary, target);
  } catch (error) {
    throw refusal(path, reasonOf(error));
  }
}

function beginningOf(path: string): string {
  using file = ifThere(() => Deno.openSync(path));
  const bytes = new Uint8Array(BEGINNING);
  const count = file?.readSync(bytes) ?? 0;
  return new TextDecoder("latin1").decode(bytes.subarray(0, count));
}

function refusal(path: string, reason: string): Error {
  return inputError(
    `Cannot write "${path}": ${reason}; name another file.`,
  );
}
