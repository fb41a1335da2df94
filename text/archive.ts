/** Reads single files out of a package's tarball, without unpacking it to disk. */
import { list } from "tar/list";

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
  await list({
    file: tarball,
    strict: true,
    filter: (path) => wanted(inner(path)),
    onReadEntry: (entry) => {
      const chunks: Uint8Array[] = [];
      entry.on("data", (chunk) => chunks.push(chunk));
      entry.on("end", () => {
        files.push({ path: inner(entry.path), text: decode(chunks) });
      });
    },
  });
  return files.sort((a, b) => a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
}

function inner(path: string): string {
  return path.slice(path.indexOf("/") + 1);
}

/** UTF-8, without the byte order mark that some generators write. */
function decode(chunks: readonly Uint8Array[]): string {
  const decoder = new TextDecoder("utf-8");
  let text = "";
  for (const chunk of chunks) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}
