/** Downloads the artifacts that a store lacks, many at once, from the first remote that has each. */
import { failure, isFailure } from "../../engine/files/failure.ts";
import type { Progress } from "../../engine/graph/stage.ts";
import { acceptListing, LIMITS } from "../../engine/provenance/trust_policy.ts";
import type { Workspace } from "../../engine/store/workspace.ts";
import type { Artifact, Listing } from "../../schemas/manifest.ts";
import { receive } from "./staged_file.ts";
import {
  copySynced,
  missingOf,
  openStaging,
  type StagedFile,
} from "./staging.ts";
import { inParallel } from "../remotes/parallel.ts";
import { objectPath, type Remote } from "../remotes/remote.ts";
import { readText } from "../remotes/text.ts";
import { transferProgress } from "./progress.ts";

export interface Listener {
  progress(progress: Progress): void;
  notice(line: string): void;
}

/** What was transferred. */
export interface Transferred {
  readonly objects: number;
  readonly bytes: number;
}

const CONCURRENT_FILES = 16;
/** Fewer, as listings are held in memory. */
const CONCURRENT_LISTINGS = 4;

/**
 * Downloads missing artifacts from remotes, in order of preference, and commits them to the store. `staging` names the
 * folder where they wait, which no other process may use at the same time.
 *
 * @throws {Error} A failure if no remote has an object intact; what was downloaded until then stays for the next attempt.
 */
export async function downloadArtifacts(
  workspace: Workspace,
  artifacts: readonly Artifact[],
  remotes: readonly Remote[],
  listener: Listener,
  staging = "pull",
): Promise<Transferred> {
  const missing = await missingOf(workspace, artifacts);
  if (missing.length === 0) return { objects: 0, bytes: 0 };
  const folders = missing.filter(({ folder }) => folder);
  const listings = new Map<Artifact, Listing>();
  await inParallel(folders, CONCURRENT_LISTINGS, async (artifact) => {
    listings.set(artifact, await downloadListing(artifact, remotes, listener));
  });
  const wanted = missing.map((artifact) => ({
    artifact,
    listing: listings.get(artifact),
  }));
  const staged = openStaging(workspace, wanted, staging);
  const { files, bytes } = staged;
  const progress = transferProgress(
    { objects: files.length, bytes },
    listener.progress,
  );
  await inParallel(files, CONCURRENT_FILES, async (file) => {
    await downloadFile(workspace, file, remotes, listener, progress.add);
    staged.commit(file);
    progress.finish();
  });
  staged.finish();
  return { objects: files.length, bytes };
}

async function downloadListing(
  artifact: Artifact,
  remotes: readonly Remote[],
  listener: Listener,
): Promise<Listing> {
  const { sha256 } = artifact;
  return await fromAny(sha256, remotes, listener, async (remote) => {
    const path = objectPath(sha256);
    const { listingBytes } = LIMITS;
    const text = await readText(remote, path, listingBytes);
    return text === undefined ? undefined : acceptListing(text, artifact);
  });
}

async function downloadFile(
  { store }: Workspace,
  file: StagedFile,
  remotes: readonly Remote[],
  listener: Listener,
  received: (bytes: number) => void,
): Promise<void> {
  const { sha256, paths: [path] } = file;
  // A file of a folder may be in the store as an artifact of its own.
  const own = { ...file, mediaType: "" };
  if (await store.check(own) === "whole") {
    copySynced(store.path(own), path);
    return received(file.bytes);
  }
  await fromAny(sha256, remotes, listener, async (remote) => {
    const from = objectPath(sha256);
    const outcome = await receive(remote, from, path, file, received);
    if (outcome === "absent") return undefined;
    if (outcome === "complete") return outcome;
    throw failure(
      `Cannot use object ${sha256} of "${remote.name}": its bytes are not those that its name says; push it again with ` +
        "--paranoid from where it was made.",
    );
  });
}

/**
 * What `take` returns for the first remote that has an object intact. Failures of the remotes before it become notices.
 *
 * @throws {Error} The first failure if no remote has it.
 */
async function fromAny<T>(
  sha256: string,
  remotes: readonly Remote[],
  { notice }: Listener,
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
