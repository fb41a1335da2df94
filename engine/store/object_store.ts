/** Object store: files and folders under objects/, named by their SHA-256. */
import { dirname, join } from "@std/path";
import { statIfThere } from "../../base/stat.ts";
import {
  type Artifact,
  Listing,
  type Listing as Files,
} from "../../schemas/manifest.ts";
import {
  entriesOf,
  isTemporary,
  jsonIfValid,
  namesIn,
  removeAtomically,
  removeIfThere,
} from "../files/atomic.ts";
import { type FileOnDisk, filesUnder } from "../files/disk.ts";
import {
  canonical,
  filesOf,
  hashFile,
  hashListing,
  IrregularFile,
  sha256,
} from "../files/hash.ts";
import type { Index } from "../keys/stat_index.ts";
import type { NoOpRecord } from "../keys/no_op_record.ts";
import type { Output } from "../graph/stage.ts";
import { withCommitLock } from "./lock.ts";
import { makeFolder, readState, writeState } from "../files/state_file.ts";

export type Condition = "whole" | "missing" | "damaged";

export type Rehash = (path: string) => Promise<{ readonly sha256: string }>;

export interface Store {
  /** The path of an artifact's file or folder. */
  path(artifact: Artifact): string;
  /**
   * Whether an artifact can be used: each file is there with its size, and is rehashed if the stat index does not know it.
   * A paranoid store rehashes each file once.
   */
  check(artifact: Artifact): Promise<Condition>;
  /** The same, rehashing every file. */
  verify(artifact: Artifact, rehash?: Rehash): Promise<Condition>;
  /** Hashes a finished file or folder and moves it into the store by renames. */
  add(path: string, output: Output): Promise<Artifact>;
  /** Moves a staged file or folder into the store, whose hash was verified and which was synced; a folder with its listing. */
  commit(path: string, artifact: Artifact, listing?: Files): void;
  /** The path of the listing of a folder. */
  listingPath(artifact: Artifact): string;
}

export function openStore(
  folder: string,
  index: Index,
  noOpRecord: NoOpRecord,
  paranoid: boolean,
): Store {
  const rehashed = new Set<string>();

  const fileCondition = async (
    name: string,
    expected: { sha256: string; bytes: number },
    rehash: Rehash | undefined,
  ): Promise<Condition> => {
    const path = join(folder, name);
    const info = noOpRecord.stat(path);
    if (info === undefined) return "missing";
    if (!info.isFile || info.size !== expected.bytes) return "damaged";
    const known = rehash === undefined ? index.file(name, info) : undefined;
    const found = known ?? (await (rehash ?? hashFile)(path)).sha256;
    if (found !== expected.sha256) return "damaged";
    if (known === undefined) index.rememberFile(name, info, found);
    return "whole";
  };
  /** For a folder whose listed files are whole: it may hold no other file, since a stage could read it. */
  const folderCondition = (path: string, listing: Files): Condition => {
    if (!noOpRecord.stat(path)?.isDirectory) return "missing";
    const found = ifRegular(() => filesOf(path, noOpRecord.stat));
    return found?.length === listing.length ? "whole" : "damaged";
  };
  const conditionOf = async (
    artifact: Artifact,
    rehash: Rehash | undefined,
  ): Promise<Condition> => {
    const name = objectName(artifact.sha256, artifact.folder);
    if (!artifact.folder) return await fileCondition(name, artifact, rehash);
    const listingPath = join(folder, listingName(name));
    noOpRecord.stat(listingPath);
    const text = readState(listingPath);
    if (text === undefined) return "missing";
    if (sha256(text) !== artifact.sha256) return "damaged";
    const listing = Listing.safeParse(jsonIfValid(text)).data;
    if (listing === undefined) return "damaged";
    for (const file of listing) {
      const found = await fileCondition(`${name}/${file.path}`, file, rehash);
      if (found !== "whole") return found;
    }
    return folderCondition(join(folder, name), listing);
  };

  const commitFile = (path: string, sha: string) => {
    const name = objectName(sha);
    const target = join(folder, name);
    makeReadOnly(path);
    makeFolder(folder, dirname(name));
    if (statIfThere(target)?.isDirectory) removeIfThere(target);
    Deno.renameSync(path, target);
    index.rememberFile(name, Deno.statSync(target), sha, true);
  };
  const commitFolder = (
    path: string,
    sha: string,
    listing: Files,
    keepsOther = false,
  ) => {
    const name = objectName(sha, true);
    const target = join(folder, name);
    for (const file of listing) makeReadOnly(join(path, file.path));
    withCommitLock(folder, () => {
      // Another run, which made the same meanwhile, may read it at this moment.
      if (keepsOther && statIfThere(target)?.isDirectory) {
        return removeIfThere(path);
      }
      writeState(folder, listingName(name), canonical(listing));
      removeAtomically(target);
      Deno.renameSync(path, target);
    });
    for (const file of listing) {
      const info = Deno.statSync(join(target, file.path));
      index.rememberFile(`${name}/${file.path}`, info, file.sha256, true);
    }
  };

  const addFile = async (path: string, output: Output): Promise<Artifact> => {
    const { sha256: sha, bytes } = await hashFile(path, { sync: true });
    const artifact = { sha256: sha, bytes, mediaType: output.mediaType };
    // Where it was replaced, checkpoints of what reads it would be dropped.
    if (await conditionOf(artifact, hashFile) === "whole") removeIfThere(path);
    else commitFile(path, sha);
    return artifact;
  };
  const addFolder = async (
    path: string,
    output: Output,
  ): Promise<Artifact> => {
    const listing: Files = [];
    for (const file of filesOf(path)) {
      const hashed = await hashFile(join(path, file), { sync: true });
      listing.push({ path: file, ...hashed });
    }
    const sha = hashListing(listing);
    const bytes = listing.reduce((sum, file) => sum + file.bytes, 0);
    const { mediaType } = output;
    const artifact: Artifact = { sha256: sha, bytes, mediaType, folder: true };
    const isNew =
      statIfThere(join(folder, objectName(sha, true))) === undefined;
    // A whole one is not replaced: another run may read it at this moment.
    if (await conditionOf(artifact, hashFile) === "whole") removeIfThere(path);
    else commitFolder(path, sha, listing, isNew);
    return artifact;
  };

  return {
    path: ({ sha256, folder: isFolder }) =>
      join(folder, objectName(sha256, isFolder)),
    check: async (artifact) => {
      const thorough = paranoid && !rehashed.has(artifact.sha256);
      const condition = await conditionOf(
        artifact,
        thorough ? hashFile : undefined,
      );
      if (condition === "whole") rehashed.add(artifact.sha256);
      return condition;
    },
    verify: (artifact, rehash = hashFile) => conditionOf(artifact, rehash),
    add: (path, output) =>
      output.folder ? addFolder(path, output) : addFile(path, output),
    commit: (path, { sha256 }, listing) =>
      listing === undefined
        ? commitFile(path, sha256)
        : commitFolder(path, sha256, listing),
    listingPath: ({ sha256 }) =>
      join(folder, listingName(objectName(sha256, true))),
  };
}

