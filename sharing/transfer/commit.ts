/** Commits a downloaded manifest or result to the artifact folder once its objects are in the store. */
import { removeIfThere, writeAtomically } from "../../engine/files/atomic.ts";
import { canonical } from "../../engine/files/hash.ts";
import {
  manifestPath,
  readCached,
  writeCached,
  writeManifest,
} from "../../engine/store/manifest.ts";
import { recordNotHeld } from "../../engine/store/not_held.ts";
import { signaturesPath } from "../../engine/provenance/signature.ts";
import type { Workspace } from "../../engine/store/workspace.ts";
import {
  type Manifest,
  MANIFEST_SCHEMA,
  type NodeRecord,
} from "../../schemas/manifest.ts";
import { type Held, heldArtifacts, isHeld, isNodeHeld } from "./held.ts";

/** The texts of a manifest and of its signatures. */
export interface Signed {
  readonly text: string;
  readonly signatures?: string;
}

/**
 * Writes the manifest after the results that are held of it and the record of what is not, and its signatures last: a crash
 * in between leaves an unsigned manifest.
 */
export function commitManifest(
  workspace: Workspace,
  manifest: Manifest,
  { text, signatures }: Signed,
  held: Held,
): void {
  const { folder, index } = workspace;
  for (const record of Object.values(manifest.nodes)) {
    if (isNodeHeld(held, record)) commitResult(workspace, record);
  }
  const all = heldArtifacts(manifest, undefined);
  recordNotHeld(workspace, all.filter((artifact) => !isHeld(held, artifact)));
  const path = manifestPath(folder);
  removeIfThere(signaturesPath(path));
  writeManifest(folder, text);
  if (signatures !== undefined) {
    writeAtomically(signaturesPath(path), signatures);
  }
  index.save();
}

/** Caches a result under its key, without measurements: those are known only where it was made. */
export function commitResult(
  { folder }: Workspace,
  { key, outputs, metrics }: NodeRecord,
): void {
  const known = readCached(folder, key);
  const isKnown = known?.schema === MANIFEST_SCHEMA &&
    canonical([known.outputs, known.metrics]) === canonical([outputs, metrics]);
  if (isKnown) return;
  const time = new Date().toISOString();
  writeCached(folder, { key, outputs, metrics, measurements: {}, time });
}
