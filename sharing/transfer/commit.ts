/** Makes what came from elsewhere this folder's own, once all its objects are in the store. */
import { removeIfThere, writeAtomically } from "../../engine/files/atomic.ts";
import { canonical } from "../../engine/files/hash.ts";
import {
  manifestPath,
  readCached,
  writeCached,
  writeManifest,
} from "../../engine/store/manifest.ts";
import { signaturesPath } from "../../engine/provenance/signature.ts";
import type { Workspace } from "../../engine/store/workspace.ts";
import {
  type Manifest,
  MANIFEST_SCHEMA,
  type NodeRecord,
} from "../../schemas/manifest.ts";

/** A manifest with what signs it, as they came. */
export interface Signed {
  readonly text: string;
  readonly signatures?: string;
}

/** The manifest is written last but for its signatures: between the two it is one that nobody signed. */
export function settleManifest(
  workspace: Workspace,
  { nodes }: Manifest,
  { text, signatures }: Signed,
): void {
  const { folder, index } = workspace;
  for (const record of Object.values(nodes)) settleResult(workspace, record);
  const path = manifestPath(folder);
  removeIfThere(signaturesPath(path));
  writeManifest(folder, text);
  if (signatures !== undefined) {
    writeAtomically(signaturesPath(path), signatures);
  }
  index.save();
}

/** Caches a result under its key; what it took to make is known where it was made. */
export function settleResult(
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
