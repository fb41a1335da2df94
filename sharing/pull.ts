/** Pulls the manifest of an experiment and all that it names out of remotes. */
import { failure } from "../engine/files/failure.ts";
import { sha256 } from "../engine/files/hash.ts";
import {
  acceptManifest,
  LIMITS,
  type Policy,
} from "../engine/provenance/trust_policy.ts";
import type { Workspace } from "../engine/store/workspace.ts";
import type { Manifest } from "../schemas/manifest.ts";
import {
  bring,
  type Ears,
  type Moved,
  type Source,
} from "./transfer/download.ts";
import {
  idOf,
  nameIn,
  type Remote,
  sharedManifestPath,
  sharedSignaturesPath,
} from "./remotes/remote.ts";
import type { Patience } from "./remotes/request.ts";
import { settleManifest, type Signed } from "./transfer/commit.ts";
import { readText } from "./remotes/text.ts";

export interface Pulled extends Moved {
  /** The remote that the manifest is of. */
  readonly remote: string;
  readonly nodes: number;
  readonly signedBy: readonly string[];
}

/** Fails where a manifest whose objects have come is not to be believed. */
export type CheckArrived = (
  manifest: Manifest,
  workspace: Workspace,
) => Promise<void>;

export const unchecked: CheckArrived = () => Promise.resolve();

/** The manifest is that of the first remote that has one; objects come from any. Under the lock of the folder. */
export async function pull(
  workspace: Workspace,
  experiment: string,
  policy: Policy,
  source: Source,
  ears: Ears,
  check: CheckArrived = unchecked,
): Promise<Pulled> {
  const { remote, ...signed } = await readManifest(experiment, source);
  const { manifest, signedBy } = acceptManifest(
    signed.text,
    signed.signatures,
    nameIn(experiment),
    policy,
  );
  if (![nameIn(experiment), idOf(manifest.experiment)].includes(experiment)) {
    throw failure(
      `Cannot accept the manifest of "${experiment}": it is of another experiment, ${
        idOf(manifest.experiment)
      }; pull that, or push the one that is meant again.`,
    );
  }
  const records = Object.values(manifest.nodes);
  const artifacts = records.flatMap(({ outputs }) => Object.values(outputs));
  const moved = await bring(workspace, artifacts, source, ears);
  await check(manifest, workspace);
  settleManifest(workspace, manifest, signed);
  return { ...moved, remote, signedBy, nodes: records.length };
}

async function readManifest(
  experiment: string,
  { remotes, patience }: Source,
): Promise<Signed & { readonly remote: string }> {
  const path = sharedManifestPath(experiment);
  for (const remote of remotes) {
    const { manifestBytes } = LIMITS;
    const text = await readText(remote, path, manifestBytes, patience);
    if (text === undefined) continue;
    const signatures = await readSignatures(remote, sha256(text), patience);
    return { remote: remote.name, text, signatures };
  }
  throw failure(
    `Cannot find the experiment "${experiment}" in ${
      remotes.map(({ name }) => `"${name}"`).join(" or ")
    }: nobody has pushed it there.`,
  );
}

/** The signatures of the manifest that has this hash. */
export async function readSignatures(
  remote: Remote,
  manifest: string,
  patience: Patience,
): Promise<string | undefined> {
  const path = sharedSignaturesPath(manifest);
  return await readText(remote, path, LIMITS.signaturesBytes, patience);
}
