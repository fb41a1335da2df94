/** A remote in a folder: another disk, a mounted share, a folder that a web server serves. */
import { dirname, join } from "@std/path";
import { ifThere, statIfThere } from "../../base/stat.ts";
import {
  isFull,
  isTemporary,
  namesIn,
  readIfThere,
  reasonOf,
  removeIfThere,
  writeAtomically,
} from "../../engine/files/atomic.ts";
import { failure } from "../../engine/files/failure.ts";
import { hashFile } from "../../engine/files/hash.ts";
import { inputError } from "../../base/input_error.ts";
import { checkFolder } from "../../base/input_file.ts";
import { pathIn } from "../../base/names.ts";
import { writeAll } from "../../base/write_all.ts";
import { chunksOf } from "./chunks.ts";
import { localDamage, uploadMismatch } from "./upload_errors.ts";
import type { Content, NetworkPolicy, Remote, Writer } from "./remote.ts";

/** A younger temporary file may belong to a push that still runs. */
const ABANDONED_MILLISECONDS = 24 * 3600 * 1000;

/** Opens a folder, which `create` creates if its parent exists. */
export function openFolder(
  folder: string,
  network: NetworkPolicy,
  { create }: { create: boolean },
): Remote {
  checkFolder(
    folder,
    (reason) => inputError(`Cannot use "${folder}" as a remote: ${reason}.`),
  );
  const info = statIfThere(folder);
  const parent = statIfThere(dirname(join(folder, ".")));
  if (
    info === undefined ? !create || !parent?.isDirectory : !info.isDirectory
  ) {
    throw inputError(
      `Cannot use "${folder}" as a remote: there is no such folder${
        create ? ", and none to make it in" : ""
      }.`,
    );
  }
  return {
    name: folder,
    network,
    read: (path, from) =>
      reporting(
        `read "${path}" of "${folder}"`,
        () => read(pathIn(folder, path), from),
      ),
    writer: writerTo(folder),
  };
}

function read(path: string, from: number): Content | undefined {
  // Opening a pipe or a device could block.
  const file = statIfThere(path)?.isFile
    ? ifThere(() => Deno.openSync(path))
    : undefined;
  if (file === undefined) return undefined;
  const close = () => {
    try {
      file.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  };
  return {
    start: from,
    bytes: (async function* () {
      try {
        file.seekSync(from, Deno.SeekMode.Start);
        yield* chunksOf(file);
      } finally {
        close();
      }
    })(),
    discard: () => Promise.resolve(close()),
  };
}

/** What an action gives. @throws a failure that says what cannot be done, for an error of the disk */
async function reporting<T>(
  what: string,
  act: () => Promise<T> | T,
): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const isDisk = isFull(error) || error instanceof Error &&
        ("code" in error || error.name in Deno.errors);
    if (!isDisk) throw error;
    throw failure(`Cannot ${what}: ${reasonOf(error)}.`);
  }
}

function writerTo(folder: string): Writer {
  return {
    size: (path) =>
      reporting(
        `read "${path}" of "${folder}"`,
        () => statIfThere(pathIn(folder, path))?.size,
      ),
    putFile: (path, { path: from, sha256 }, sent) =>
      reporting(`write "${path}" to "${folder}"`, async () => {
        const target = pathIn(folder, path);
        const temporary = `${target}.${crypto.randomUUID()}.tmp`;
        Deno.mkdirSync(dirname(target), { recursive: true });
        removeAbandoned(dirname(target));
        try {
          await copy(from, temporary, sent);
          // Read back from the disk.
          if ((await hashFile(temporary, { sync: true })).sha256 !== sha256) {
            const isIntact = (await hashFile(from)).sha256 === sha256;
            throw isIntact ? uploadMismatch(path, folder) : localDamage(sha256);
          }
          Deno.renameSync(temporary, target);
        } finally {
          removeIfThere(temporary);
        }
      }),
    putText: (path, text) =>
      reporting(`write "${path}" to "${folder}"`, () => {
        const target = pathIn(folder, path);
        writeAtomically(target, text, { locked: false });
        if (readIfThere(target) !== text) {
          throw uploadMismatch(path, folder);
        }
      }),
  };
}

async function copy(
  from: string,
  to: string,
  sent: (bytes: number) => void,
): Promise<void> {
  using source = Deno.openSync(from);
  using target = Deno.openSync(to, { write: true, createNew: true });
  for await (const chunk of chunksOf(source)) {
    writeAll(target, chunk);
    sent(chunk.length);
  }
}

/** Removes temporary files of pushes that died. */
function removeAbandoned(folder: string): void {
  for (
    const name of namesIn(folder)
      .filter((name) => isTemporary(name, /[0-9a-f]{64}/))
  ) {
    const path = join(folder, name);
    const written = statIfThere(path)?.mtime?.getTime() ?? Date.now();
    if (Date.now() - written > ABANDONED_MILLISECONDS) removeIfThere(path);
  }
}
