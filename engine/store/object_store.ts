/** The content-addressed store of outputs: a file or a folder under objects/, named by its SHA-256. */
import { dirname, join } from "@std/path";
import {
  type Artifact,
  Listing,
  type Listing as Files,
} from "../../schemas/manifest.ts";
import {
  entriesOf,
  isTemporary,
  jsonIfWhole,
  namesIn,
  removeIfThere,
  removeWhole,
  statIfThere,
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
import type { Looks } from "../keys/no_op_record.ts";
import type { Output } from "../graph/stage.ts";
import { makeFolder, readState, writeState } from "./state_file.ts";

export type Condition = "whole" | "missing" | "damaged";

export type Rehash = (path: string) => Promise<{ readonly sha256: string }>;

export interface Store {
  /** Where the bytes of an artifact lie. */
  path(artifact: Artifact): string;
  /**
   * Whether an artifact can be used: every file is there with its size, and is rehashed where the index does not know
   * it (another size, time or inode than when it was stored). A paranoid store rehashes each once.
   */
  check(artifact: Artifact): Promise<Condition>;
  /** The same, rehashing for real; `rehash` says how. */
  verify(artifact: Artifact, rehash?: Rehash): Promise<Condition>;
  /** Moves a finished file or folder into the store, by renames only. */
  place(path: string, output: Output): Promise<Artifact>;
  /** The same for what was verified and synced as it arrived; a folder comes with its listing. */
  adopt(path: string, artifact: Artifact, listing?: Files): void;
  /** Where the listing of a folder lies. */
  listingPath(artifact: Artifact): string;
}

export function openStore(
  folder: string,
  index: Index,
  looks: Looks,
  paranoid: boolean,
): Store {
  const rehashed = new Set<string>();

  const fileCondition = async (
    name: string,
    expected: { sha256: string; bytes: number },
    rehash: Rehash | undefined,
  ): Promise<Condition> => {
    const path = join(folder, name);
    const info = looks.stat(path);
    if (info === undefined) return "missing";
    if (!info.isFile || info.size !== expected.bytes) return "damaged";
    const known = rehash === undefined ? index.file(name, info) : undefined;
    const found = known ?? (await (rehash ?? hashFile)(path)).sha256;
    if (found !== expected.sha256) return "damaged";
    if (known === undefined) index.rememberFile(name, info, found);
    return "whole";
  };
  /** Of a folder all of whose files are whole: nothing else may lie in it, since a stage may read all that does. */
  const folderCondition = (path: string, listing: Files): Condition => {
    if (!looks.stat(path)?.isDirectory) return "missing";
    const found = ifRegular(() => filesOf(path, looks.stat));
    return found?.length === listing.length ? "whole" : "damaged";
  };
  const conditionOf = async (
    artifact: Artifact,
    rehash: Rehash | undefined,
  ): Promise<Condition> => {
    const name = objectName(artifact.sha256, artifact.folder);
    if (!artifact.folder) return await fileCondition(name, artifact, rehash);
    const listingPath = join(folder, listingName(name));
    looks.stat(listingPath);
    const text = readState(listingPath);
    if (text === undefined) return "missing";
    if (sha256(text) !== artifact.sha256) return "damaged";
    const listing = Listing.safeParse(jsonIfWhole(text)).data;
    if (listing === undefined) return "damaged";
    for (const file of listing) {
      const found = await fileCondition(`${name}/${file.path}`, file, rehash);
      if (found !== "whole") return found;
    }
    return folderCondition(join(folder, name), listing);
  };

  const settleFile = (path: string, sha: string) => {
    const name = objectName(sha);
    const target = join(folder, name);
    Deno.chmodSync(path, 0o444);
    makeFolder(folder, dirname(name));
    if (statIfThere(target)?.isDirectory) removeIfThere(target);
    Deno.renameSync(path, target);
    index.rememberFile(name, Deno.statSync(target), sha, true);
  };
  const settleFolder = (path: string, sha: string, listing: Files) => {
    const name = objectName(sha, true);
    const target = join(folder, name);
    for (const file of listing) Deno.chmodSync(join(path, file.path), 0o444);
    writeState(folder, listingName(name), canonical(listing));
    removeWhole(target);
    Deno.renameSync(path, target);
    for (const file of listing) {
      const info = Deno.statSync(join(target, file.path));
      index.rememberFile(`${name}/${file.path}`, info, file.sha256, true);
    }
  };

  const placeFile = async (path: string, output: Output): Promise<Artifact> => {
    const { sha256: sha, bytes } = await hashFile(path, { sync: true });
    settleFile(path, sha);
    return { sha256: sha, bytes, mediaType: output.mediaType };
  };
  const placeFolder = async (
    path: string,
    output: Output,
  ): Promise<Artifact> => {
    const listing: Files = [];
    for (const file of filesOf(path)) {
      const hashed = await hashFile(join(path, file), { sync: true });
      listing.push({ path: file, ...hashed });
    }
    const sha = hashListing(listing);
    settleFolder(path, sha, listing);
    const bytes = listing.reduce((sum, file) => sum + file.bytes, 0);
    return { sha256: sha, bytes, mediaType: output.mediaType, folder: true };
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
    place: (path, output) =>
      output.folder ? placeFolder(path, output) : placeFile(path, output),
    adopt: (path, { sha256 }, listing) =>
      listing === undefined
        ? settleFile(path, sha256)
        : settleFolder(path, sha256, listing),
    listingPath: ({ sha256 }) =>
      join(folder, listingName(objectName(sha256, true))),
  };
}

/** What lies in a store, whether anything names it or not. */
export interface StoredObjects {
  /** The files of each object by its SHA-256, a folder's listing among them. */
  readonly objects: ReadonlyMap<string, readonly FileOnDisk[]>;
  /** Paths of what was cut off. */
  readonly leftovers: readonly string[];
}

/** Names of an object's files, in the folder of its first two letters. */
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
  removeWhole(path);
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

/** A file may be the listing of a folder, byte for byte, so that a folder's name says that it is one. */
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
