/** Artifacts on their way into a store: they wait in the artifact folder until every byte of them is verified. */
import { dirname, join } from "@std/path";
import { statfsSync } from "node:fs";
import { format } from "@std/fmt/bytes";
import { removeIfThere, statIfThere } from "../../engine/files/atomic.ts";
import { failure } from "../../engine/files/failure.ts";
import { filesOf, hashListing } from "../../engine/files/hash.ts";
import { LIMITS } from "../../engine/provenance/trust_policy.ts";
import type { Workspace } from "../../engine/store/workspace.ts";
import type { Artifact, Listing } from "../../schemas/manifest.ts";
import { pathIn } from "../../base/names.ts";

/** An artifact that is not in the store yet; of a folder, with its files. */
export interface Wanted {
  readonly artifact: Artifact;
  readonly listing?: Listing;
}

/** Bytes that have to come, once, and where copies of them go. */
export interface Piece {
  readonly sha256: string;
  readonly bytes: number;
  /** Absolute; at least one. */
  readonly paths: readonly string[];
}

export interface Arrivals {
  /** Sorted by their hash. */
  readonly pieces: readonly Piece[];
  /** Bytes of all pieces. */
  readonly bytes: number;
  /** Is told of a piece that lies verified at its first path; what is whole thereby goes into the store. */
  arrived(piece: Piece): void;
  /** After the last piece: takes in folders without files, and removes what is left over. */
  finish(): void;
  /** Removes all that has not gone into the store. */
  discard(): void;
}

/** The artifacts that the store does not have, each once. */
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

/** Plans what has to come in some way, such as "pull"; refuses what cannot be, or has no room on the disk. */
export function openArrivals(
  { folder, store }: Pick<Workspace, "folder" | "store">,
  wanted: readonly Wanted[],
  way: string,
): Arrivals {
  // Named as what a kill has left, so that garbage collection takes it.
  const staging = join(folder, "work", `${way}.tmp`);
  const pathOf = (artifact: Artifact) => join(staging, nameOf(artifact));
  const pieces = new Map<string, Piece & { readonly paths: string[] }>();
  /** By the path of a piece, whose it is. */
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
      const known = pieces.get(sha256) ?? { sha256, bytes, paths: [] };
      if (known.bytes !== bytes) {
        throw failure(
          `Cannot accept object ${sha256}: it is said to have ${known.bytes} and ${bytes} bytes; get its manifest anew.`,
        );
      }
      known.paths.push(path);
      pieces.set(sha256, known);
      owners.set(path, each);
    }
    left.set(each, files.length);
  }
  if (owners.size > LIMITS.files) {
    throw failure(
      `Cannot accept ${owners.size} files at once: expected at most ${LIMITS.files}.`,
    );
  }
  const sorted = [...pieces.values()]
    .sort((a, b) => a.sha256 < b.sha256 ? -1 : 1);
  const bytes = sorted.reduce((sum, piece) => sum + piece.bytes, 0);
  Deno.mkdirSync(staging, { recursive: true });
  const there = sorted.reduce(
    (sum, { paths }) => sum + (statIfThere(paths[0])?.size ?? 0),
    0,
  );
  checkRoom(folder, bytes - there);

  const admit = ({ artifact, listing }: Wanted) => {
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
    store.adopt(path, artifact, listing);
  };
  const isEmpty = ({ listing }: Wanted) => listing?.length === 0;
  return {
    pieces: sorted,
    bytes,
    arrived: ({ paths: [first, ...others] }) => {
      for (const path of others) copyWhole(first, path);
      for (const path of [...others, first]) {
        const owner = owners.get(path);
        if (owner === undefined) continue;
        const count = (left.get(owner) ?? 0) - 1;
        left.set(owner, count);
        if (count === 0) admit(owner);
      }
    },
    finish: () => {
      wanted.filter(isEmpty).forEach(admit);
      removeIfThere(staging);
    },
    discard: () => removeIfThere(staging),
  };
}

/** A copy on the disk of bytes that were verified. */
export function copyWhole(from: string, to: string): void {
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
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (bytes <= free) return;
  throw failure(
    `Cannot take in ${format(bytes)}: the disk of "${folder}" has ${
      format(free)
    } left; free some space and try again.`,
  );
}
