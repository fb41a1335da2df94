/** Brings artifacts into a store: what is missing there, many at once, from whichever remote has it. */
import { failure, isFailure } from "../../engine/files/failure.ts";
import type { Progress } from "../../engine/graph/stage.ts";
import { acceptListing, LIMITS } from "../../engine/provenance/trust_policy.ts";
import type { Workspace } from "../../engine/store/workspace.ts";
import type { Artifact, Listing } from "../../schemas/manifest.ts";
import { receive } from "./staged_file.ts";
import { copyWhole, missingOf, openArrivals, type Piece } from "./staging.ts";
import { inParallel } from "../remotes/parallel.ts";
import { objectPath, type Remote } from "../remotes/remote.ts";
import { type Patience, unreachable } from "../remotes/request.ts";
import { readText } from "../remotes/text.ts";
import { tally } from "./progress.ts";

export interface Source {
  /** In the order in which they are asked. */
  readonly remotes: readonly Remote[];
  readonly patience: Patience;
}

export interface Ears {
  progress(progress: Progress): void;
  notice(line: string): void;
}

/** What has moved. */
export interface Moved {
  readonly objects: number;
  readonly bytes: number;
}

/** Listings are held in memory. */
const LANES = 16, LISTING_LANES = 4;

/** Fails where an object is nowhere or nowhere whole; what has come until then stays for the next attempt. */
export async function bring(
  workspace: Workspace,
  artifacts: readonly Artifact[],
  source: Source,
  ears: Ears,
): Promise<Moved> {
  const missing = await missingOf(workspace, artifacts);
  if (missing.length === 0) return { objects: 0, bytes: 0 };
  const folders = missing.filter(({ folder }) => folder);
  const listings = new Map<Artifact, Listing>();
  await inParallel(folders, LISTING_LANES, async (artifact) => {
    listings.set(artifact, await bringListing(artifact, source, ears));
  });
  const wanted = missing.map((artifact) => ({
    artifact,
    listing: listings.get(artifact),
  }));
  const arrivals = openArrivals(workspace, wanted, "pull");
  const { pieces, bytes } = arrivals;
  const told = tally({ objects: pieces.length, bytes }, ears.progress);
  await inParallel(pieces, LANES, async (piece) => {
    await bringPiece(workspace, piece, source, ears, told.add);
    arrivals.arrived(piece);
    told.finish();
  });
  arrivals.finish();
  return { objects: pieces.length, bytes };
}

async function bringListing(
  artifact: Artifact,
  source: Source,
  ears: Ears,
): Promise<Listing> {
  const { sha256 } = artifact;
  return await fromAny(sha256, source, ears, async (remote) => {
    const path = objectPath(sha256);
    const { listingBytes } = LIMITS;
    const text = await readText(remote, path, listingBytes, source.patience);
    return text === undefined ? undefined : acceptListing(text, artifact);
  });
}

async function bringPiece(
  { store }: Workspace,
  piece: Piece,
  source: Source,
  ears: Ears,
  received: (bytes: number) => void,
): Promise<void> {
  const { sha256, paths: [path] } = piece;
  // A file of a folder may be here already as a file of its own.
  const own = { ...piece, mediaType: "" };
  if (await store.check(own) === "whole") {
    copyWhole(store.path(own), path);
    return received(piece.bytes);
  }
  await fromAny(sha256, source, ears, async (remote) => {
    const arrival = await receive(
      (from) => remote.read(objectPath(sha256), from),
      path,
      piece,
      source.patience,
      (reason) => unreachable(remote.name, reason),
      received,
    );
    if (arrival === "absent") return undefined;
    if (arrival === "whole") return arrival;
    throw failure(
      `Cannot use object ${sha256} of "${remote.name}": its bytes are not those that its name says; push it again with ` +
        "--paranoid from where it was made.",
    );
  });
}

/** What the first remote gives that has it whole. That another had not is told, and an error only where none has. */
async function fromAny<T>(
  sha256: string,
  { remotes }: Source,
  { notice }: Ears,
  take: (remote: Remote) => Promise<T | undefined>,
): Promise<T> {
  const failures: Error[] = [];
  for (const remote of remotes) {
    try {
      const taken = await take(remote);
      if (taken === undefined) continue;
      for (const { message } of failures) notice(message);
      return taken;
    } catch (error) {
      if (!isFailure(error)) throw error;
      failures.push(error);
    }
  }
  throw failures[0] ?? failure(
    `Cannot find object ${sha256} in ${
      remotes.map(({ name }) => `"${name}"`).join(" or ")
    }, though a manifest there names it; push it again from where it was made.`,
  );
}
