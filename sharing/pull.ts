/** Pulls an experiment: downloads its manifest and all artifacts from remotes. */
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
  downloadArtifacts,
  type Listener,
  type Transferred,
} from "./transfer/download.ts";
import {
  idOf,
  nameIn,
  type Remote,
  sharedManifestPath,
  sharedSignaturesPath,
} from "./remotes/remote.ts";
import { commitManifest, type Signed } from "./transfer/commit.ts";
import { readText } from "./remotes/text.ts";
import { heldArtifacts, heldInAny, nodesNotHeld } from "./transfer/held.ts";

export interface Pulled extends Transferred {
  /** The remote that had the manifest. */
  readonly remote: string;
  readonly nodes: number;
  /** Nodes of which no remote says that it has all outputs. */
  readonly notHeld: readonly string[];
  /** Nodes whose metrics could not be recomputed, as artifacts are not here. */
  readonly notRecomputed: readonly string[];
  readonly signedBy: readonly string[];
}

/** Checks a manifest whose objects are downloaded, and throws if it is wrong; returns the nodes that it could not check. */
export type CheckDownloaded = (
  manifest: Manifest,
  workspace: Workspace,
) => Promise<readonly string[]>;

export const noCheck: CheckDownloaded = () => Promise.resolve([]);

/**
 * Takes the manifest of the first remote that has one, and objects from any. The caller holds the lock of the artifact folder.
 *
 * @throws {Error} A failure if the trust policy refuses the manifest, or it is of another experiment.
 */
export async function pull(
  workspace: Workspace,
  experiment: string,
  policy: Policy,
  remotes: readonly Remote[],
  listener: Listener,
  check: CheckDownloaded = noCheck,
): Promise<Pulled> {
  const { remote, ...signed } = await readManifest(experiment, remotes);
  const inTurn = [remote, ...remotes.filter((other) => other !== remote)];
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
  const held = await heldInAny(
    workspace,
    manifest,
    sha256(signed.text),
    inTurn,
    listener.notice,
  );
  const artifacts = heldArtifacts(manifest, held);
  const moved = await downloadArtifacts(
    workspace,
    artifacts,
    remotes,
    listener,
  );
  const notRecomputed = await check(manifest, workspace);
  commitManifest(workspace, manifest, signed, held);
  const nodes = Object.keys(manifest.nodes).length;
  const notHeld = nodesNotHeld(manifest, held);
  return {
    ...moved,
    ...{ remote: remote.name, signedBy, nodes, notHeld, notRecomputed },
  };
}

async function readManifest(
  experiment: string,
  remotes: readonly Remote[],
): Promise<Signed & { readonly remote: Remote }> {
  const path = sharedManifestPath(experiment);
  for (const remote of remotes) {
    const { manifestBytes } = LIMITS;
    const text = await readText(remote, path, manifestBytes);
    if (text === undefined) continue;
    const signatures = await readSignatures(remote, sha256(text));
    return { remote, text, signatures };
  }
  throw failure(
    `Cannot find the experiment "${experiment}" in ${
      remotes.map(({ name }) => `"${name}"`).join(" or ")
    }: nobody has pushed it there.`,
  );
}

/** The signatures of the manifest with this hash. */
export async function readSignatures(
  remote: Remote,
  manifest: string,
): Promise<string | undefined> {
  const path = sharedSignaturesPath(manifest);
  return await readText(remote, path, LIMITS.signaturesBytes);
}
