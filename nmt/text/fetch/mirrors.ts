/** Finds files in the user's mirrors: folders of data sets, named by an environment variable. */
import { createHash } from "node:crypto";
import { join, resolve } from "@std/path";
import { inputError } from "../../../base/input_error.ts";
import { statIfThere } from "../../../base/stat.ts";

/** A list of folders, separated as in PATH. It says where bytes may be, not which, and so is in no key. */
export const VARIABLE = "CKD_MIRRORS";

/** What a file must be. */
export interface Wanted {
  readonly name: string;
  readonly sha256: string;
  /** Undefined where only the hash is known. */
  readonly bytes?: number;
}

/** A file that a mirror has. */
export interface Mirrored {
  readonly path: string;
  readonly name: string;
  readonly bytes: number;
}

/** The folders of the user's mirrors, as absolute paths. */
export function mirrors(): string[] {
  const separator = Deno.build.os === "windows" ? ";" : ":";
  return (variable() ?? "").split(separator).filter((path) => path !== "")
    .map((path) => resolve(path));
}

/** Every file below the mirrors; a mirror that cannot be read is an input error. */
export function mirrored(folders: readonly string[]): Mirrored[] {
  return folders.flatMap((folder) => {
    try {
      return [...filesBelow(folder)];
    } catch (error) {
      throw inputError(
        `Cannot read mirror "${folder}" of ${VARIABLE}: ${
          error instanceof Deno.errors.NotFound
            ? "there is no such folder"
            : (error as Error).message
        }.`,
      );
    }
  });
}

/**
 * Those that may be a file, the likeliest first: of its size, and by its name before any other. Where the size is not
 * known, by its name.
 */
export function candidates(
  files: readonly Mirrored[],
  { name, bytes }: Wanted,
): Mirrored[] {
  return files
    .filter((file) =>
      bytes === undefined ? file.name === name : file.bytes === bytes
    )
    .sort((one, other) =>
      Number(other.name === name) - Number(one.name === name)
    );
}

/** SHA-256 of a file, in hexadecimal digits. */
export async function fileHash(path: string): Promise<string> {
  const hash = createHash("sha256");
  const file = await Deno.open(path);
  for await (const chunk of file.readable) hash.update(chunk);
  return hash.digest("hex");
}

/** Links to folders are not followed: they may lead in a circle. */
function* filesBelow(folder: string): Generator<Mirrored> {
  for (const entry of Deno.readDirSync(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) yield* filesBelow(path);
    else {
      // A link may lead nowhere.
      const info = statIfThere(path);
      if (info?.isFile) yield { path, name: entry.name, bytes: info.size };
    }
  }
}

/** Other stages load this module too, and may not see the variable; they need no answer. */
function variable(): string | undefined {
  try {
    return Deno.env.get(VARIABLE);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}
