/** Imports a bundle; nothing is committed before its last byte is verified. */
import { createHash } from "node:crypto";
import { dirname } from "@std/path";
import {
  acceptListing,
  checkManifest,
  LIMITS,
  type Policy,
  signersOf,
} from "../../engine/provenance/trust_policy.ts";
import { writeAll } from "../../base/write_all.ts";
import type { Workspace } from "../../engine/store/workspace.ts";
import type { Artifact, Listing, Manifest } from "../../schemas/manifest.ts";
import { type Expected, removeSealed } from "../transfer/staged_file.ts";
import { missingOf, openStaging } from "../transfer/staging.ts";
import type { Listener, Transferred } from "../transfer/download.ts";
import {
  type Bundle,
  HELD,
  MANIFEST,
  openBundle,
  SIGNATURES,
} from "./bundle.ts";
import {
  type Held,
  HELD_BYTES,
  heldArtifacts,
  nodesNotHeld,
  parseHeld,
} from "../transfer/held.ts";
import { type CheckDownloaded, noCheck } from "../pull.ts";
import { objectPath } from "../remotes/remote.ts";
import { commitManifest } from "../transfer/commit.ts";
import { transferProgress } from "../transfer/progress.ts";

export interface Imported extends Transferred {
  readonly experiment: string;
  readonly nodes: number;
  /** Nodes of which the bundle has not all outputs. */
  readonly notHeld: readonly string[];
  /** Nodes whose metrics could not be recomputed, as artifacts are not here. */
  readonly notRecomputed: readonly string[];
  readonly signedBy: readonly string[];
}

/** Reads the members in the order that the manifest implies. The caller holds the lock of the artifact folder. */
export async function importBundle(
  workspace: Workspace,
  path: string,
  policy: Policy,
  { progress }: Pick<Listener, "progress">,
  check: CheckDownloaded = noCheck,
): Promise<Imported> {
  using bundle = openBundle(path);
  const text = await bundle.text(MANIFEST, LIMITS.manifestBytes);
  if (text === undefined) {
    throw bundle.refusal(`it does not begin with "${MANIFEST}"`);
  }
  const signatures = await bundle.text(SIGNATURES, LIMITS.signaturesBytes);
  const what = `the manifest of "${path}"`;
  const signedBy = policy.unsigned
    ? []
    : signersOf(text, signatures, policy, what);
  const manifest = checkManifest(text, what);
  const held = await readHeld(bundle, manifest);
  const artifacts = heldArtifacts(manifest, held);
  const listings = await readListings(bundle, artifacts);
  const files = filesIn(bundle, artifacts, listings);

  const missing = await missingOf(workspace, artifacts);
  const wanted = missing.map((artifact) => ({
    artifact,
    listing: artifact.folder && listings.get(artifact.sha256),
  }));
  const staging = openStaging(workspace, wanted, "import");
  try {
    const targets = new Map(
      staging.files.map(({ sha256, paths }) => [sha256, paths[0]]),
    );
    const bytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
    const transfer = transferProgress(
      { objects: files.length, bytes },
      progress,
    );
    for (const file of files) {
      const target = targets.get(file.sha256);
      await readObject(bundle, file, target, transfer.add);
      transfer.finish();
    }
    await bundle.end();
    staging.files.forEach(staging.commit);
    staging.finish();
  } finally {
    staging.discard();
  }
  const notRecomputed = await check(manifest, workspace);
  commitManifest(workspace, manifest, { text, signatures }, held);
  return {
    experiment: manifest.experiment.name,
    nodes: Object.keys(manifest.nodes).length,
    notHeld: nodesNotHeld(manifest, held),
    notRecomputed,
    signedBy,
    objects: staging.files.length,
    bytes: staging.bytes,
  };
}

/** What the bundle has of its manifest, if not all. */
async function readHeld(bundle: Bundle, manifest: Manifest): Promise<Held> {
  const text = await bundle.text(HELD, HELD_BYTES);
  if (text === undefined) return undefined;
  const held = parseHeld(text, manifest);
  if (held === undefined) {
    throw bundle.refusal(
      `its "${HELD}" is no list of some of its manifest's artifacts as export writes it`,
    );
  }
  return held;
}

/** The listings of folders by hash, which follow in its order. */
async function readListings(
  bundle: Bundle,
  artifacts: readonly Artifact[],
): Promise<Map<string, Listing>> {
  const folders = Map.groupBy(
    artifacts.filter(({ folder }) => folder),
    ({ sha256 }) => sha256,
  );
  const listings = new Map<string, Listing>();
  for (const sha256 of [...folders.keys()].sort()) {
    const path = objectPath(sha256);
    const text = await bundle.text(path, LIMITS.listingBytes);
    if (text === undefined) throw bundle.refusal(`"${path}" is missing`);
    for (const artifact of folders.get(sha256) ?? []) {
      listings.set(sha256, acceptListing(text, artifact));
    }
  }
  return listings;
}

/** The files of all objects, each once, sorted by hash. */
function filesIn(
  bundle: Bundle,
  artifacts: readonly Artifact[],
  listings: ReadonlyMap<string, Listing>,
): Expected[] {
  const files = new Map<string, number>();
  const named = [
    ...artifacts.filter(({ folder }) => !folder),
    ...[...listings.values()].flat(),
  ];
  for (const { sha256, bytes } of named) {
    if ((files.get(sha256) ?? bytes) !== bytes) {
      throw bundle.refusal(`it names object ${sha256} with two sizes`);
    }
    files.set(sha256, bytes);
  }
  return [...files].map(([sha256, bytes]) => ({ sha256, bytes }))
    .sort((a, b) => a.sha256 < b.sha256 ? -1 : 1);
}

/** Checks an object, and writes it to `target` if the store lacks it. */
async function readObject(
  bundle: Bundle,
  { sha256, bytes }: Expected,
  target: string | undefined,
  read: (bytes: number) => void,
): Promise<void> {
  const path = objectPath(sha256);
  using file = target === undefined ? undefined : create(target);
  const hash = createHash("sha256");
  for await (const chunk of bundle.file(path, bytes)) {
    hash.update(chunk);
    read(chunk.length);
    if (file !== undefined) writeAll(file, chunk);
  }
  if (hash.digest("hex") !== sha256) {
    throw bundle.refusal(
      `the bytes of "${path}" are not those that its name says`,
    );
  }
  await file?.sync();
}

function create(path: string): Deno.FsFile {
  Deno.mkdirSync(dirname(path), { recursive: true });
  removeSealed(path);
  return Deno.openSync(path, { write: true, create: true, truncate: true });
}
