/** Reads single files out of tarballs, which are untrusted. */
import { basename } from "@std/path";
import { list } from "tar/list";
import { inputError } from "../../../base/input_error.ts";
import { writeAll } from "../../../base/write_all.ts";
import { printable } from "../../../base/names.ts";
import { EXPANSION, reasonOf, TOO_LARGE, unusable } from "./untrusted.ts";

/** An archive, and the name by which the user knows it. */
interface Archive {
  readonly path: string;
  readonly name: string;
}

/** A file of a package: its path inside the package, and its text. */
export interface ArchivedFile {
  readonly path: string;
  readonly text: string;
}

/**
 * The files of a tarball whose path inside the package `wanted` accepts, sorted by path. Registries put a package's
 * files below one folder, whose name does not matter.
 */
export async function readArchive(
  tarball: string,
  wanted: (path: string) => boolean,
): Promise<ArchivedFile[]> {
  const files: ArchivedFile[] = [];
  const limit = EXPANSION * Deno.statSync(tarball).size;
  let bytes = 0;
  try {
    await list({
      file: tarball,
      strict: true,
      maxDecompressionRatio: EXPANSION,
      filter: (path, entry) => {
        if ("type" in entry) bytes += entry.size;
        return wanted(inner(path)) && bytes <= limit;
      },
      onReadEntry: (entry) => {
        const chunks: Uint8Array[] = [];
        entry.on("data", (chunk) => chunks.push(chunk));
        entry.on("end", () => {
          files.push({ path: inner(entry.path), text: textOf(chunks) });
        });
      },
    });
  } catch (error) {
    throw unusable(basename(tarball), `it is broken (${reasonOf(error)})`);
  }
  if (bytes > limit) throw unusable(basename(tarball), TOO_LARGE);
  return files.sort((a, b) => a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
}

/**
 * Writes one member of an archive (`.tar`, gzip too) to a path. An archive that has a path outside of itself, a link, or
 * far more bytes than text can be packed into is refused, whatever the member.
 */
export async function unpack(
  archive: Archive,
  member: string,
  to: string,
): Promise<void> {
  const limit = EXPANSION * Deno.statSync(archive.path).size;
  let found = false, bytes = 0, refusal: string | undefined;
  const known: string[] = [];
  const refuse = (why: string) => refusal ??= why;
  using file = Deno.openSync(to, {
    write: true,
    create: true,
    truncate: true,
  });
  try {
    await list({
      file: archive.path,
      strict: true,
      maxDecompressionRatio: EXPANSION,
      filter: (path, entry) => {
        if (!("type" in entry)) return false;
        bytes += entry.size;
        if (/^[/\\]|^[a-z]:|(^|[/\\])\.\.([/\\]|$)/i.test(path)) {
          refuse(`its member "${path}" leads out of it`);
        } else if (!["File", "OldFile", "Directory"].includes(entry.type)) {
          refuse(`its member "${path}" is a ${entry.type}, no file or folder`);
        } else if (bytes > limit) {
          refuse(TOO_LARGE);
        } else if (entry.type !== "Directory") {
          known.push(path);
        }
        return refusal === undefined && path === member;
      },
      onReadEntry: (entry) => {
        found = true;
        entry.on("data", (chunk) => {
          writeAll(file, chunk);
        });
      },
    });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOSPC") {
      throw error;
    }
    refuse(`it is broken (${reasonOf(error)})`);
  }
  if (refusal !== undefined) {
    throw unusable(archive.name, refusal);
  }
  if (!found) {
    throw inputError(
      `Cannot use archive "${archive.name}": it has no member "${member}", only ${
        known.slice(0, 5).map((path) => `"${printable(path)}"`).join(", ")
      }${known.length > 5 ? " and others" : ""}.`,
    );
  }
}

function inner(path: string): string {
  return path.slice(path.indexOf("/") + 1);
}

/** Text out of its bytes in UTF-8, without the byte order mark that some generators write. */
export function textOf(chunks: readonly Uint8Array[]): string {
  const decoder = new TextDecoder("utf-8");
  let text = "";
  for (const chunk of chunks) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}
