/** The contents of an artifact folder that are shared: manifest, signatures and checked objects. */
import { readIfThere } from "../../engine/files/atomic.ts";
import { failure } from "../../engine/files/failure.ts";
import { sha256 } from "../../engine/files/hash.ts";
import { manifestPath } from "../../engine/store/manifest.ts";
import { signaturesPath } from "../../engine/provenance/signature.ts";
import {
  acceptListing,
  checkManifest,
} from "../../engine/provenance/trust_policy.ts";
import type { Workspace } from "../../engine/store/workspace.ts";
import { parse } from "../../base/input_error.ts";
import type { Manifest } from "../../schemas/manifest.ts";
import { pathIn } from "../../base/names.ts";
import { SharedName } from "../../schemas/sharing.ts";
import { readSignaturesOf } from "./signatures.ts";
import type { LocalFile } from "../remotes/remote.ts";
import { type Held, heldArtifacts, isHeld } from "./held.ts";

export interface Contents {
  readonly manifest: Manifest;
  readonly text: string;
  /** SHA-256 of the text. */
  readonly hash: string;
  /** The text of the signatures, if they are of this manifest. */
  readonly signatures?: string;
  /** What is shared of the manifest. */
  readonly held: Held;
  /** Distinct listings of folders, sorted by hash. */
  readonly listings: readonly LocalFile[];
  /** All other distinct files, sorted by hash. */
  readonly files: readonly LocalFile[];
}

/**
 * Collects and checks the contents of an artifact folder; `select` says which artifacts, by default all.
 *
 * @throws {Error} A failure if an object is missing or damaged, or a name could not be imported elsewhere.
 */
export async function contentsOf(
  workspace: Workspace,
  select: (manifest: Manifest) => Held = () => undefined,
): Promise<Contents> {
  const { folder, store } = workspace;
  const path = manifestPath(folder);
  const text = readIfThere(path);
  if (text === undefined) {
    throw failure(
      `Cannot share "${folder}": it has no manifest; run the pipeline first.`,
    );
  }
  const manifest = checkManifest(text, `"${path}"`);
  parse(SharedName, manifest.experiment.name, "the experiment's name");
  const selected = select(manifest);
  const all = heldArtifacts(manifest, undefined);
  const isAll = all.every((artifact) => isHeld(selected, artifact));
  const held = isAll ? undefined : selected;
  const [listings, files] = [
    new Map<string, LocalFile>(),
    new Map<string, LocalFile>(),
  ];
  for (const [node, { outputs }] of Object.entries(manifest.nodes)) {
    for (const [output, artifact] of Object.entries(outputs)) {
      if (!isHeld(held, artifact)) continue;
      const condition = await store.check(artifact);
      if (condition !== "whole") {
        throw failure(
          `Cannot share output ${output} of "${node}": its object is ${condition}; run the pipeline again, or name nodes that are here.`,
        );
      }
      const { sha256, bytes } = artifact;
      const path = store.path(artifact);
      if (!artifact.folder) files.set(sha256, { path, sha256, bytes });
      else if (!listings.has(sha256)) {
        const listingPath = store.listingPath(artifact);
        const text = Deno.readTextFileSync(listingPath);
        const size = Deno.statSync(listingPath).size;
        listings.set(sha256, { path: listingPath, sha256, bytes: size });
        for (const file of acceptListing(text, artifact)) {
          files.set(file.sha256, { ...file, path: pathIn(path, file.path) });
        }
      }
    }
  }
  const hash = sha256(text);
  const signatures = readIfThere(signaturesPath(path));
  return {
    manifest,
    text,
    hash,
    held,
    signatures: readSignaturesOf(hash, signatures) && signatures,
    listings: sorted(listings),
    files: sorted(files),
  };
}

function sorted(files: ReadonlyMap<string, LocalFile>): LocalFile[] {
  return [...files.values()].sort((a, b) => a.sha256 < b.sha256 ? -1 : 1);
}
