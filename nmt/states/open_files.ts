/** Positioned reads of many files, of which few are open at a time, as a process may not open thousands. */
import { inputError } from "../../base/input_error.ts";
import { readAll } from "../../base/read_all.ts";

/** Files that stay open until others are read. */
const OPEN = 64;

export interface Files {
  /** Fills `into` from `position` of a file on; `what` is that part to the user. A file that ends before is an input error. */
  read(path: string, position: number, into: Uint8Array, what: string): void;
  close(): void;
}

/** Opens files as they are read; beyond `limit`, the one that was read longest ago is closed. */
export function openFiles(limit = OPEN): Files {
  /** The file that was read last stands last. */
  const files = new Map<string, Deno.FsFile>();
  let closed = false;
  const take = (path: string): Deno.FsFile => {
    if (closed) throw new Error(`Cannot read "${path}" after closing`);
    const file = files.get(path) ?? Deno.openSync(path);
    files.delete(path);
    files.set(path, file);
    if (files.size > limit) {
      const [[oldest, unused]] = files;
      unused.close();
      files.delete(oldest);
    }
    return file;
  };
  return {
    read: (path, position, into, what) => {
      const file = take(path);
      file.seekSync(position, Deno.SeekMode.Start);
      if (readAll(file, into) < into.length) {
        throw inputError(
          `Cannot read ${what} in "${path}": the file ended early.`,
        );
      }
    },
    close: () => {
      closed = true;
      files.forEach((file) => file.close());
      files.clear();
    },
  };
}
