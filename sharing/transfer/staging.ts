/** Staging: downloaded files wait in the artifact folder until all of an artifact are verified and can be committed. */
import { dirname, join } from "@std/path";
import { format } from "@std/fmt/bytes";
import { freeBytes } from "../../base/disk_space.ts";
import { statIfThere } from "../../base/stat.ts";
import { removeIfThere } from "../../engine/files/atomic.ts";
import { failure } from "../../engine/files/failure.ts";
import { filesOf, hashListing } from "../../engine/files/hash.ts";
import { LIMITS } from "../../engine/provenance/trust_policy.ts";
import type { Workspace } from "../../engine/store/workspace.ts";
import type { Artifact, Listing } from "../../schemas/manifest.ts";
import { pathIn } from "../../base/names.ts";

/** An artifact that the store lacks; if it is a folder, with its listing. */
export interface Wanted {
  readonly artifact: Artifact;
  readonly listing?: Listing;
}

/** Distinct content to download once, and the paths in staging that need a copy of it. */
export interface StagedFile {
  readonly sha256: string;
  readonly bytes: number;
  /** Absolute; at least one, the first is downloaded to. */
  readonly paths: readonly string[];
}

export interface Staging {
  /** Sorted by hash. */
  readonly files: readonly StagedFile[];
  /** Total of all files. */
  readonly bytes: number;
  /** Takes a file that is verified at its first path, and commits each artifact that it completes. */
  commit(file: StagedFile): void;
  /** After the last file: commits folders without files, and removes the rest of staging. */
  finish(): void;
  /** Removes everything that was not committed. */
  discard(): void;
}

/** The artifacts that the store lacks, each once. */
export async function missingOf(
  { store }: Pick<Workspace, "store">,
  artifacts: readonly Artifact[],
): Promise<Artifact[]> {
  const unique = new Map(
    artifacts.map((artifact) => [nameOf(artifact), artifact]),
  );
  const missing: Artifact[] = [];
  for (const artifact of unique.values()) {
    if (await store.check(artifact) !== "whole") missing.push(artifact);
  }
  return missing;
}

/**
 * Plans the files to download for a command such as "pull", or for the key of a node. What a cut one has left under that
 * name is gone on with.
 *
 * @throws {Error} A failure if the artifacts contradict each other or do not fit on the disk.
 */
export function openStaging(
  { folder, store }: Pick<Workspace, "folder" | "store">,
  wanted: readonly Wanted[],
  name: string,
): Staging {
  // A temporary name, so that garbage collection removes what a killed command leaves.
  const staging = join(folder, "work", `${name}.tmp`);
  const pathOf = (artifact: Artifact) => join(staging, nameOf(artifact));
  const byHash = new Map<string, StagedFile & { readonly paths: string[] }>();
  /** The artifact of each path. */
  const owners = new Map<string, Wanted>();
  const left = new Map<Wanted, number>();
  for (const each of wanted) {
    const { artifact, listing } = each;
    if (listing !== undefined && hashListing(listing) !== artifact.sha256) {
      throw failure(
        `Cannot accept the listing of object ${artifact.sha256}: it is not written as listings are, in canonical JSON; ` +
          "get it anew.",
      );
    }
    const files = listing?.map(({ path, ...file }) => ({
      ...file,
      path: pathIn(pathOf(artifact), path),
    })) ?? [{ ...artifact, path: pathOf(artifact) }];
    for (const { sha256, bytes, path } of files) {
      const known = byHash.get(sha256) ?? { sha256, bytes, paths: [] };
      if (known.bytes !== bytes) {
        throw failure(
          `Cannot accept object ${sha256}: it is said to have ${known.bytes} and ${bytes} bytes; get its manifest anew.`,
        );
      }
      known.paths.push(path);
      byHash.set(sha256, known);
      owners.set(path, each);
    }
    left.set(each, files.length);
  }
  if (owners.size > LIMITS.files) {
    throw failure(
      `Cannot accept ${owners.size} files at once: expected at most ${LIMITS.files}.`,
    );
  }
  const sorted = [...byHash.values()]
    .sort((a, b) => a.sha256 < b.sha256 ? -1 : 1);
  const bytes = sorted.reduce((sum, file) => sum + file.bytes, 0);
  Deno.mkdirSync(staging, { recursive: true });
  // Content is downloaded once, and takes room in each of its places.
  const needed = sorted.flatMap(({ bytes, paths }) =>
    paths.map((path) => bytes - (statIfThere(path)?.size ?? 0))
  ).reduce((sum, bytes) => sum + bytes, 0);
  checkRoom(folder, needed);

  const commit = ({ artifact, listing }: Wanted) => {
    const path = pathOf(artifact);
    if (listing !== undefined) {
      Deno.mkdirSync(path, { recursive: true });
      if (filesOf(path).length !== listing.length) {
        throw failure(
          `Cannot accept object ${artifact.sha256}: this system cannot hold its files beside each other; names of two ` +
            "differ in their case only.",
        );
      }
    }
    store.commit(path, artifact, listing);
  };
  const isEmpty = ({ listing }: Wanted) => listing?.length === 0;
  return {
    files: sorted,
    bytes,
    commit: ({ paths: [first, ...others] }) => {
      for (const path of others) copySynced(first, path);
      for (const path of [...others, first]) {
        const owner = owners.get(path);
        if (owner === undefined) continue;
        const count = (left.get(owner) ?? 0) - 1;
        left.set(owner, count);
        if (count === 0) commit(owner);
      }
    },
    finish: () => {
      wanted.filter(isEmpty).forEach(commit);
      removeIfThere(staging);
    },
    discard: () => removeIfThere(staging),
  };
}

/** Copies a verified file and syncs the copy. */
export function copySynced(from: string, to: string): void {
  Deno.mkdirSync(dirname(to), { recursive: true });
  removeIfThere(to);
  Deno.copyFileSync(from, to);
  using file = Deno.openSync(to);
  file.syncSync();
}

function nameOf({ sha256, folder }: Artifact): string {
  return folder ? `${sha256}.files` : sha256;
}

function checkRoom(folder: string, bytes: number): void {
  const free = freeBytes(folder);
  if (bytes <= free) return;
  throw failure(
    `Cannot take in ${format(bytes)}: the disk of "${folder}" has ${
      format(free)
    } left; free some space and try again.`,
  );
}
