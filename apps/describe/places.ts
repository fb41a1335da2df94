/** Writes descriptions to files, or to a new or empty folder. */
import {
  copyAtomically,
  namesIn,
  reasonOf,
  writeAtomically,
} from "../../engine/files/atomic.ts";
import { explainFullDisk } from "../../engine/files/failure.ts";
import { inputError } from "../../base/input_error.ts";
import { checkFolder } from "../../base/input_file.ts";

/** The folder that a description goes to, which is not mixed with what is there. */
export function newFolder(format: string, out: string | undefined): string {
  if (out === undefined) {
    throw inputError(
      `Cannot print a description as ${format}, which is a folder; name a new one with --out.`,
    );
  }
  const refuse = (reason: string) =>
    inputError(
      `Cannot write to "${out}": ${reason}; name another one with --out.`,
    );
  checkFolder(out, refuse);
  if (namesIn(out).length > 0) throw refuse("expected a new or empty folder");
  return out;
}

/** Writes a text or bytes, so that what is read meanwhile is wholly the old or the new. */
export function writeFile(path: string, content: string | Uint8Array): void {
  onDisk(path, () => writeAtomically(path, content, { locked: false }));
}

/** A folder, with those above it. */
export function makeFolder(path: string): void {
  onDisk(path, () => Deno.mkdirSync(path, { recursive: true }));
}

/** A copy of what is in the store, where nothing may be changed; this may. */
export function copyFile(from: string, to: string): void {
  onDisk(to, () => copyAtomically(from, to));
}

function onDisk(path: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    const explained = explainFullDisk(error, path);
    throw explained === error
      ? inputError(
        `Cannot write "${path}": ${
          reasonOf(error)
        }; name another place with --out.`,
      )
      : explained;
  }
}

/** JSON as people read it. */
export function indented(value: unknown): string {
  return JSON.stringify(value, null, 2) + "\n";
}