/** Another user may have begun a file that is finished here, such as a download: only a copy of it can be made read-only. */
function makeReadOnly(path: string): void {
  try {
    Deno.chmodSync(path, 0o444);
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    const copy = `${path}.tmp`;
    removeIfThere(copy);
    Deno.copyFileSync(path, copy);
    {
      using file = Deno.openSync(copy, { write: true });
      file.syncSync();
    }
    Deno.chmodSync(copy, 0o444);
    Deno.renameSync(copy, path);
  }
}

/** All objects in a store, whether anything names them or not. */
export interface StoredObjects {
  /** The files of each object by its SHA-256, a folder's listing among them. */
  readonly objects: ReadonlyMap<string, readonly FileOnDisk[]>;
  /** Paths of temporary files. */
  readonly leftovers: readonly string[];
}

/** Names of an object's files in the folder of the first two digits of its hash. */
const OBJECT = /([0-9a-f]{62})(?:\.files(?:\.json)?)?/;

export function listObjects(folder: string): StoredObjects {
  const objects = new Map<string, FileOnDisk[]>();
  const leftovers: string[] = [];
  for (const prefix of prefixes(folder)) {
    for (const name of namesIn(join(folder, "objects", prefix))) {
      const path = join(folder, "objects", prefix, name);
      const [, rest] = new RegExp(`^${OBJECT.source}$`).exec(name) ?? [];
      if (rest !== undefined) {
        const sha = prefix + rest;
        objects.set(sha, [...objects.get(sha) ?? [], ...filesUnder(path)]);
      } else if (isTemporary(name, OBJECT)) leftovers.push(path);
    }
  }
  return { objects, leftovers };
}

export function removeObject(folder: string, sha: string): void {
  removeIfThere(join(folder, objectName(sha)));
  const path = join(folder, objectName(sha, true));
  removeAtomically(path);
  removeIfThere(listingName(path));
}

export function removeEmptyPrefixes(folder: string): void {
  for (const prefix of prefixes(folder)) {
    const path = join(folder, "objects", prefix);
    if (namesIn(path).length === 0) Deno.removeSync(path);
  }
}

function prefixes(folder: string): string[] {
  return entriesOf(join(folder, "objects"))
    .filter(({ name, isDirectory }) =>
      isDirectory && /^[0-9a-f]{2}$/.test(name)
    ).map(({ name }) => name);
}

/** Folders have a suffix, since a file may be equal to the listing of a folder. */
function objectName(sha: string, isFolder = false): string {
  return `objects/${sha.slice(0, 2)}/${sha.slice(2)}${
    isFolder ? ".files" : ""
  }`;
}

/** A folder's listing lies beside it; its bytes hash to the folder's name. */
function listingName(folderName: string): string {
  return `${folderName}.json`;
}

/** What a folder holds, or undefined where something in it is neither a file nor a folder. */
function ifRegular(read: () => string[]): string[] | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof IrregularFile) return undefined;
    throw error;
  }
}
