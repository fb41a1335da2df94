/** Writes a build to a new folder, or over an earlier build. */
import { dirname, join } from "@std/path";
import { lstatIfThere } from "../../base/stat.ts";
import {
  jsonIfValid,
  readIfThere,
  reasonOf,
  removeIfThere,
  writeAtomically,
} from "../../engine/files/atomic.ts";
import { filesOf, IrregularFile } from "../../engine/files/hash.ts";
import { inputError } from "../../base/input_error.ts";
import { type Build, LIST, SERVICE_WORKER } from "./build.ts";
import { BUILDER, type Site } from "./page/site.ts";

/** A folder that has files of others is refused, and nothing is written. */
export function writeBuild(folder: string, { files }: Build): void {
  const before = earlierFiles(folder);
  try {
    // The list comes before what it lists, and after what is not listed any more: a write that is cut off can be done again.
    const now = new Set(files.map(({ path }) => path));
    for (const path of before) {
      if (!now.has(path)) removeIfThere(join(folder, path));
    }
    const [list, rest] = [true, false].map((isList) =>
      files.filter(({ path }) => (path === LIST) === isList)
    );
    for (const { path, contents } of [...list, ...rest]) {
      const file = join(folder, path);
      if (path === LIST) {
        writeAtomically(file, contents);
        continue;
      }
      Deno.mkdirSync(dirname(file), { recursive: true });
      Deno.writeFileSync(file, contents);
    }
  } catch (error) {
    throw inputError(`Cannot write to "${folder}": ${reasonOf(error)}.`);
  }
}

/** The files of an earlier build in a folder; none where it is empty or not there. */
function earlierFiles(folder: string): string[] {
  const info = lstatIfThere(folder);
  if (info === undefined) return [];
  if (!info.isDirectory && !Deno.statSync(folder).isDirectory) {
    throw inputError(
      `Cannot write to "${folder}": it is a file; name a folder.`,
    );
  }
  let found: string[];
  try {
    found = filesOf(folder);
  } catch (error) {
    if (!(error instanceof IrregularFile)) throw error;
    throw inputError(
      `Cannot write to "${folder}": it has links or other special files in it; name an empty or a new folder.`,
    );
  }
  const own = new Set([...ownFiles(folder), `${LIST}.tmp`]);
  const foreign = found.find((path) => !own.has(path));
  if (foreign !== undefined) {
    throw inputError(
      `Cannot write to "${folder}": it has files that are not of a translator built here, such as "${foreign}"; name an empty or a new folder.`,
    );
  }
  return found;
}

/** What the list of an earlier build names. */
function ownFiles(folder: string): string[] {
  const list = jsonIfValid(readIfThere(join(folder, LIST)) ?? "");
  return isSite(list)
    ? [...list.files.map(({ path }) => path), LIST, SERVICE_WORKER]
    : [];
}

function isSite(value: unknown): value is Site {
  return typeof value === "object" && value !== null && "builder" in value &&
    value.builder === BUILDER && "files" in value && Array.isArray(value.files);
}
